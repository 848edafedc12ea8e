"""What ``molsearch screen`` says of its hits: a table on the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TextIO

from molsearch import schema
from molsearch.service.requests import ScreenRequest, SpaceRequest
from molsearch.words import counted

if TYPE_CHECKING:
    from molsearch.search.screen import HitList, Stopwatch
    from molsearch.service.screen import Screened

_SHOWN = 10
_NUMBERS = ("rank", "score", "above", "ECFP4")
_WIDTHS = {"rank": 4, "score": 5, "above": 8, "ECFP4": 5, "inactive": 8, "before": 6, "note": 8}
_OF_INACTIVES = {schema.INACTIVE_SCORE: "inactive", schema.SIMILARITY_SCORE: "before"}
_RATIO = {"structure": 2}  # of the room that numbers leave to texts
_ROOM = 14  # characters, below which an id is not told from the next


def run(request: ScreenRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Run a screen and tell what came of it."""
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.service.outputs import check_outputs

    check_outputs(request)  # before what takes seconds to import
    from molsearch.service.screen import check, screen
    from molsearch.service.session import Session

    check(request)
    with plain_warnings():
        done = screen(request, Session(), Terminal(quiet=quiet), held=False)
    return told(done, request, as_json=as_json, quiet=quiet)


def told(
    done: Screened, request: ScreenRequest | SpaceRequest, *, as_json: bool, quiet: bool
) -> dict[str, Any]:
    """Tell what came of a screen, of a library or a space; returns its account."""
    if request.output is None:
        print_table(done.hits, sys.stdout, excel_safe=request.excel_safe)
    if not quiet:
        print_hits(done.hits, done.watch, request.output)
    if as_json:
        print(json.dumps(done.account, default=str))
    return done.account


def print_table(hits: HitList, stream: TextIO, *, excel_safe: bool) -> None:
    """Print the hit list itself, as csv."""
    from molsearch.io.tables import write_text_table
    from molsearch.search.hits import STRUCTURES

    write_text_table(hits.frame, stream, excel_safe=excel_safe, verbatim=STRUCTURES)


def print_hits(hits: HitList, watch: Stopwatch, output: str | None) -> None:
    """Print the first hits and the seconds of each stage on stderr."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    several = len(hits.queries) > 1
    texts = ("molecule", *(["nearest query"] if several else []), "structure")
    may = [name for name in _OF_INACTIVES if hits.inactives and name in hits.frame]
    shown = may[: _room_for([_OF_INACTIVES[name] for name in may], texts, console.width)]
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    for label in (*_NUMBERS, *(_OF_INACTIVES[name] for name in shown)):
        table.add_column(label, justify="right", no_wrap=True, min_width=_WIDTHS[label])
    for label in texts:
        ratio = _RATIO.get(label, 1)
        table.add_column(label, overflow="ellipsis", no_wrap=True, ratio=ratio)
    table.add_column("note", no_wrap=True, min_width=_WIDTHS["note"])
    for row in hits.frame.head(_SHOWN).to_dict("records"):
        cells = [
            str(row[schema.RANK]),
            f"{row[schema.SCORE]:.3f}",
            _percent(row[schema.PERCENTILE]),
            _likeness(row[schema.ECFP4_SIMILARITY]),
            *(f"{row[name]:.3f}" for name in shown),
            str(row[schema.MOLECULE_ID]),
            *([str(row[schema.QUERY_ID])] if several else []),
            str(row[schema.PARENT_SMILES]),
            _note(row),
        ]
        # Text, not markup: an id such as [red] is an id.
        table.add_row(*(Text(" ".join(cell.split())) for cell in cells))
    console.print(table)
    console.print(Text(_closing(hits, output)))
    console.print(Text(f"score: {hits.ranking.words()}"))
    console.print(Text(_seconds(watch)), style="dim")


def _room_for(labels: Sequence[str], texts: Sequence[str], width: int) -> int:
    """Count the further columns that leave ids and structures their room."""
    fixed = sum(_WIDTHS[label] + 1 for label in (*_NUMBERS, "note"))
    left = width - fixed - _ROOM * sum(_RATIO.get(label, 1) for label in texts)
    needs = accumulate(_WIDTHS[label] + 1 for label in labels)
    return sum(need <= left for need in needs)


def _closing(hits: HitList, output: str | None) -> str:
    line = f"{counted(hits.n_hits, 'hit')} of {counted(hits.reader.n_rows, 'molecule')}"
    return line if output is None else f"{line} in {output}"


def _seconds(watch: Stopwatch) -> str:
    return " · ".join(f"{name} {seconds:.2f} s" for name, seconds in watch.seconds.items())


def _percent(value: float) -> str:
    return "" if value != value else f"{value:.2f} %"


def _likeness(value: float) -> str:
    return "" if value != value else f"{value:.2f}"  # to a vector there is none


def _note(row: Mapping[Any, Any]) -> str:
    """Say that a hit is the query, an inactive or new, and how many structural alerts it has."""
    from molsearch.view.hit import badges

    return ", ".join(badge.text for badge in badges(row) if badge.kind)
