"""What the demo says: tables of hits, the comparison with ECFP4, times."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from molsearch.service.demo_pages import FAMOUS
from molsearch.words import counted

if TYPE_CHECKING:
    from molsearch.service.demo import Demo
    from molsearch.service.demo_tally import Result

_HEAD = f"  {'rank':>4}   {'molecule':<22} {'class':<38} {'score':>6} {'ECFP4':>6} {'above %':>8}"


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if sys.stdout.isatty() else text


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def hit_table(result: Result, *, shown: int) -> str:
    """Table of the first hits of a query; drugs of its class carry a mark."""
    example = result.example
    lines = [
        "",
        _bold(f"{example.name} · {example.drug_class}")
        + f" ({counted(result.tally.members, 'other')} of its class among "
        f"{counted(result.tally.molecules, 'molecule')}, {result.seconds:.2f} s)",
        _HEAD,
    ]
    for hit in result.hits.frame.head(shown).to_dict("records"):
        mark = "●" if hit["drug_class"] == example.drug_class else " "
        name = hit["name"] if isinstance(hit["name"], str) and hit["name"] else hit["molecule_id"]
        note = "the query itself" if hit["is_query"] else str(hit["drug_class"] or hit["origin"])
        percentile = float(hit["background_percentile"])
        place = f"{percentile:.2f}" if percentile == percentile else "–"
        row = (
            f"  {hit['rank']:>4} {mark} {_cut(str(name), 22):<22} {_cut(note, 38):<38} "
            f"{hit['score']:>6.3f} {hit['ecfp4_similarity']:>6.2f} {place:>8}"
        )
        lines.append(_bold(row) if mark == "●" else row)
    counts = [
        f"first {depth}: molsearch {ours}, ECFP4 {theirs}"
        for depth, ours, theirs in zip(
            result.tally.depths, result.tally.molsearch, result.tally.ecfp4, strict=True
        )
    ]
    lines.append(f"  of its class among the {'; among the '.join(counts)}")
    return "\n".join(lines)


def summary(results: Sequence[Result]) -> str:
    """Table of all queries: members of the query's class found early, by either ranking."""
    depths = results[0].tally.depths if results else ()
    head = "".join(f"  {'first ' + str(d) + ':':>10} {'molsearch':>9} {'ECFP4':>6}" for d in depths)
    lines = [
        "",
        _bold("Drugs of the query's class among the first hits (the query itself left out)"),
        f"  {'query':<14} {'class':<28} {'to find':>7}{head}",
    ]
    rows = [(result.example.name, result.example.drug_class, [result]) for result in results]
    lines += [_summary_row(*row) for row in [*rows, ("all", "", results)]]
    return "\n".join([*lines, textwrap.indent(textwrap.fill(FAMOUS, 96), "  ")])


def _summary_row(name: str, drug_class: str, results: Sequence[Result]) -> str:
    members = sum(result.tally.members for result in results)
    row = f"  {name:<14} {_cut(drug_class, 28):<28} {members:>7}"
    for place, _ in enumerate(results[0].tally.depths if results else ()):
        ours = sum(result.tally.molsearch[place] for result in results)
        theirs = sum(result.tally.ecfp4[place] for result in results)
        row += f"  {'':>10} {ours:>9} {theirs:>6}"
    return row


def stage_times(seconds: Mapping[str, float], total: float, *, reused: bool) -> str:
    """Table of the seconds each stage took."""
    lines = ["", _bold("Time each stage took")]
    lines += [f"  {stage:<18} {spent:>7.1f} s" for stage, spent in seconds.items()]
    lines.append(f"  {'everything':<18} {total:>7.1f} s")
    if reused:
        lines.append("  The prepared library and its index were there from an earlier run.")
    return "\n".join(lines)


def closing(run: Demo) -> str:
    """Say where to look next."""
    first = run.page(run.results[0].example)
    failed = run.prepared.n_failed
    lines = [
        "",
        f"Drawn hits: open {first} in a browser; the other queries are linked there.",
        f"Hit lists: {run.folder}/*.csv",
    ]
    if failed:
        lines.append(
            f"{failed} of {counted(run.prepared.n_in, 'row')} could not be read, on purpose; a "
            "real file "
            "has such rows too, and `molsearch prepare --failures failures.csv` lists them."
        )
    return "\n".join(lines)
