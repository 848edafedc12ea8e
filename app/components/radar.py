"""A radar of a hit's properties against its query's."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

from molsearch_app.components import theme

# Property, label, what the outer ring stands for.
AXES = (
    ("mw", "MW", 700.0), ("clogp", "cLogP", 7.0), ("tpsa", "TPSA", 160.0), ("hbd", "donors", 6.0),
    ("hba", "acceptors", 12.0), ("rotatable_bonds", "rotors", 14.0),
)  # fmt: skip
_SIZE, _RADIUS = 250, 82


def radar(hit: Mapping[str, float], query: Mapping[str, float]) -> str:
    """Draw the radar as inline SVG, in the colour of the text around it."""
    centre = _SIZE / 2
    rings = "".join(
        f"<polygon points='{_path([share] * len(AXES))}' fill='none' stroke='currentColor' "
        f"opacity='.16'/>"
        for share in (0.25, 0.5, 0.75, 1.0)
    )
    spokes, labels = [], []
    for number, (name, label, _) in enumerate(AXES):
        x, y = _place(number, 1.0)
        spokes.append(
            f"<line x1='{centre}' y1='{centre}' x2='{x:.1f}' y2='{y:.1f}' stroke='currentColor' "
            "opacity='.16'/>"
        )
        x, y = _place(number, 1.2)
        anchor = "middle" if abs(x - centre) < 8 else "start" if x > centre else "end"
        text = html.escape(f"{label} {_short(hit.get(name))}")
        labels.append(
            f"<text x='{x:.1f}' y='{y + 4:.1f}' text-anchor='{anchor}' "
            f"font-family='sans-serif' font-size='10.5' fill='currentColor' opacity='.8'>"
            f"{text}</text>"
        )
    shapes = [
        _shape(query, theme.QUERY, dashed=True),
        _shape(hit, theme.SCORE, dashed=False),
    ]
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='-45 10 {_SIZE + 90} {_SIZE - 20}' "
        f"width='100%' role='img' aria-label='properties of hit and query'>"
        f"{rings}{''.join(spokes)}{''.join(shapes)}{''.join(labels)}</svg>"
    )


def _shape(values: Mapping[str, float], colour: str, *, dashed: bool) -> str:
    shares = [_share(values.get(name), top) for name, _, top in AXES]
    dash = " stroke-dasharray='5 4'" if dashed else ""
    fill = "none" if dashed else colour
    return (
        f"<polygon points='{_path(shares)}' fill='{fill}' fill-opacity='.22' stroke='{colour}' "
        f"stroke-width='2'{dash}/>"
    )


def _share(value: float | None, top: float) -> float:
    """Share of the outer ring, 0 to 1; nothing is known of what is missing."""
    return 0.0 if value is None or value != value else min(max(float(value), 0.0) / top, 1.0)


def _place(number: int, share: float) -> tuple[float, float]:
    angle = 2 * math.pi * number / len(AXES) - math.pi / 2
    return (
        _SIZE / 2 + _RADIUS * share * math.cos(angle),
        _SIZE / 2 + _RADIUS * share * math.sin(angle),
    )


def _path(shares: Sequence[float]) -> str:
    places = (_place(number, share) for number, share in enumerate(shares))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _short(value: float | None) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:.1f}"
