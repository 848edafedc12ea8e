"""``molsearch verify``: check a prepared set or an index byte by byte."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from molsearch.cli import options, telling

if TYPE_CHECKING:
    from molsearch.io.folders import Found

app = typer.Typer(add_completion=False)

_HELP = (
    "Check a prepared set or an index against its checksums.\n\n"
    "Every file is read whole; exit code 4 where anything is damaged, 3 where it is sound as far "
    "as it goes and unfinished."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def verify(
    path: Annotated[Path, typer.Argument(help="Folder of a prepared set or an index.")],
    clean: Annotated[
        bool,
        typer.Option(
            "--clean",
            help="Afterwards remove from a sound index what no reader needs: older generations "
            "and leftovers of killed runs.",
        ),
    ] = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Verify; see `_HELP`."""
    from molsearch.errors import IndexCorruptError, UnfinishedError, UsageError
    from molsearch.io.folders import Kind, look

    started = time.monotonic()
    found = look(path)
    if clean and not (found.kind is Kind.INDEX and found.finished):
        raise UsageError(f"{path} is {found}; --clean is for an index that is finished")
    summary = _verify_prepared(path) if found.kind is Kind.PREPARED else _verify_index(path, found)
    summary["seconds"] = round(time.monotonic() - started, 2)
    if clean and not summary["problems"]:
        from molsearch.index.verify import clean as remove

        summary["removed"] = remove(path)
    if as_json:
        print(json.dumps(summary))
    problems = summary["problems"]
    if problems:
        for problem in problems[:-1]:
            telling.say(f"molsearch: {problem}", quiet=False)
        raise IndexCorruptError(problems[-1])
    if not summary["complete"]:
        raise UnfinishedError(
            f"{path} is {found} ({summary['state']}): what there is is sound; repeat the command "
            "that began it, which goes on where it stopped"
        )
    telling.say(_line(summary), quiet=quiet)


def _verify_prepared(path: Path) -> dict[str, Any]:
    from molsearch.data.prepared import PreparedSet
    from molsearch.errors import IndexCorruptError

    summary: dict[str, Any] = {"path": str(path), "kind": "prepared set"}
    try:
        found = PreparedSet.open(path, allow_unfinished=True)
        found.verify()
    except IndexCorruptError as error:
        return {**summary, "complete": False, "n_molecules": 0, "problems": [str(error)]}
    return {
        **summary,
        "complete": found.complete,
        "state": f"{found.n_in:,} records so far",
        "n_molecules": found.n_ok,
        "problems": [],
    }


def _verify_index(path: Path, found: Found) -> dict[str, Any]:
    from molsearch.errors import IndexCorruptError
    from molsearch.index.reader import find_index
    from molsearch.index.unfinished import look_at_unfinished
    from molsearch.index.verify import verify_index
    from molsearch.io.folders import Kind

    summary: dict[str, Any] = {"path": str(path), "kind": "index", "complete": found.finished}
    if found.kind is Kind.INDEX and not found.finished:
        state, report = look_at_unfinished(path)
        summary["state"] = str(state)
    else:
        find_index(path)
        try:
            report = verify_index(path)
        except IndexCorruptError as error:
            return {**summary, "problems": [str(error)]}
    return {
        **summary,
        "n_files": report.n_files,
        "n_bytes": report.n_bytes,
        "n_molecules": report.n_molecules,
        "problems": report.problems,
    }


def _line(summary: dict[str, Any]) -> str:
    line = (
        f"{summary['path']}: {summary['kind']} of {summary['n_molecules']:,} molecules is sound "
        f"({summary['seconds']:.1f} s)"
    )
    if removed := summary.get("removed"):
        line += f"; removed {', '.join(removed)}"
    return line
