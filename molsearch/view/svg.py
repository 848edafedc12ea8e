"""Drawings as SVG text: the one place that writes its elements, for page, report, radar, ablation.

Nothing here knows what is drawn. Colours come from classes or attributes that the caller gives, so
that plots follow the theme of the page they stand on; words are escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels, evenly or by logarithm.

    Attributes
    ----------
    low, high
        Values at the ends; both above 0 where `log` is set.
    start, end
        Pixels at the ends; descending for an axis that points up.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Place a value, to a tenth of a pixel; on a logarithmic axis none lies below `low`."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, self.low))
        share = (at - low) / max(high - low, 1e-12)
        return round(self.start + share * (self.end - self.start), 1)


def document(
    body: Iterable[str],
    width: float,
    height: float,
    label: str,
    *,
    corner: tuple[float, float] = (0, 0),
    more: str = "",
) -> str:
    """Put elements together.

    Parameters
    ----------
    width, height
        Of the drawing, in pixels; it scales with the space that it is given.
    label
        What it shows, for those who cannot see it.
    corner
        Pixel at the upper left.
    more
        Further attributes.
    """
    x, y = corner
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x:g} {y:g} {width:g} {height:g}" '
        f'role="img" aria-label="{escape(label, quote=True)}"{_after(more)}>{"".join(body)}</svg>'
    )


def text(
    x: float | str,
    y: float | str,
    words: str,
    anchor: str = "middle",
    css: str = "",
    more: str = "",
) -> str:
    """Write words at a place."""
    return (
        f'<text x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}"{_class(css)}'
        f"{_after(more)}>{escape(words)}</text>"
    )


def path(drawn: str, css: str = "", title: str = "", more: str = "") -> str:
    """Draw a path, with words for who points at it."""
    return _closed("path", f'{_class(css)} d="{drawn}"{_after(more)}', title)


def circle(x: float, y: float, r: float, css: str = "", title: str = "", more: str = "") -> str:
    """Draw a dot."""
    return _closed("circle", f'{_class(css)} cx="{x:g}" cy="{y:g}" r="{r:g}"{_after(more)}', title)


def rectangle(
    x: float, y: float, width: float, height: float, css: str = "", title: str = "", more: str = ""
) -> str:
    """Draw a box."""
    size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return _closed("rect", f"{_class(css)} {size}{_after(more)}", title)


def polygon(points: Iterable[tuple[float, float]], more: str = "") -> str:
    """Draw a closed shape."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polygon points="{places}"{_after(more)}/>'


def through(points: Iterable[tuple[float, float]]) -> str:
    """Path through points, for `path`."""
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between two ends, at most so many and one: at steps of 1, 2 or 5."""
    span = max(high - low, 1e-12)
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * s for s in (1, 2, 5, 10) if span / (power * s) <= most * (1 + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{n * step:.6g}") for n in range(first, last + 1)]


def _closed(name: str, attributes: str, title: str) -> str:
    attributes = attributes.strip()
    if not title:
        return f"<{name} {attributes}/>"
    return f"<{name} {attributes}><title>{escape(title)}</title></{name}>"


def _class(css: str) -> str:
    return f' class="{css}"' if css else ""


def _after(more: str) -> str:
    return f" {more}" if more else ""


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.1f}"
