"""``molsearch prepare``: files of molecules into a prepared set."""

from __future__ import annotations

import json
from typing import Any

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.service.requests import PrepareRequest
from molsearch.words import counted

app = typer.Typer(add_completion=False)

_HELP = (
    "Read molecules, find their parents, make 3D conformers.\n\n"
    "The output is a folder that `molsearch index` takes. An interrupted run is continued by the "
    "same command. Every record is accounted for: it is prepared, or in the failures table with "
    "the reason."
)
_FLAGS = (
    Flag("library", metavar="LIB...", argument=True),
    options.OUTPUT,
    options.CONFORMERS,
    options.QUALITY,
    options.USE_INPUT_3D,
    options.SEED,
    Flag("prepare.timeout"),
    Flag("prepare.max_heavy_atoms"),
    Flag("prepare.max_heavy_atoms_3d"),
    *options.READING,
    options.WORKERS,
    options.LIMIT,
    options.CLUSTER,
    options.STAGING,
    options.OVERWRITE,
    options.FAILURES,
)


@verb(app, PrepareRequest, _FLAGS, help=_HELP, heavy=False)
def prepare(asked: Asked[PrepareRequest]) -> None:
    """Prepare a library; see `_HELP`."""
    asked.end(run)


def run(request: PrepareRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Prepare a library and tell what came of it."""
    from molsearch.cli.telling import Terminal, say
    from molsearch.service.prepare import prepare

    account = prepare(request, Terminal(quiet=quiet)).account
    say("\n".join(describe(account, request.failures)), quiet=quiet)
    if as_json:
        print(json.dumps(account))
    return account


def describe(summary: dict[str, Any], failures: str | None) -> list[str]:
    """Lines of the summary for the eye."""
    from molsearch.data.repeats import Repeats

    n_in, n_failed = summary["n_in"], summary["n_failed"]
    lines = [
        f"{summary['n_ok']:,} of {counted(n_in, 'molecule')} prepared into {summary['output']}"
    ]
    if summary["n_resumed"] == n_in:
        lines[0] += " (it was complete already)"
    else:
        lines[0] += f" in {summary['seconds']:,.1f} s ({summary['per_second']:,.0f}/s)"
        if summary["n_resumed"]:
            lines[0] += f", {summary['n_resumed']:,} of them earlier"
    if repeats := str(Repeats(**summary["repeated_ids"])):
        lines.append(repeats)
    if not n_failed:
        return lines
    stages = ", ".join(f"{count:,} {stage}" for stage, count in summary["failed_by_stage"].items())
    lines.append(f"{n_failed:,} failed: {stages}")
    lines += [
        f"  {group['count']:,} × {group['stage']}: {group['reason']} "
        f"(first: {group['source']} row {group['row']})"
        for group in summary["failures"]
    ]
    if failures is not None:
        lines.append(f"all failures: {failures}")
    else:
        lines.append("all failures as a table: run the same command with --failures failures.csv")
    return lines
