"""A question's figure as a stand-alone SVG that follows the reader's light or dark theme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

PANELS = (("bedroc_80p5", "BEDROC(80.5)"), ("novel_bedroc_80p5", "BEDROC, new by ECFP4"))
_ECFP4 = "#d9822b"
# Middle brightness: they stand on white and on black.
_COLOURS = ("#2a9db8", "#e5484d", "#2f9e62", "#8e6bd6", "#b58105", "#8a94a0")
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.m{fill:#6a737d}.h{font-weight:600}"
    ".g{stroke:#8a94a0;stroke-opacity:.28;fill:none}.l{fill:none;stroke-width:2}"
    f".e{{stroke:{_ECFP4};stroke-width:1.6;stroke-dasharray:5 4;fill:none}}.et{{fill:{_ECFP4}}}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.m{fill:#9aa4ae}}"
)
_WIDTH, _GAP, _ROW = 860.0, 26.0, 34.0


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to pixels, evenly or by logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = (
            (math.log(v) for v in (self.low, self.high)) if self.log else (self.low, self.high)
        )
        at = math.log(value) if self.log else value
        return round(self.start + (at - low) / (high - low) * (self.end - self.start), 1)


def figure(record: dict[str, Any]) -> str:
    """Draw a question: dots a seed with mean ± sd, or lines where an amount is swept."""
    body, height = _sweep(record) if record["sweep"] else _dots(record)
    label = f"{record['title']}: development figures of {len(record['variants'])} variants"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" role="img" '
        f'aria-label="{escape(label, quote=True)}"><style>{_STYLE}</style>{body}</svg>\n'
    )


def _dots(record: dict[str, Any]) -> tuple[str, float]:
    variants = record["variants"]
    left = 16 + 6.9 * max(len(_label(one)) for one in variants)
    top, bottom = 44.0, 44.0 + _ROW * len(variants)
    width = (_WIDTH - left - _GAP - 14) / 2
    body = [
        _text(left - 10, top + _ROW * (place + 0.5) + 4, _label(one), "end")
        for place, one in enumerate(variants)
    ]
    for number, (metric, title) in enumerate(PANELS):
        start = left + number * (width + _GAP)
        ecfp4 = record["ecfp4"]["mean"][metric]
        low, high = _range([*_values(record, metric), ecfp4])
        x = _Scale(low, high, start, start + width)
        body.append(_text(start + width / 2, 16, title, css="h"))
        for tick in _ticks(low, high):
            body.append(f'<path class="g" d="M{x(tick)} {top}V{bottom}"/>')
            body.append(_text(x(tick), bottom + 17, f"{tick:g}", css="m"))
        body.append(f'<path class="e" d="M{x(ecfp4)} {top - 6}V{bottom}"/>')
        body.append(_text(x(ecfp4), top - 10, f"ECFP4 {ecfp4:.3f}", _anchor(x, ecfp4), "et"))
        for place, one in enumerate(variants):
            body.append(_seeds(x, top + _ROW * (place + 0.5), one, metric, _colour(record, one)))
    foot = "A dot a seed, the stroke its mean, the bar one standard deviation; the axis is cut."
    body.append(_text(_WIDTH - 14, bottom + 38, foot, "end", "m"))
    return "".join(body), bottom + 48


def _seeds(x: _Scale, y: float, variant: dict[str, Any], metric: str, colour: str) -> str:
    mean, sd = variant["mean"][metric], variant["sd"][metric]
    if mean is None:
        return _text((x.start + x.end) / 2, y + 4, "not run yet", css="m")
    parts = []
    if sd is not None:
        ends = f"M{x(mean - sd)} {y}H{x(mean + sd)}"
        parts.append(f'<path d="{ends}" stroke="{colour}" stroke-width="8" stroke-opacity=".28"/>')
    for run in variant["runs"]:
        value = run["mean"][metric]
        said = escape(f"{variant['label']}, seed {run['seed']}: {value:.3f}")
        parts.append(
            f'<circle cx="{x(value)}" cy="{y}" r="4.5" fill="{colour}" fill-opacity=".75">'
            f"<title>{said}</title></circle>"
        )
    parts.append(f'<path d="M{x(mean)} {y - 10}V{y + 10}" stroke="{colour}" stroke-width="2.5"/>')
    return "".join(parts)


def _sweep(record: dict[str, Any]) -> tuple[str, float]:
    top, bottom, left = 66.0, 316.0, 52.0
    width = (_WIDTH - left - _GAP * 2 - 24) / 2
    lines = list(dict.fromkeys(one["line"] for one in record["variants"]))
    drawn = [one for one in record["variants"] if one["runs"]]
    places = sorted({one["x"] for one in drawn})
    body = [_legend(lines)]
    for number, (metric, title) in enumerate(PANELS):
        start = left + number * (width + _GAP * 2)
        ecfp4 = record["ecfp4"]["mean"][metric]
        low, high = _range([*_values(record, metric), ecfp4])
        x = _Scale(places[0] / 1.25, places[-1] * 1.25, start, start + width, log=True)
        y = _Scale(low, high, bottom, top)
        body.append(_text(start + width / 2, 48, title, css="h"))
        for tick in _ticks(low, high):
            body.append(f'<path class="g" d="M{start:.1f} {y(tick)}h{width:.1f}"/>')
            body.append(_text(start - 6, y(tick) + 4, f"{tick:g}", "end", "m"))
        body += [_text(x(place), bottom + 18, _amount(place), css="m") for place in places]
        body.append(_text(start + width / 2, bottom + 38, record["sweep"]["x"]))
        body.append(f'<path class="e" d="M{start:.1f} {y(ecfp4)}h{width:.1f}"/>')
        body.append(_text(start + width, y(ecfp4) - 6, f"ECFP4 {ecfp4:.3f}", "end", "et"))
        body += [_line(x, y, [v for v in drawn if v["line"] == name], metric, colour)
                 for name, colour in zip(lines, _cycle(len(lines)), strict=True)]  # fmt: skip
    note = "" if record["complete"] else "Some runs are missing. "
    body.append(_text(_WIDTH - 24, bottom + 58, f"{note}The axis is cut.", "end", "m"))
    return "".join(body), bottom + 68


def _line(
    x: _Scale, y: _Scale, variants: Sequence[dict[str, Any]], metric: str, colour: str
) -> str:
    ordered = sorted(variants, key=lambda one: one["x"])
    points = [(x(one["x"]), y(one["mean"][metric])) for one in ordered]
    parts = []
    if len(points) > 1:
        path = "M" + "L".join(f"{a} {b}" for a, b in points)
        parts.append(f'<path class="l" stroke="{colour}" d="{path}"/>')
    for one in ordered:
        for run in one["runs"]:
            value = run["mean"][metric]
            said = escape(f"{one['label']}, seed {run['seed']}: {value:.3f}")
            parts.append(
                f'<circle cx="{x(one["x"])}" cy="{y(value)}" r="4.5" fill="{colour}">'
                f"<title>{said}</title></circle>"
            )
    return "".join(parts)


def _legend(lines: Sequence[str]) -> str:
    parts, at = [], 52.0
    for name, colour in zip(lines, _cycle(len(lines)), strict=True):
        parts.append(f'<circle cx="{at + 5:.1f}" cy="16" r="5" fill="{colour}"/>')
        parts.append(_text(at + 16, 20, name, "start"))
        at += 44 + 7.0 * len(name)
    return "".join(parts)


def _label(variant: dict[str, Any]) -> str:
    missing, seeds = len(variant["missing"]), len(variant["seeds"])
    if not variant["runs"] or not missing:
        return str(variant["label"])
    return f"{variant['label']} ({seeds - missing} of {seeds} seeds)"


def _colour(record: dict[str, Any], variant: dict[str, Any]) -> str:
    """Grey-blue for what others are held against, one colour for all others."""
    return _COLOURS[-1] if variant["name"] == record["reference"] else _COLOURS[0]


def _cycle(n: int) -> list[str]:
    return [_COLOURS[place % len(_COLOURS)] for place in range(n)]


def _values(record: dict[str, Any], metric: str) -> list[float]:
    """All that must fit on an axis: seeds, and mean ± sd."""
    found = []
    for one in record["variants"]:
        mean, sd = one["mean"][metric], one["sd"][metric] or 0.0
        if mean is not None:
            found += [mean - sd, mean + sd, *(run["mean"][metric] for run in one["runs"])]
    return found


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = max(0.12 * (high - low), 0.005)
    return low - pad, high + pad


def _ticks(low: float, high: float) -> list[float]:
    """Between two and five round values within the range."""
    power = 10.0 ** math.floor(math.log10(high - low))
    step = next(power * s for s in (0.1, 0.2, 0.5, 1, 2) if (high - low) / (power * s) < 5)
    first = math.ceil(low / step)
    return [float(f"{n * step:.6g}") for n in range(first, math.floor(high / step) + 1)]


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def _anchor(x: _Scale, value: float) -> str:
    """Keep a label over a line inside its panel."""
    share = (x(value) - x.start) / (x.end - x.start)
    return "start" if share < 0.2 else "end" if share > 0.8 else "middle"


def _text(x: float, y: float, text: str, anchor: str = "middle", css: str = "") -> str:
    kind = f' class="{css}"' if css else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}>{escape(text)}</text>'
