"""A radar of a hit's properties against its query's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from molsearch.view import svg
from molsearch_app.components import theme

# Property, label, what the outer ring stands for.
AXES = (
    ("mw", "MW", 700.0), ("clogp", "cLogP", 7.0), ("tpsa", "TPSA", 160.0), ("hbd", "donors", 6.0),
    ("hba", "acceptors", 12.0), ("rotatable_bonds", "rotors", 14.0),
)  # fmt: skip
RING = ", ".join(f"{label} {top:g}" for _, label, top in AXES)
_SIZE, _RADIUS = 250, 82
_LETTERS = 'font-family="sans-serif" font-size="10.5" fill="currentColor" opacity=".8"'


def radar(hit: Mapping[str, float], query: Mapping[str, float]) -> str:
    """Draw the radar as inline SVG, in the colour of the text around it."""
    centre = _SIZE / 2
    faint = 'fill="none" stroke="currentColor" opacity=".16"'
    rings = [svg.polygon(_places([share] * len(AXES)), faint) for share in (0.25, 0.5, 0.75, 1.0)]
    spokes, labels = [], []
    for number, (name, label, _) in enumerate(AXES):
        spokes.append(svg.path(svg.through([(centre, centre), _place(number, 1.0)]), more=faint))
        x, y = _place(number, 1.2)
        anchor = "middle" if abs(x - centre) < 8 else "start" if x > centre else "end"
        words = f"{label} {_short(hit.get(name))}"
        labels.append(svg.text(x, y + 4, words, anchor, more=_LETTERS))
    shapes = [
        _shape(query, theme.QUERY, dashed=True),
        _shape(hit, theme.SCORE, dashed=False),
    ]
    body = [*rings, *spokes, *shapes, *labels]
    label = "properties of hit and query"
    size = (_SIZE + 90, _SIZE - 20)
    return svg.document(body, *size, label, corner=(-45, 10), more='width="100%"')


def _shape(values: Mapping[str, float], colour: str, *, dashed: bool) -> str:
    shares = [_share(values.get(name), top) for name, _, top in AXES]
    fill = "none" if dashed else colour
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    drawn = f'fill="{fill}" fill-opacity=".22" stroke="{colour}" stroke-width="2"{dash}'
    return svg.polygon(_places(shares), drawn)


def _share(value: float | None, top: float) -> float:
    """Share of the outer ring, 0 to 1; nothing is known of what is missing."""
    return 0.0 if value is None or value != value else min(max(float(value), 0.0) / top, 1.0)


def _place(number: int, share: float) -> tuple[float, float]:
    angle = 2 * math.pi * number / len(AXES) - math.pi / 2
    return (
        _SIZE / 2 + _RADIUS * share * math.cos(angle),
        _SIZE / 2 + _RADIUS * share * math.sin(angle),
    )


def _places(shares: Sequence[float]) -> list[tuple[float, float]]:
    return [_place(number, share) for number, share in enumerate(shares)]


def _short(value: float | None) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:.1f}"
