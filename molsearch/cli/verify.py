"""``molsearch verify``: check a prepared set or an index byte by byte."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from molsearch.cli import options, telling

app = typer.Typer(add_completion=False)

_HELP = (
    "Check a prepared set or an index against its checksums.\n\n"
    "Every file is read whole; exit code 4 where anything is damaged."
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
    from molsearch.data.prepared import PreparedSet
    from molsearch.errors import IndexCorruptError, UsageError

    started = time.monotonic()
    prepared = PreparedSet.is_prepared(path)
    if prepared and clean:
        raise UsageError(f"{path} is a prepared set; --clean is for an index")
    summary = _verify_prepared(path) if prepared else _verify_index(path)
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
    telling.say(_line(summary), quiet=quiet)


def _verify_prepared(path: Path) -> dict[str, Any]:
    from molsearch.data.prepared import PreparedSet
    from molsearch.errors import IndexCorruptError

    problems = []
    n_molecules = 0
    try:
        found = PreparedSet.open(path, allow_unfinished=True)
        n_molecules = found.n_ok
        found.verify()
    except IndexCorruptError as error:
        problems.append(str(error))
    return {
        "path": str(path),
        "kind": "prepared set",
        "n_molecules": n_molecules,
        "problems": problems,
    }


def _verify_index(path: Path) -> dict[str, Any]:
    from molsearch.errors import IndexCorruptError
    from molsearch.index.reader import find_index
    from molsearch.index.verify import verify_index

    find_index(path)
    try:
        report = verify_index(path)
    except IndexCorruptError as error:
        return {"path": str(path), "kind": "index", "problems": [str(error)]}
    return {
        "path": str(path),
        "kind": "index",
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
