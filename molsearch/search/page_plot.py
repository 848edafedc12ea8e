"""The scatter plot of the page: score against ECFP4 similarity, one dot a hit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from molsearch import schema
from molsearch.search.page_cards import score_top
from molsearch.view.hit import NEW_BELOW, Highlight, is_new, title_of

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 706, 24, 350

_PROMINENT = 100  # hits further down are drawn small and pale


def scatter(hits: pd.DataFrame, mark: Highlight | None) -> dict[str, Any] | None:
    """Lay out the plot; ``None`` where no hit has both numbers.

    Marked hits are drawn last, so that they lie on top.
    """
    needed = [schema.SCORE, schema.ECFP4_SIMILARITY]
    if hits.empty or any(column not in hits.columns for column in needed):
        return None
    complete = hits.dropna(subset=needed)
    if complete.empty:
        return None
    top = score_top(hits)
    scores = complete[schema.SCORE].astype(float).clip(upper=top)
    low, high, step = _span(float(scores.min()), float(scores.max()))
    rows = [{str(k): v for k, v in row.items()} for row in complete.to_dict("records")]
    dots = [_dot(row, low, high, top, mark) for row in rows]
    order = {"": 0, "fresh": 1, "known": 2, "query": 3}
    ticks = round((high - low) / step)
    return {
        "width": _WIDTH, "height": _HEIGHT, "left": _LEFT, "right": _RIGHT, "top": _TOP,
        "bottom": _BOTTOM, "new_x": _x(NEW_BELOW),
        "x_ticks": [{"at": _x(i / 5), "label": f"{i / 5:.1f}"} for i in range(6)],
        "y_ticks": [
            {"at": _y(low + i * step, low, high), "label": _label(low + i * step, step)}
            for i in range(ticks + 1)
        ],
        "dots": sorted(dots, key=lambda dot: order[dot["kind"]]),
        "has_query": any(dot["kind"] == "query" for dot in dots),
    }  # fmt: skip


def _span(low: float, high: float) -> tuple[float, float, float]:
    """Widen a range to round ends; return them with the step between ticks."""
    raw = max(high - low, 1e-3) / 5
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= raw)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return first * step, max(last, first + 1) * step, step


def _label(value: float, step: float) -> str:
    digits = max(0, 1 - math.floor(math.log10(step)))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _x(similarity: float) -> float:
    return round(_LEFT + similarity * (_RIGHT - _LEFT), 1)


def _y(score: float, low: float, high: float) -> float:
    return round(_BOTTOM - (score - low) / max(high - low, 1e-9) * (_BOTTOM - _TOP), 1)


def _kind(hit: Mapping[str, Any], mark: Highlight | None) -> str:
    if hit.get(schema.IS_QUERY) in (True, 1):
        return "query"
    if mark is not None and mark.marks(hit):
        return "known"
    return "fresh" if is_new(hit) else ""


def _dot(
    hit: Mapping[str, Any], low: float, high: float, top: float, mark: Highlight | None
) -> dict[str, Any]:
    score = min(float(hit[schema.SCORE]), top)  # which rounding of stored vectors may exceed
    similarity = float(hit[schema.ECFP4_SIMILARITY])
    kind = _kind(hit, mark)
    rank = int(hit.get(schema.RANK, 0))
    name, _ = title_of(hit)
    late = rank > _PROMINENT and kind in ("", "fresh")
    return {
        "x": _x(similarity),
        "y": _y(score, low, high),
        "r": 5.5 if kind in ("known", "query") else 2.5 if late else 4,
        "late": late,
        "kind": kind,
        "rank": rank,
        "title": f"{rank}. {name}: score {score:.3f}, ECFP4 {similarity:.2f}",
    }
