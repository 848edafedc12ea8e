"""Sections of docs/speed.md and docs/growing.md, each from what a result file holds."""

# ruff: noqa: ISC004
from __future__ import annotations

from typing import Any

_VERBS = ("prepare", "index", "screen")
_ROWS = (
    ("one query", "faiss int8", "faiss 8-bit signed, which is approximate"),
    ("one query", "faiss flat", "faiss flat"),
    ("one query", "reading its bytes", "reading the bytes"),
    ("64 queries", "faiss flat", "faiss flat"),
    ("64 queries", "faiss int8", "faiss 8-bit signed"),
    *(
        (f"default ranking, {n}", "faiss int8 and FPSim2", peer)
        for n, peer in (
            ("one query", "faiss 8-bit and FPSim2, one after the other"),
            ("five queries", "the same, FPSim2 once a query"),
        )
    ),
)


def where(found: dict[str, Any]) -> str:
    machine = found["machine"]
    load = machine["load when begun"]
    busy = "" if load is None else f", load {load:.1f} when begun"
    return f"{machine['cores']} cores of {machine.get('cpu') or machine['processor']}{busy}"


def stages(found: dict[str, Any]) -> str:
    of = found["encoders"]
    lines = [
        f"{found['records']:,} records ({where(found)}), molecules a second of one core, against "
        f"RDKit's reading and ECFP4 of them ({found['rdkit parse + ecfp4, per second']:,}):",
        "",
        "| | stage | molecules/s | part of the work | rate to RDKit's |",
        "|---|---|---|---|---|",
    ]
    for way, timed in found["ways"].items():
        name = f"{way} (`{of[way]}`)" if way in of else way
        for one in timed:
            part = f"{one['part']:.1%}" if way in of else ""
            rate = f"{one['per second']:,.0f} | {part} | {one['to rdkit']:.2g}"
            lines.append(f"| {name} | {one['stage']} | {rate} |")
            name = ""
    return "\n".join(lines)


def csv(found: dict[str, Any]) -> str:
    work = [1 / found[f"processor time, rdkit to {n}"] for n in ("one worker", "two workers")]
    return "\n".join(
        [
            f"{found['molecules']:,} molecules ({where(found)}), against RDKit's reading and "
            "ECFP4 of them in one thread:",
            "",
            "| | rate to RDKit's | molecules/s | processor time a molecule to RDKit's |",
            "|---|---|---|---|",
            f"| RDKit | 1 | {found['rdkit parse + ecfp4, per second']:,} | 1 |",
            f"| one worker | {found['one worker to rdkit']:.2f} "
            f"| {found['csv to index, one worker, per second']:,} | {work[0]:.1f} |",
            f"| two workers | {found['two workers to rdkit']:.2f} "
            f"| {found['csv to index, two workers, per second']:,} | {work[1]:.1f} |",
            "",
            f"Two workers are {found['two workers to one']:.2f} times as fast as one.",
        ]
    )


def search(found: dict[str, Any]) -> str:
    lines = [
        f"{found['rows']:,} made-up rows of 256 dimensions, k = {found['k']:,}, one thread "
        f"({where(found)}):",
        "",
        "| | time of ours to that of | ratio | in processor time |",
        "|---|---|---|---|",
    ]
    last = ""
    for name, peer, words in _ROWS:
        one = found[name]
        if f"to {peer}" in one:
            ratios = f"{one[f'to {peer}']:.2f} | {one[f'to {peer}, processor time']:.2f}"
            lines.append(f"|{'' if name == last else f' {name}'} | {words} | {ratios} |")
            last = name
    two = found["two threads"]
    gain = two["one query, one thread to two"]
    read = two.get("reading its bytes, one thread to two")
    bare = "" if read is None else f" (they read the bytes alone {read:.2f} times as fast)"
    last = f"Two threads answer one query {gain:.2f} times as fast as one{bare}."
    return "\n".join([*lines, "", last])


def lists(found: dict[str, Any]) -> str:
    lines = [
        f"{found['rows']:,} rows near {found['real molecules behind them']:,} real molecules, "
        f"k = {found['k']:,}, one thread ({where(found)}):",
        "",
        "| ranking | time to that of exact search | recall when built | recall of these queries "
        "| lists looked into |",
        "|---|---|---|---|---|",
    ]
    for name, one in found.items():
        if isinstance(one, dict) and "to exact" in one:
            lines.append(
                f"| {name} | {one['to exact']:.2f} | {one['recall when built']:.3f} "
                f"| {one['recall of these']:.3f} | {one['lists looked into']:,} of "
                f"{one['lists']:,} |"
            )
        elif isinstance(one, dict) and "searched exactly" in one:
            lines.append(f"| {name} | 1, searched exactly: {one['searched exactly']} | | | |")
    return "\n".join(lines)


def prefix(found: dict[str, Any]) -> str:
    lines = [
        f"{found['rows']:,} screening compounds, {found['queries']} queries one by one:",
        "",
        "| copy | k | rows left by the bounds | processor time to that of the full copy |",
        "|---|---|---|---|",
    ]
    for width in (128, 64):
        for name, one in found[f"{width} axes"].items():
            lines.append(
                f"| prefix-{width} | {int(name.split()[1]):,} | {one['rows left']:.1%} "
                f"| {one['to all dimensions, processor time']:.1f} |"
            )
    first = [
        found[f"{width} axes"]["k 1000"]["rows left by first dimensions"] for width in (128, 64)
    ]
    return "\n".join(
        [
            *lines,
            "",
            "The first dimensions of the embedding itself, which encoders are trained to be of use "
            f"alone, leave {first[0]:.0%} ({first[1]:.0%}) at k = 1,000.",
        ]
    )


def memory(found: dict[str, Any]) -> str:
    most: dict[int, dict[str, int]] = {}
    for point in found["points"]:
        most.setdefault(point["molecules"], {})[point["verb"]] = point["anonymous"]
    lines = ["| molecules | `prepare` | `index` | `screen` |", "|---|---|---|---|"]
    for n, of in most.items():
        cells = [f"{of[verb] / 1e6:.0f} MB" if verb in of else "" for verb in _VERBS]
        lines.append(f"| {n:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def bytes_by_part(found: dict[str, Any]) -> str:
    solid, flat = (found[way] for way in ("with a conformer", "without conformers"))
    lines = [
        f"Bytes a molecule, {found['molecules']} molecules of the example library:",
        "",
        "| | with a conformer | without |",
        "|---|---|---|",
        *(
            f"| {name} | {solid[name]:.0f} | {flat[name]:.0f} |"
            for name in solid
            if solid[name] or flat[name]
        ),
    ]
    return "\n".join(lines)


def own_columns(found: dict[str, Any]) -> str:
    """Own columns as one text a molecule, and as columns."""
    size, time = found["bytes"], found["microseconds"]
    lines = [
        f"{found['rows']:,} rows of five columns (number, price, vendor, truth, day):",
        "",
        "| | bytes a row | microseconds a row to have the prices as numbers |",
        "|---|---|---|",
        f"| one text, taken apart by Python | {size['one text']:.1f} "
        f"| {time['one text, by Python']:.2f} |",
        f"| one text, taken apart by Arrow (as it is) | {size['one text']:.1f} "
        f"| {time['one text, by Arrow']:.2f} |",
        f"| typed columns | {size['typed columns']:.1f} | {time['typed columns']:.2f} |",
    ]
    return "\n".join(lines)
