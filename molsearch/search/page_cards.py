"""What the page shows of each hit, as plain values for the template."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from molsearch import schema
from molsearch.chem.draw import svg
from molsearch.errors import InputError
from molsearch.view.hit import (
    LABELS,
    PROPERTIES,
    Highlight,
    badges,
    fixed,
    has_inactives,
    is_flat,
    is_new,
    known,
    records,
    structure_of,
    title_of,
)

_OURS = {
    schema.RANK, schema.MOLECULE_ID, schema.SMILES, schema.SCORE, schema.MOLSEARCH_SCORE,
    schema.ECFP4_SCORE, schema.PERCENTILE, schema.QUERY_ID, schema.ECFP4_SIMILARITY,
    schema.PROBABILITY, schema.IS_QUERY, schema.SCAFFOLD, schema.ALERTS, *schema.PROPERTIES,
    schema.UNSPECIFIED_STEREO, schema.GEOMETRY, schema.N_CONFORMERS, schema.N_ATOMS,
    schema.PARENT_SMILES, schema.INCHIKEY, schema.RECORD_NUMBER, schema.SOURCE,
    schema.ROW,
}  # fmt: skip
_OF_INACTIVES = set(schema.ALL_INACTIVE_COLUMNS)
Parts = Sequence[tuple[str, str]]  # column and name of each further component of the score


def drawing(
    smiles: str, *, size: tuple[int, int] = (260, 180), align_to: str | None = None
) -> Markup:
    """Draw a structure for the page, or say in its place that it cannot be drawn."""
    try:
        return Markup(svg(smiles, size, align_to=align_to))  # noqa: S704  made here, holds no text
    except InputError:
        return Markup('<div class="undrawn">{}</div>').format(f"not drawn: {smiles[:120]}")


def user_columns(hits: pd.DataFrame, parts: Parts = ()) -> list[str]:
    """List the columns the user brought, in their order; `parts` are further ones of ours."""
    # Without inactives a column of such a name is the user's.
    ours = _OURS | _OF_INACTIVES if has_inactives(hits.columns) else _OURS
    ours = ours | {column for column, _ in parts}
    return [column for column in map(str, hits.columns) if column not in ours]


def score_top(hits: pd.DataFrame) -> float:
    """Return the end of the scale of a list's scores: 1, or the next whole number above them."""
    best = hits[schema.SCORE].max() if schema.SCORE in hits and len(hits) else 1.0
    # Vectors kept in half precision are as long as 1.0001.
    return float(max(1, math.ceil(float(best) - 1e-3))) if known(best) else 1.0


def cards(
    hits: pd.DataFrame,
    queries: Sequence[Mapping[str, Any]],
    mark: Highlight | None,
    parts: Parts = (),
) -> list[dict[str, Any]]:
    """Describe the hits that are drawn, turned like their nearest query."""
    templates = {str(query.get("id", "")): str(query["smiles"]) for query in queries}
    first = next(iter(templates.values()), None)
    extra, top = user_columns(hits, parts), score_top(hits)
    flat = is_flat(hits)
    made: list[dict[str, Any]] = []
    for hit in records(hits):
        structure = structure_of(hit)
        align_to = templates.get(str(hit.get(schema.QUERY_ID)), first)
        title, identity = title_of(hit)
        score, similarity = hit.get(schema.SCORE), hit.get(schema.ECFP4_SIMILARITY)
        made.append(
            {
                "rank": int(hit.get(schema.RANK, len(made) + 1)),
                "title": title,
                "id": identity,
                "drawing": drawing(structure, align_to=align_to),
                "known": mark is not None and mark.marks(hit),
                "badges": list(badges(hit, mark, flat=flat)),
                "score": fixed(score, 3),
                "score_width": _percent(score, top),
                "parts": list(_parts(hit, parts)),
                "sim": fixed(similarity, 2),
                "sim_width": _percent(similarity),
                "percentile": _percentile(hit.get(schema.PERCENTILE)),
                "properties": [
                    (label, fixed(hit[name], digits))
                    for name, label, digits in PROPERTIES
                    if name in hit
                ],
                "more": list(_more(hit, extra)),
                "data": _data(hit, mark) + _searched(hit),
            }
        )
    return made


def table(hits: pd.DataFrame, mark: Highlight | None, parts: Parts = ()) -> dict[str, Any]:
    """Describe the table view: our main columns, then the user's."""
    numbers = {
        schema.RANK: 0, schema.SCORE: 3, schema.MOLSEARCH_SCORE: 3, schema.INACTIVE_SCORE: 3,
        **{column: 3 for column, _ in parts}, schema.SERIES_SCORE: 3, schema.SIMILARITY_SCORE: 3,
        schema.PROBABILITY: 4,
        schema.ECFP4_SIMILARITY: 2, schema.PERCENTILE: 2,
        "mw": 1, "clogp": 1, "tpsa": 0,
    }  # fmt: skip
    ours = [schema.RANK, schema.MOLECULE_ID]
    rest = [*list(numbers)[1:], schema.QUERY_ID, schema.INACTIVE_ID, schema.SCAFFOLD]
    rest += [schema.ALERTS, schema.SMILES]
    extra = user_columns(hits, parts)
    wanted = [*ours, *extra, *(column for column in rest if column not in extra)]
    columns = [column for column in wanted if column in hits.columns]
    numbers = {column: digits for column, digits in numbers.items() if column not in extra}
    rows = []
    for hit in records(hits):
        cells = [
            {
                "text": fixed(hit[column], numbers[column])
                if column in numbers
                else str(hit[column] if known(hit[column]) else ""),
                "numeric": column in numbers,
            }
            for column in columns
        ]
        marked = mark is not None and mark.marks(hit)
        rows.append({"cells": cells, "known": marked, "data": _data(hit, mark)})
    labels = [
        {"label": LABELS.get(column, column), "numeric": column in numbers} for column in columns
    ]
    return {"columns": labels, "rows": rows}


def _percent(value: Any, top: float = 1.0) -> str:
    return f"{100 * min(max(float(value) / top, 0.0), 1.0):.0f}" if known(value) else "0"


def _parts(hit: Mapping[str, Any], parts: Parts) -> Iterator[dict[str, str]]:
    """Bars of what the score is made of, where it is more than the cosine."""
    cosine = hit.get(schema.MOLSEARCH_SCORE)
    if known(cosine) and fixed(cosine, 3) != fixed(hit.get(schema.SCORE), 3):
        yield {"label": "cosine", "value": fixed(cosine, 3), "width": _percent(cosine)}
    counts = [(schema.SERIES_SCORE, "series")] if known(hit.get(schema.SERIES_SCORE)) else []
    for column, name in (*parts, *counts):
        value = hit.get(column)
        yield {"label": name, "value": fixed(value, 3), "width": _percent(value)}


def _percentile(value: Any) -> str:
    if not known(value):
        return ""
    if float(value) >= 100:
        return "above every random molecule"
    return f"above {math.floor(100 * float(value)) / 100:.2f} % of random molecules"


def _more(hit: Mapping[str, Any], extra: Sequence[str]) -> Iterable[tuple[str, str, bool]]:
    for column in extra:
        if known(hit.get(column)):
            yield column, str(hit[column]), False
    if has_inactives(hit):
        near = f"{hit[schema.INACTIVE_ID]} (score {fixed(hit[schema.INACTIVE_SCORE], 3)})"
        yield "nearest inactive", near, False
        if known(hit.get(schema.SERIES_SCORE)):
            yield "series model", fixed(hit[schema.SERIES_SCORE], 3), False
        if known(hit.get(schema.SIMILARITY_SCORE)):
            yield "score before inactives", fixed(hit[schema.SIMILARITY_SCORE], 3), False
    if known(hit.get(schema.PROBABILITY)):
        yield "probability of being active", f"{float(hit[schema.PROBABILITY]):.2g}", False
    for column, label, is_code in (
        (schema.QUERY_ID, "nearest query", False),
        (schema.ALERTS, "alerts", False),
        (schema.SCAFFOLD, "scaffold", True),
        (schema.SMILES, "input", True),
        (schema.PARENT_SMILES, "parent", True),
        (schema.INCHIKEY, "InChIKey", True),
    ):
        if known(hit.get(column)):
            yield label, str(hit[column]), is_code


def _data(hit: Mapping[str, Any], mark: Highlight | None) -> Markup:
    """Build the data attributes that the page's script sorts and filters by."""
    values = {
        "rank": fixed(hit.get(schema.RANK), 0),
        "sim": _number(hit.get(schema.ECFP4_SIMILARITY)),
        "mw": _number(hit.get("mw")),
        "clogp": _number(hit.get("clogp")),
        "scaffold": str(hit.get(schema.SCAFFOLD) or hit.get(schema.PARENT_SMILES) or ""),
        "fresh": "1" if is_new(hit) else "0",
        "alerts": "1" if hit.get(schema.ALERTS) else "0",
        "known": "1" if mark is not None and mark.marks(hit) else "0",
    }
    return _attributes(values)


def _searched(hit: Mapping[str, Any]) -> Markup:
    words = " ".join(value for value in hit.values() if isinstance(value, str))
    return _attributes({"text": words.lower()})


def _attributes(values: Mapping[str, str]) -> Markup:
    """Write data attributes, escaped; by hand, because a page has thousands of them."""
    pairs = (f' data-{key}="{html.escape(value)}"' for key, value in values.items())
    return Markup("".join(pairs))  # noqa: S704  escaped above


def _number(value: Any) -> str:
    return f"{float(value):.4g}" if known(value) else ""
