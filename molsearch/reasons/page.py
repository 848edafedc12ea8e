"""Reasons as one HTML file: maps of hits and queries side by side, readable without a network.

The page holds no script; everything a user brings is escaped by the template engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from molsearch import __version__
from molsearch.chem.draw_map import LOWERS, RAISES
from molsearch.io.atomic import write_text
from molsearch.reasons.atoms import AtomMap
from molsearch.reasons.drawings import drawn
from molsearch.reasons.reason import SUPPORT, Reason
from molsearch.reasons.table import Named
from molsearch.scoring.ranking import INACTIVES, MOLSEARCH, SERIES, STORED
from molsearch.words import counted

MAX_DRAWN = 200
_NAMES = {
    MOLSEARCH: "embedding",
    STORED: "ECFP4",
    SERIES: "series model",
    INACTIVES: "nearest inactive",
}
_MOST_BARS = 20  # queries whose scores stand beside a hit


def write_reasons(
    path: Path,
    hits: Sequence[Named],
    queries: Sequence[Named],
    reasons: Sequence[Reason],
    *,
    ranking: str,
    notes: Sequence[str] = (),
    warnings: Sequence[str] = (),
    table: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write reasons as one self-contained HTML page.

    Parameters
    ----------
    hits, reasons
        Hits in their order, and what is said of each; the first `MAX_DRAWN` are drawn.
    ranking
        What the score is, in words.
    notes, warnings
        Lines in the head.
    table
        What is said of each query: ``id``, ``above`` (share of the library, or None), ``nearest``
        and ``for`` (numbers of hits).
    """
    cards = [
        card(place, hit, queries, reason)
        for place, (hit, reason) in enumerate(zip(hits, reasons, strict=True), start=1)
        if place <= MAX_DRAWN
    ]
    page = _template().render(
        version=__version__,
        raises=RAISES,
        lowers=LOWERS,
        ranking=ranking,
        n_hits=len(hits),
        n_drawn=len(cards),
        notes=notes,
        warnings=warnings,
        table=table,
        placed=any(row["above"] for row in table),
        several=len(queries) > 1,
        support=f"{SUPPORT:.0%}",
        cards=cards,
    )
    write_text(path, page)


def card(place: int, hit: Named, queries: Sequence[Named], reason: Reason) -> dict[str, Any]:
    """Say of one hit what a page shows."""
    query = queries[reason.query]
    pair = drawn(reason, query.smiles, hit.smiles)
    best, worst = reason.atoms.best, reason.atoms.worst
    order = sorted(range(len(queries)), key=lambda number: -reason.each[number])
    most = max(float(reason.each.max()), 1e-9)
    return {
        "place": place,
        "name": hit.name,
        "query": query.name,
        "score": f"{reason.atoms.score:.3f}",
        "parts": parts_words(reason.atoms),
        "alone": f"{reason.atoms.query_score:.3f}",
        "drawings": (pair.query, pair.hit),
        "scale": f"{pair.scale:.3f}",
        "best": (best.smiles, f"{best.share:+.3f}"),
        "worst": (worst.smiles, f"{worst.share:+.3f}"),
        "common": common_words(reason),
        "each": [
            {
                "name": queries[number].name,
                "score": f"{reason.each[number]:.3f}",
                "width": f"{max(0.0, 100 * float(reason.each[number]) / most):.0f}",
                "against": number in reason.against,
            }
            for number in order[:_MOST_BARS]
        ]
        if len(queries) > 1
        else [],
        "more": max(0, len(queries) - _MOST_BARS),
    }


def parts_words(atoms: AtomMap) -> str:
    """Say which components add up to a score, the largest first."""
    said = ""
    for name, value in sorted(atoms.parts, key=lambda part: -abs(part[1])):
        sign = ("+ " if value >= 0 else "− ") if said else ("" if value >= 0 else "−")
        said += f"{' ' if said else ''}{sign}{abs(value):.3f} {_NAMES.get(name, name)}"
    return said


def common_words(reason: Reason) -> str:
    """Say how much a hit shares with its query, and where the search was cut."""
    common = reason.common
    if common is None:
        return "common part not sought: the time for such searches was over"
    of_query = len(reason.atoms.query)
    cut = "" if common.complete else " at least: the search was cut off by its time limit"
    return f"{len(common)} of the query's {counted(of_query, 'atom')} in common{cut}"


@cache
def _template() -> Template:
    source = files("molsearch.reasons").joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
