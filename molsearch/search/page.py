"""The hit list as one HTML file: drawn, sortable, readable without a network.

Everything a user brings (ids, names, columns) is escaped by the template engine, and the page's
policy lets no script run but its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from molsearch import __version__
from molsearch.io.atomic import write_text
from molsearch.schema import RANK
from molsearch.scoring.default import RARITY
from molsearch.scoring.ranking import MOVED
from molsearch.search.page_cards import cards, drawing, table
from molsearch.search.page_plot import scatter
from molsearch.view import reliability
from molsearch.view.hit import NEW_BELOW, Highlight, has_inactives
from molsearch.words import counted

MAX_DRAWN = 200
MAX_LISTED = 1000
MAX_QUERIES = 12
_COSINE = "cosine of the embeddings"


def write_page(
    hits: pd.DataFrame,
    queries: Sequence[Mapping[str, Any]],
    path: Path,
    run: Mapping[str, Any],
    *,
    drawn: int | None = None,
) -> None:
    """Write a hit list as one self-contained HTML page.

    Parameters
    ----------
    hits
        A hit list; the first `drawn` rows are drawn, the first `MAX_LISTED` listed and plotted,
        and the page says so.
    queries
        One mapping a query: ``smiles``, ``id`` (as in the column ``nearest_query``), and, where
        there is one, ``note`` (a line under its name).
    path
        The file to write, atomically.
    run
        What the page says about the screen. All keys are optional: ``title``; ``facts`` (pairs of
        label and value shown in the head); ``notes`` and ``warnings`` (lines beside the query);
        ``links`` (mappings ``title``, ``href``, ``current``) to sister pages; ``highlight``
        (``column``, ``value``, ``label``) marks hits that carry the value in a user column;
        ``tally`` (``caption``, ``columns``, ``rows`` of ``label`` and ``cells`` of ``value`` and
        ``best``) is a small table beside the query; ``ranking`` (what the score is, in words);
        ``parts`` (column and name of each component of the score beside cosine and ECFP4);
        ``trust`` (as in ``run.json``: its reliability curve is drawn); ``footnotes``.
    drawn
        How many hits are drawn; `MAX_DRAWN` by default.
    """
    drawn = MAX_DRAWN if drawn is None else drawn
    mark = Highlight.of(run.get("highlight"))
    parts = tuple(run.get("parts") or ())
    ordered = hits.sort_values(RANK, kind="stable") if RANK in hits.columns else hits
    listed = ordered.head(MAX_LISTED)
    template, script_hash = _template()
    page = template.render(
        version=__version__,
        script_hash=script_hash,
        title=run.get("title", "Hit list"),
        facts=[("hits", f"{len(hits):,}"), *run.get("facts", ())],
        links=run.get("links", ()),
        queries=[_query(query) for query in queries[:MAX_QUERIES]],
        tally=run.get("tally"),
        notes=run.get("notes", ()),
        warnings=run.get("warnings", ()),
        reliability=_reliability(run.get("trust") or {}),
        plot=scatter(listed, mark),
        novel_below=NEW_BELOW,
        highlight=mark.label if mark else "",
        cards=cards(ordered.head(drawn), queries, mark, parts),
        table=table(listed, mark, parts),
        footnotes=[
            *_limits(len(hits), drawn, len(queries), against=has_inactives(hits.columns)),
            _meaning(str(run.get("ranking") or _COSINE)),
            *run.get("footnotes", ()),
        ],
    )
    write_text(path, page)


@cache
def _template() -> tuple[Template, str]:
    """Return the template and the hash by which the page's policy knows its script."""
    source = files("molsearch.search").joinpath("page.html").read_text(encoding="utf-8")
    script = re.search(r"<script>(.*)</script>", source, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source), f"sha256-{digest}"


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "drawing": drawing(str(query["smiles"]), size=(360, 240)),
        "title": str(query.get("id") or query["smiles"]),
        "subtitle": str(query.get("note") or ""),
    }


def _reliability(trust: Mapping[str, Any]) -> dict[str, Any] | None:
    """Draw how probabilities held on held-out targets; None where nothing can be said."""
    tiers = (trust.get("held") or {}).get("tiers") or ()
    drawn = reliability.curve(tiers)
    if not drawn:
        return None
    return {
        "title": reliability.TITLE,
        "drawing": Markup(drawn),  # noqa: S704  made here, holds no text of the user's
        "tiers": reliability.legend(tiers),
        "meaning": reliability.MEANING,
    }


def _limits(n_hits: int, drawn: int, n_queries: int, *, against: bool) -> list[str]:
    lines = []
    if n_queries > MAX_QUERIES:
        lines.append(f"The first {MAX_QUERIES} of {counted(n_queries, 'query')} are drawn.")
    if n_hits > drawn:
        lines.append(f"The first {drawn:,} of {counted(n_hits, 'hit')} are drawn.")
    if n_hits > MAX_LISTED:
        lines.append(f"The table and the plot show the first {MAX_LISTED:,}.")
    if against:
        lines.append("Inactive: cosine to the nearest known inactive; the lower, the better.")
    return lines


def _meaning(ranking: str) -> str:
    rarity = " Rarity is lower the more compounds a molecule is like." if RARITY in ranking else ""
    alike = "Cosines and similarities are 1 for identical molecules."
    if MOVED in ranking:
        alike = (
            "Similarities are 1 for identical molecules; cosines are those to what was moved, so "
            "that not even the query has 1."
        )
    return (
        f"Score: {ranking}. {alike}{rarity} ECFP4: "
        "Tanimoto similarity to the nearest query. A score is a reason to look at a molecule, "
        "never a measured activity."
    )
