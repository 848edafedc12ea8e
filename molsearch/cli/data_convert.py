"""``molsearch data convert``: measured activities to the table that training reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.service.requests import ConvertRequest
from molsearch.words import counted, noun

if TYPE_CHECKING:
    from molsearch.bench.audit.flags import Known
    from molsearch.data.convert import Converted

_REASONS = 5  # that are told
app = typer.Typer(add_completion=False)

_HELP = (
    "Convert measured activities to the table that training reads.\n\n"
    "Values become -log10 of molar concentrations, bounds stay bounds, repeats are joined by "
    "their median unless they disagree by more than 1 log, targets go by UniProt; Not Active and "
    "Inactive without a value are inactives. What is left out is kept, with the reason, beside the "
    "output."
)
CONVERT = (
    Flag("sources", metavar="SOURCE...", argument=True),
    options.OUTPUT,
    Flag("uniprot_map"),
    Flag("target", metavar="NAME"),
    Flag("benchmarks", metavar="FOLDER"),
    options.WORKERS,
    options.OVERWRITE,
)


@verb(app, ConvertRequest, CONVERT, help=_HELP, heavy=False)
def convert(asked: Asked[ConvertRequest]) -> None:
    """Convert activities; see `_HELP`."""
    asked.end(run)


def run(request: ConvertRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Convert, and tell what came of it."""
    from molsearch.cli.telling import Terminal, say
    from molsearch.service.convert import convert

    done = convert(request, Terminal(quiet=quiet))
    if as_json:
        print(json.dumps(done.account))
        return done.account
    place, left_out = Path(done.account["output"]), Path(done.account["failures"])
    say(report(done.found, done.account, place, left_out), quiet=quiet)
    if done.known is not None:
        say(marks(done.account, done.known), quiet=quiet)
    return done.account


def report(found: Converted, facts: dict[str, Any], output: Path, left_out: Path) -> str:
    """Say what was made, and the commonest reasons for leaving out."""
    tiers = ", ".join(f"{n:,} {k[6:]}" for k, n in facts.items() if k.startswith("pairs_"))
    wrote = (
        f"wrote {output}: {counted(facts['pairs'], 'pair')} ({tiers}) of "
        f"{counted(facts['molecules'], 'molecule')} "
        f"and {counted(facts['targets'], 'target')}, from "
        f"{counted(facts['measurements'], 'measurement')}"
    )
    lines = [wrote]
    if facts["left_out"]:
        lines.append(f"left out {facts['left_out']:,}, see {left_out}:")
        reasons = found.failures["reason"].value_counts()
        lines += [f"  {n:,} × {reason}" for reason, n in reasons.head(_REASONS).items()]
        if (more := len(reasons) - _REASONS) > 0:
            lines.append(f"  and {counted(more, 'more reason')}")
    if facts["disagreeing"]:
        lines.append(
            f"{counted(facts['disagreeing'], 'measurement')} of these "
            f"{noun(facts['disagreeing'], 'disagrees', 'disagree')} by more than 1 log with others "
            "of the same molecule and target"
        )
    return "\n".join(lines)


def marks(facts: dict[str, Any], known: Known) -> str:
    """Say what was marked, by which benchmarks, and what could not be."""
    counts = ", ".join(f"{n:,} {name}" for name, n in facts.items() if name.startswith("is_"))
    text = f"marked by {', '.join(known.found)}: {counts}"
    if known.unnamed:
        text += (
            f"\nno is_benchmark_target: the files of {', '.join(known.unnamed)} name no UniProt "
            "accessions; benchmark targets cannot be held out with this table"
        )
    return text
