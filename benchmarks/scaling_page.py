"""docs/scaling.md out of results/scaling.json: measured figures, and arithmetic from them.

    python benchmarks/scaling_page.py

Only what stands between a section's marks is written; everything measured comes from the result
file, everything assumed is a constant here and is said on the page.
"""

# ruff: noqa: ISC004
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import marked

from molsearch.io.atomic import write_text
from molsearch.words import counted

ROOT = Path(__file__).resolve().parents[1]
RESULT, PAGE = ROOT / "results" / "scaling.json", ROOT / "docs" / "scaling.md"

N = 1_000_000_000
CORES = 32  # of a rented machine
EUROS = 1.5  # an hour of it
CARD_EUROS = 2.5  # an hour of a machine with one 80 GB card
MACHINES = 8
MEMORY_RATE = 200e9  # bytes a second that all cores together read
DISK_RATE = 6e9  # of NVMe
CARD_RATE = 2e12  # of a card's own memory
LINK_RATE = 25e9  # to a card
CARD_BYTES = 80e9
SMALL = 64  # bytes a molecule: the first 64 dimensions in a byte each
SIZES = (10**5, 10**6, 10**7, 10**8, 10**9)


def sections(found: dict[str, Any]) -> dict[str, str]:
    """Write every section of the page."""
    return {
        "REAL": _real(found["real"]),
        "ROWS": _rows(found["rows"]),
        "BILLION": _billion(found),
        "CHOICE": _choice(found),
    }


def rewrite(page: Path, found: dict[str, Any]) -> None:
    """Put the sections into the page."""
    text, made = page.read_text(encoding="utf-8"), sections(found)
    for name in made:
        if marked.between(text, name) is None:
            raise ValueError(f"{page} has no section {name}")
    write_text(page, marked.rewrite(text, made))


class Rates:
    """What one molecule costs, as measured."""

    def __init__(self, found: dict[str, Any]) -> None:
        real, rows = found["real"], found["rows"]
        n = real["molecules"]
        #: Core seconds.
        self.prepare = real["prepare"]["processor_seconds"] / n
        self.index = real["index"]["processor_seconds"] / n
        listed = rows["listed"]["processor_seconds"] / rows["written"]["rows"]
        self.lists = listed
        #: Bytes.
        parts = real["bytes a molecule"]
        self.disk = parts["all"]
        self.compact = parts["all"] - parts["embeddings"]
        self.scanned = parts["one-byte copy"] + parts["fingerprints"]
        self.vectors = parts["one-byte copy"]
        self.listed = rows["listed"]["bytes"] / rows["written"]["rows"]
        #: Core seconds a query and row.
        searched = rows["searched"]
        every = searched["rows"]
        self.exact = {k: v["processor, ms"] / 1e3 / every for k, v in searched["exact"].items()}
        self.near = {
            k: v["processor, ms"] / 1e3 for k, v in searched["approximate"].items() if "recall" in v
        }
        self.near_rows = every


def _real(real: dict[str, Any]) -> str:
    n = real["molecules"]
    short = (
        ""
        if n >= real["wanted"]
        else f" ({real['wanted']:,} were wanted; the machine had no time for more)"
    )
    lines = [
        f"{n:,} real molecules{short}: {', then '.join(real['sources'])}; {real['indexed']:,} "
        f"indexed, {real['failed']:,} failed, {counted(real['parts'], 'part')}, "
        f"{counted(real['workers'], 'worker')}, without conformers.",
        "",
        "| | molecules a core second | core seconds | largest resident | anonymous |",
        "|---|---|---|---|---|",
    ]
    for name in ("prepare", "index", "merge", "ann"):
        if one := real[name]:
            rate = n / max(one["processor_seconds"], 0.1)
            lines.append(
                f"| `{name}` | {_figures(rate)} | {_figures(one['processor_seconds'])} | "
                f"{_mb(one['resident'])} | {_mb(one['anonymous'])} |"
            )
    parts = {k: v for k, v in real["bytes a molecule"].items() if k != "all" and v >= 0.5}
    told = ", ".join(f"{name} {value:.0f}" for name, value in parts.items())
    lines += [
        "",
        f"Bytes a molecule: {real['bytes a molecule']['all']:.0f} ({told}); "
        f"lists for approximate search {real['ann bytes a molecule']:.0f} more.",
        "",
        "| `screen -k 1000`, default ranking | search, seconds | largest resident | anonymous "
        "| how |",
        "|---|---|---|---|---|",
    ]
    for name, one in real["screens"].items():
        how = one["approximation"]
        said = "exact" if how is None or how["exact"] else f"recall {how['recall']:.4f} measured"
        lines.append(
            f"| {name} | {one['search seconds']:.2f} | {_mb(one['resident'])} | "
            f"{_mb(one['anonymous'])} | {said} |"
        )
    return "\n".join(lines)


def _rows(rows: dict[str, Any]) -> str:
    written, listed, searched = rows["written"], rows["listed"], rows["searched"]
    n = written["rows"]
    short = (
        ""
        if n >= rows["wanted"]
        else f" ({rows['wanted']:,} were wanted; the machine had no time for more)"
    )
    lines = [
        f"{n:,} rows{short} near {written['real molecules behind them']:,} real molecules: "
        "perturbed real embeddings, real fingerprints, no molecules. "
        f"Written at {_figures(n / written['processor_seconds'])} rows a core second, at most "
        f"{_mb(written['resident']['peak'])} resident. {listed['lists']:,} lists: "
        f"{_figures(n / listed['processor_seconds'])} rows a core second, recall measured "
        f"included, {listed['bytes'] / n:.0f} bytes a row, at most "
        f"{_mb(listed['resident'])} resident.",
        "",
        f"One thread, k = {searched['k']:,}, mapped from the disk. A search takes "
        f"{_mb(searched['resident after all']['peak'])} resident at most, pages of the files "
        f"included, {_mb(searched['resident after all']['anonymous'])} of it anonymous.",
        "",
        "| | recall, measured | lowest of nine in ten | lists looked into | ms | processor, ms | "
        "first call, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, one in searched["exact"].items():
        lines.append(f"| {name}, exact | 1 | 1 | all | {_times(one)} |")
    for name, one in searched["approximate"].items():
        rank, _, asked = name.rpartition(", ")
        if "why not" in one:
            lines.append(f"| {rank}, {asked} asked | exact instead: {one['why not']} | | | | | |")
            continue
        lines.append(
            f"| {rank}, {asked} asked | {one['recall']:.4f} | {one['lowest']:.4f} | "
            f"{one['probes']:,} | {_times(one)} |"
        )
    lines += ["", f"Recall is measured with {listed['queries']}."]
    if mapped := rows.get("mapped"):
        lines += ["", *_mapped(mapped)]
    return "\n".join(lines)


def _mapped(mapped: dict[str, Any]) -> list[str]:
    """Tell of the large index whose shards repeat."""
    times = "; ".join(
        f"{name} {one['ms']:,.0f} ms (processor {one['processor, ms']:,.0f})"
        for name, one in mapped["exact"].items()
    )
    return [
        f"{mapped['rows']:,} rows mapped, the same shards {mapped['copies']} times over by hard "
        f"links, which says nothing of recall: exact searches by one thread take {times}, and "
        f"{_mb(mapped['resident after exact']['peak'])} resident at most, pages of the files "
        f"included, {_mb(mapped['resident after exact']['anonymous'])} of it anonymous.",
    ]


def _billion(found: dict[str, Any]) -> str:
    rates = Rates(found)
    hours = (rates.prepare + rates.index) * N / 3600
    lists = rates.lists * N / 3600
    one = rates.exact["balanced, 1 query"] * N
    alone = rates.exact["molsearch, 1 query"] * N
    scanned, vectors = rates.scanned * N, rates.vectors * N
    card = CARD_BYTES * 0.8 / rates.scanned
    lines = [
        f"Assumed, not measured: a machine of {CORES} cores costs {EUROS:.2f} € an hour, one with "
        f"an 80 GB card {CARD_EUROS:.2f} €; {CORES} cores share the work evenly and read "
        f"{MEMORY_RATE / 1e9:.0f} GB/s from memory, NVMe gives {DISK_RATE / 1e9:.0f} GB/s, a card "
        f"reads its memory at {CARD_RATE / 1e12:.0f} TB/s, is fed at {LINK_RATE / 1e9:.0f} GB/s.",
        "",
        "| 10⁹ molecules | |",
        "|---|---|",
        f"| prepare and index | {_figures(hours)} core-hours: "
        f"{_figures(hours / CORES)} h of one machine, {_figures(hours / CORES / MACHINES)} h of "
        f"{MACHINES}; {_figures(hours / CORES * EUROS)} € |",
        f"| lists for approximate search | {_figures(lists)} core-hours, "
        f"{_figures(lists / CORES * EUROS)} € |",
        f"| disk | {_tb(rates.disk * N)}, with `--storage compact` {_tb(rates.compact * N)}; lists "
        f"{_tb(rates.listed * N)} more |",
        f"| memory to keep what a search reads | {_tb(scanned)} (vectors {_tb(vectors)}); lists "
        f"{_tb(rates.listed * N)} |",
        f"| a query, exact, from memory | default ranking {_seconds(_ram(one, scanned))}, "
        f"embedding alone {_seconds(_ram(alone, vectors))} |",
        f"| the same from NVMe | {_seconds(max(_ram(one, scanned), scanned / DISK_RATE))}, "
        f"{_seconds(max(_ram(alone, vectors), vectors / DISK_RATE))} |",
        f"| the same on {MACHINES} machines, from memory | "
        f"{_seconds(_ram(one, scanned) / MACHINES)}, {_seconds(_ram(alone, vectors) / MACHINES)} |",
        f"| one 80 GB card, {SMALL} B a molecule | {SMALL * N / 1e9:.0f} GB, "
        f"{_seconds(SMALL * N / CARD_RATE)} a query by its memory's rate; the whole rows of "
        f"{_figures(card / 1e6)} million molecules stay on a card, others are fed at "
        f"{_seconds(scanned / LINK_RATE)} a pass |",
    ]
    for name, seconds in rates.near.items():
        if name.startswith("balanced, 1 query"):
            far = seconds * N / rates.near_rows
            lines.append(
                f"| a query, approximate, recall {name.rpartition(', ')[2]} asked | "
                f"{_seconds(far)} of one core if cost grows with the rows, "
                f"{_seconds(seconds * (N / rates.near_rows) ** 0.5)} if with their root, as the "
                "lists do |"
            )
    price = _ram(one, scanned) / 3600 * EUROS
    lines.append(f"| a thousand exact queries | {_figures(1000 * price)} € |")
    return "\n".join(lines)


def _choice(found: dict[str, Any]) -> str:
    rates = Rates(found)
    advice = {
        10**5: "`screen -l FILE`: nothing to choose",
        10**6: "`index`, exact searches",
        10**7: "the same; `index ann` and `--recall 0.95` where many ask or answers come at once",
        10**8: "`index --shard i/n` as an array job, `index merge`; `--storage compact` where the "
        "disk is small; `index ann`",
        10**9: "the same on several machines; a space of reagents with `space`, not enumerated",
    }
    lines = [
        "| molecules | what to do | core-hours | disk | read by a search | exact, one core | "
        f"exact, {CORES} cores |",
        "|---|---|---|---|---|---|---|",
    ]
    for n in SIZES:
        hours = (rates.prepare + rates.index) * n / 3600
        one, scanned = rates.exact["balanced, 1 query"] * n, rates.scanned * n
        lines.append(
            f"| {n:,} | {advice[n]} | {_figures(hours)} | {_tb(rates.disk * n)} | "
            f"{_tb(scanned)} | {_seconds(one)} | {_seconds(_ram(one, scanned))} |"
        )
    return "\n".join(lines)


def _ram(core_seconds: float, n_bytes: float) -> float:
    """Seconds of a pass over memory by all cores: what computing or reading takes, the longer."""
    return max(core_seconds / CORES, n_bytes / MEMORY_RATE)


def _times(one: dict[str, float]) -> str:
    return f"{one['ms']:.0f} | {one['processor, ms']:.0f} | {one['first, ms']:.0f}"


def _figures(value: float) -> str:
    """Two figures that mean something."""
    if value >= 100:
        return f"{float(f'{value:.2g}'):,.0f}"
    return f"{float(f'{value:.2g}'):g}"


def _mb(n_bytes: float) -> str:
    return f"{n_bytes / 1e6:,.0f} MB"


def _tb(n_bytes: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if n_bytes >= unit:
            return f"{_figures(n_bytes / unit)} {name}"
    return f"{_figures(n_bytes / 1e3)} kB"


def _seconds(value: float) -> str:
    return f"{_figures(value)} s" if value >= 1 else f"{_figures(1e3 * value)} ms"


if __name__ == "__main__":
    rewrite(PAGE, json.loads(RESULT.read_text()))
