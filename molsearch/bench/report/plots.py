"""Small plots as SVG text, drawn without a plotting library so that a page stays self-contained.

Colours come from CSS classes ``s0`` … ``s7`` of the page, so plots follow light and dark themes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from molsearch.view import svg

N_COLOURS = 8
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 12.0, 10.0, 34.0
_ROW = 15.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Axes:
    """A plotting area in pixels; x may be logarithmic."""

    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    log: bool = False
    left: float = _LEFT

    def px(self, value: float) -> float:
        low, high = (np.log10(v) for v in self.x) if self.log else self.x
        at = np.log10(max(value, self.x[0])) if self.log else value
        share = (at - low) / (high - low)
        return round(float(self.left + share * (self.width - self.left - _RIGHT)), 1)

    def py(self, value: float) -> float:
        share = (value - self.y[0]) / (self.y[1] - self.y[0])
        return round(float(self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)), 1)


def _frame(axes: _Axes, x_ticks: Sequence[float], y_ticks: Sequence[float], x_label: str) -> str:
    bottom = axes.height - _BOTTOM
    parts = []
    for tick in x_ticks:
        x = axes.px(tick)
        parts.append(svg.path(f"M{x} {_TOP}V{bottom}", "g"))
        parts.append(svg.text(x, bottom + 14, f"{tick:g}"))
    for tick in y_ticks:
        y = axes.py(tick)
        parts.append(svg.path(f"M{axes.left} {y}H{axes.width - _RIGHT}", "g"))
        parts.append(svg.text(axes.left - 5, y + 4, f"{tick:g}", "end"))
    middle = (axes.left + axes.width - _RIGHT) / 2
    parts.append(svg.text(middle, axes.height - 4, x_label))
    return "".join(parts)


def _drawn(axes: _Axes, body: Sequence[str], label: str) -> str:
    size = f'style="max-width:{1.25 * axes.width:g}px;--w:{axes.width:g}px"'
    return svg.document(body, axes.width, axes.height, label, more=size)


def curves(x: Floats, series: Mapping[str, Floats], x_label: str, label: str) -> str:
    """Lines over a logarithmic x axis from 0.001 to 1, y from 0 to 1, with the diagonal of chance.

    Parameters
    ----------
    x
        Positions, ascending, shape ``[n]``.
    series
        Values ``[n]`` by name; the i-th has colour ``s<i>``.
    x_label, label
        Axis title, and what the plot shows for those who cannot see it.
    """
    axes = _Axes(430, 300, (1e-3, 1.0), (0.0, 1.0), log=True)
    body = [_frame(axes, [1e-3, 1e-2, 1e-1, 1.0], [0, 0.25, 0.5, 0.75, 1.0], x_label)]
    body.append(svg.path(_path(axes, x, x), "chance"))
    for number, (name, values) in enumerate(series.items()):
        body.append(svg.path(_path(axes, x, values), f"line {_colour(number)}", name))
    return _drawn(axes, body, label)


def _path(axes: _Axes, x: Floats, y: Floats) -> str:
    return svg.through((axes.px(a), axes.py(b)) for a, b in zip(x, y, strict=True))


def _colour(number: int) -> str:
    return f"s{number % N_COLOURS}"


def dots(
    rows: Sequence[str],
    series: Mapping[str, Sequence[float]],
    x_label: str,
    label: str,
    highest: float = 1.0,
) -> str:
    """One row a target, one dot a method; the first method is a ring, the others are filled.

    Parameters
    ----------
    rows
        Row names, top to bottom.
    series
        Values by method in the order of `rows`; NaN draws nothing.
    highest
        Upper end of the x axis, which starts at 0.
    """
    left = 14.0 + 7.4 * max((len(row) for row in rows), default=0)
    height = _TOP + _BOTTOM + _ROW * max(len(rows), 1)
    axes = _Axes(620, height, (0.0, highest), (0.0, 1.0), left=left)
    body = [_frame(axes, svg.ticks(0.0, highest), [], x_label)]
    for place, row in enumerate(rows):
        y = _TOP + _ROW * (place + 0.5)
        body.append(svg.text(left - 6, y + 4, row, "end"))
        values = [series[name][place] for name in series]
        known = [value for value in values if not np.isnan(value)]
        if known:
            ends = f"M{axes.px(min(known))} {y}H{axes.px(max(known))}"
            body.append(svg.path(ends, "span"))
        for number, (name, value) in enumerate(zip(series, values, strict=True)):
            if not np.isnan(value):
                body.append(_dot(axes.px(value), y, number, f"{row}, {name}: {value:.3g}"))
    return _drawn(axes, body, label)


def _dot(x: float, y: float, number: int, title: str) -> str:
    kind = "ring" if number == 0 else "dot"
    return svg.circle(x, y, 4, f"{kind} {_colour(number)}", title)


def bars(
    groups: Sequence[str],
    series: Mapping[str, Sequence[tuple[float, float, float]]],
    y_label: str,
    label: str,
) -> str:
    """Draw grouped bars with intervals: one group a tier, one bar a method.

    Parameters
    ----------
    groups
        Group names.
    series
        (mean, low, high) by method in the order of `groups`; NaN draws nothing.
    """
    highest = max((v for values in series.values() for v in _highs(values)), default=1.0)
    # A label's letters are about six wide.
    step = max([96.0, *[6.2 * len(group) for group in groups]])
    axes = _Axes(max(360.0, 40.0 + step * len(groups)), 260, (0.0, 1.0), (0.0, highest * 1.05))
    body = [_frame(axes, [], svg.ticks(0.0, highest), y_label)]
    slot = (axes.width - axes.left - _RIGHT) / max(len(groups), 1)
    width = 0.8 * slot / max(len(series), 1)
    for place, group in enumerate(groups):
        start = axes.left + slot * place + 0.1 * slot
        body.append(svg.text(start + 0.4 * slot, axes.height - _BOTTOM + 14, group))
        for number, (name, values) in enumerate(series.items()):
            mean, low, high = values[place]
            if not np.isnan(mean):
                x = start + width * number
                body.append(_bar(axes, x, width, number, (mean, low, high), f"{group}, {name}"))
    return _drawn(axes, body, label)


def _highs(values: Sequence[tuple[float, float, float]]) -> list[float]:
    return [high for _, _, high in values if not np.isnan(high) and high > 0]


def _bar(
    axes: _Axes,
    x: float,
    width: float,
    number: int,
    value: tuple[float, float, float],
    title: str,
) -> str:
    mean, low, high = value
    top, middle = axes.py(mean), x + width / 2
    text = f"{title}: {mean:.3g} [{low:.3g}, {high:.3g}]"
    height = axes.py(0.0) - top
    return svg.rectangle(x, top, width * 0.9, height, f"bar {_colour(number)}", text) + svg.path(
        f"M{middle:.1f} {axes.py(low)}V{axes.py(high)}", "whisker"
    )


def stack(parts: Mapping[str, float], label: str) -> str:
    """One bar divided by shares, named beneath: how actives fall into tiers."""
    total = sum(parts.values()) or 1.0
    axes = _Axes(620, 46, (0.0, 1.0), (0.0, 1.0), left=0.0)
    body, start = [], 0.0
    for number, (name, value) in enumerate(parts.items()):
        width = 620.0 * value / total
        title = f"{name}: {value:,.0f} ({value / total:.0%})"
        body.append(svg.rectangle(start, 4, width, 20, f"bar {_colour(number)}", title))
        if width > 70:
            body.append(svg.text(start + width / 2, 38, f"{name}: {value / total:.0%}"))
        start += width
    return _drawn(axes, body, label)
