"""The scatter plot of the page: score against ECFP4 similarity, one dot a hit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from molsearch import schema
from molsearch.search.page_cards import score_top
from molsearch.view import svg
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
    across = svg.Scale(0.0, 1.0, _LEFT, _RIGHT)
    up = svg.Scale(low, high, _BOTTOM, _TOP)
    dots = sorted((_dot(row, across, up, top, mark) for row in rows), key=lambda dot: dot.order)
    body = [*_frame(across, up, step), *(dot.drawing for dot in dots)]
    label = "Score against ECFP4 similarity to the nearest query, one dot a hit"
    drawn = svg.document(body, _WIDTH, _HEIGHT, label)
    return {
        "drawing": Markup(drawn),  # noqa: S704  all words in it are escaped
        "has_query": any(dot.kind == "query" for dot in dots),
    }


@dataclass(frozen=True)
class _Dot:
    """A hit in the plot; those with a high `order` are drawn last."""

    kind: str
    drawing: str

    @property
    def order(self) -> int:
        return ("", "fresh", "known", "query").index(self.kind)


def _frame(across: svg.Scale, up: svg.Scale, step: float) -> list[str]:
    """Axes, their numbers and names, and where hits are new."""
    line = across(NEW_BELOW)
    parts = [svg.rectangle(_LEFT, _TOP, line - _LEFT, _BOTTOM - _TOP, "new")]
    for number in range(round((up.high - up.low) / step) + 1):
        value = up.low + number * step
        parts.append(svg.path(f"M{_LEFT} {up(value):g}H{_RIGHT}", "axis"))
        parts.append(svg.text(_LEFT - 8, up(value) + 4, _label(value, step), "end"))
    parts += [svg.text(across(n / 5), _BOTTOM + 18, f"{n / 5:.1f}") for n in range(6)]
    parts.append(svg.path(f"M{line:g} {_TOP}V{_BOTTOM}", "newline"))
    new = f"new by fingerprint (ECFP4 < {NEW_BELOW})"
    parts.append(svg.text(_LEFT, _TOP - 9, new, "start", "newtext"))
    middle = (_TOP + _BOTTOM) / 2
    parts.append(
        svg.text((_LEFT + _RIGHT) / 2, _HEIGHT - 6, "ECFP4 similarity to the nearest query")
    )
    turned = f'transform="translate(12 {middle:g}) rotate(-90)"'
    parts.append(svg.text(0, 0, "score", more=turned))
    return parts


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


def _kind(hit: Mapping[str, Any], mark: Highlight | None) -> str:
    if hit.get(schema.IS_QUERY) in (True, 1):
        return "query"
    if mark is not None and mark.marks(hit):
        return "known"
    return "fresh" if is_new(hit) else ""


def _dot(
    hit: Mapping[str, Any], across: svg.Scale, up: svg.Scale, top: float, mark: Highlight | None
) -> _Dot:
    score = min(float(hit[schema.SCORE]), top)  # which rounding of stored vectors may exceed
    similarity = float(hit[schema.ECFP4_SIMILARITY])
    kind = _kind(hit, mark)
    rank = int(hit.get(schema.RANK, 0))
    name, _ = title_of(hit)
    late = rank > _PROMINENT and kind in ("", "fresh")
    radius = 5.5 if kind in ("known", "query") else 2.5 if late else 4
    words = f"{rank}. {name}: score {score:.3f}, ECFP4 {similarity:.2f}"
    css = f"{kind} late" if late else kind
    drawn = svg.circle(
        across(similarity), up(score), radius, css.strip(), words, f'data-hit="{rank}"'
    )
    return _Dot(kind, drawn)
