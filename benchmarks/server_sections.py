"""Sections of docs/server.md, each from what a result file holds."""

# ruff: noqa: ISC004
from __future__ import annotations

from typing import Any

from speed_sections import where


def load(found: dict[str, Any]) -> str:
    ways = [found["every screen computed"], found["answers kept"]]
    alone = [way["one client"] for way in ways]
    load, aims = [way["load"] for way in ways], found["aims"]
    clients, n = found["clients"], found["screens of each"]

    def row(name: str, cells: list[str], aim: str = "") -> str:
        return f"| {name} | {' | '.join(cells)} | {aim} |"

    def asked(when: str) -> list[str]:
        return [_ms(one[f"{when} time a query is asked"]["p50 ms"]) for one in alone]

    counts = [f"{one['answered']:,}, {one['429']}, {one['503']}" for one in load]
    growth = [f"{way['memory of the server']['growth']:.1%}" for way in ways]
    warm, many = (f"{aims[name]} ms" for name in ("warm query p50, ms", "p99 under load, ms"))
    return "\n".join(
        [
            f"{found['rows']:,} molecules, {found['hits']} hits a screen, {clients} clients with "
            f"{n} screens each ({where(found)}):",
            "",
            "| | every screen computed | answers kept | aim |",
            "|---|---|---|---|",
            row("one client, first time a query is asked, p50", asked("first")),
            row("one client, second time, p50", asked("again"), warm),
            row(
                "all clients, screens a second", [f"{one['screens a second']:.0f}" for one in load]
            ),
            row("all clients, p50", [_ms(one["p50 ms"]) for one in load]),
            row("all clients, p99", [_ms(one["p99 ms"]) for one in load], many),
            row("answered, 429, 503", counts),
            row("the server's memory grew by", growth),
        ]
    )


def _ms(value: float) -> str:
    return f"{value:.1f} ms" if value < 10 else f"{value:,.0f} ms"


def together(found: dict[str, Any]) -> str:
    return (
        f"On {found['rows']:,} molecules {found['screens']} screens so cost "
        f"{found['together to one after the other']:.2f} of the processor time of as many one "
        "after the other, in one process (`results/screens-together.json`, by "
        "`python benchmarks/screens_together.py`)."
    )
