"""The reliability curve of a screen's trust: probabilities as told, against what was active."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from molsearch.view import svg
from molsearch.words import counted

TITLE = "How far a probability holds: told against true, on targets held out"
LABEL = "Probability of being active as told, against the share that was active"
MEANING = (
    "Molecules of the development screens, by likeness to the nearest query, in bins of equal "
    "number: the nearer to the dashed line, the truer. Shares are those of these screens; another "
    "base rate moves both alike."
)
# Of middle brightness: they stand on light and dark pages alike.
_COLOURS = ("#8a94a0", "#d9822b", "#2a9db8", "#8e6bbf")
_WIDTH, _HEIGHT = 420, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 396, 12, 250
_LEAST = 1e-4
_TICKS = ((1e-4, "0.01 %"), (1e-3, "0.1 %"), (1e-2, "1 %"), (1e-1, "10 %"), (1.0, "100 %"))


def curve(tiers: Sequence[Mapping[str, Any]]) -> str:
    """Draw the curve of each tier as SVG text; empty where there is none.

    Both axes are logarithmic, since most molecules are active with a small probability.

    Parameters
    ----------
    tiers
        Mappings with ``ecfp4`` (likeness to the nearest query, from and to) and ``curve``: told,
        seen and number of molecules of each bin, as ``results/trust.json`` holds them.
    """
    shown = [tier for tier in tiers if tier["curve"]]
    if not shown:
        return ""
    body = [_frame()]
    for number, tier in enumerate(shown):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [(_x(told), _y(seen), told, seen, int(n)) for told, seen, n in tier["curve"]]
        line = svg.through((x, y) for x, y, *_ in points)
        body.append(svg.path(line, more=f'fill="none" stroke="{colour}" stroke-width="1.6"'))
        for x, y, told, seen, n in points:
            words = f"{_name(tier)}: told {_percent(told)}, active {_percent(seen)} of {n:,}"
            filled = f'fill="{colour}" stroke="none"'
            body.append(svg.circle(x, y, 3.2, title=words, more=filled))
    letters = 'font-family="sans-serif" font-size="11" fill="currentColor"'
    return svg.document(body, _WIDTH, _HEIGHT, LABEL, more=letters)


def legend(tiers: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """List the colour and the words of each tier that `curve` draws."""
    shown = [tier for tier in tiers if tier["curve"]]
    return [
        (
            _COLOURS[number % len(_COLOURS)],
            f"{_name(tier)}: error {tier['error']:.3f} ({_actives(tier)})",
        )
        for number, tier in enumerate(shown)
    ]


def _actives(tier: Mapping[str, Any]) -> str:
    return counted(int(tier["n_actives"]), "active")


def _name(tier: Mapping[str, Any]) -> str:
    low, high = tier["ecfp4"]
    return f"ECFP4 below {high:g}" if low <= 0 else f"ECFP4 {low:g} to {high:g}"


def _frame() -> str:
    true = _line(f"M{_LEFT} {_BOTTOM}L{_RIGHT} {_TOP}", ".45", ' stroke-dasharray="3 4"')
    parts = [true]
    for value, text in _TICKS:
        x, y = _x(value), _y(value)
        parts.append(_line(f"M{x} {_TOP}V{_BOTTOM}M{_LEFT} {y}H{_RIGHT}", ".15"))
        parts.append(svg.text(x, _BOTTOM + 16, text))
        parts.append(svg.text(_LEFT - 6, y + 4, text, "end"))
    x, y = (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2
    parts.append(svg.text(x, _HEIGHT - 12, "probability as told"))
    turned = f'transform="translate(11 {y:g}) rotate(-90)"'
    parts.append(svg.text(0, 0, "share that was active", more=turned))
    return "".join(parts)


def _line(drawn: str, opacity: str, more: str = "") -> str:
    return svg.path(drawn, more=f'stroke="currentColor" opacity="{opacity}"{more}')


# What is rarer than the least stands on the edge.
_x = svg.Scale(_LEAST, 1.0, _LEFT, _RIGHT, log=True)
_y = svg.Scale(_LEAST, 1.0, _BOTTOM, _TOP, log=True)


def _percent(value: float) -> str:
    return f"{100 * value:.2g} %"
