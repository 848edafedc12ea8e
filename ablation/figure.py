"""A question's figure as a stand-alone SVG that follows the reader's light or dark theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from molsearch.view import svg

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


def figure(record: dict[str, Any]) -> str:
    """Draw a question: dots a seed with mean ± sd, or lines where an amount is swept."""
    body, height = _sweep(record) if record["sweep"] else _dots(record)
    label = f"{record['title']}: development figures of {len(record['variants'])} variants"
    return svg.document([f"<style>{_STYLE}</style>", body], _WIDTH, height, label) + "\n"


def _dots(record: dict[str, Any]) -> tuple[str, float]:
    variants = record["variants"]
    left = 16 + 6.9 * max(len(_label(one)) for one in variants)
    top, bottom = 44.0, 44.0 + _ROW * len(variants)
    width = (_WIDTH - left - _GAP - 14) / 2
    body = [
        svg.text(left - 10, top + _ROW * (place + 0.5) + 4, _label(one), "end")
        for place, one in enumerate(variants)
    ]
    for number, (metric, title) in enumerate(PANELS):
        start = left + number * (width + _GAP)
        ecfp4 = record["ecfp4"]["mean"][metric]
        low, high = _range([*_values(record, metric), ecfp4])
        x = svg.Scale(low, high, start, start + width)
        body.append(svg.text(start + width / 2, 16, title, css="h"))
        for tick in svg.ticks(low, high):
            body.append(svg.path(f"M{x(tick)} {top}V{bottom}", "g"))
            body.append(svg.text(x(tick), bottom + 17, f"{tick:g}", css="m"))
        body.append(svg.path(f"M{x(ecfp4)} {top - 6}V{bottom}", "e"))
        body.append(svg.text(x(ecfp4), top - 10, f"ECFP4 {ecfp4:.3f}", _anchor(x, ecfp4), "et"))
        for place, one in enumerate(variants):
            body.append(_seeds(x, top + _ROW * (place + 0.5), one, metric, _colour(record, one)))
    foot = "A dot a seed, the stroke its mean, the bar one standard deviation; the axis is cut."
    body.append(svg.text(_WIDTH - 14, bottom + 38, foot, "end", "m"))
    return "".join(body), bottom + 48


def _seeds(x: svg.Scale, y: float, variant: dict[str, Any], metric: str, colour: str) -> str:
    mean, sd = variant["mean"][metric], variant["sd"][metric]
    if mean is None:
        return svg.text((x.start + x.end) / 2, y + 4, "not run yet", css="m")
    parts = []
    if sd is not None:
        ends = f"M{x(mean - sd)} {y}H{x(mean + sd)}"
        wide = f'stroke="{colour}" stroke-width="8" stroke-opacity=".28"'
        parts.append(svg.path(ends, more=wide))
    for run in variant["runs"]:
        value = run["mean"][metric]
        said = f"{variant['label']}, seed {run['seed']}: {value:.3f}"
        pale = f'fill="{colour}" fill-opacity=".75"'
        parts.append(svg.circle(x(value), y, 4.5, title=said, more=pale))
    stroke = f'stroke="{colour}" stroke-width="2.5"'
    parts.append(svg.path(f"M{x(mean)} {y - 10}V{y + 10}", more=stroke))
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
        x = svg.Scale(places[0] / 1.25, places[-1] * 1.25, start, start + width, log=True)
        y = svg.Scale(low, high, bottom, top)
        body.append(svg.text(start + width / 2, 48, title, css="h"))
        for tick in svg.ticks(low, high):
            body.append(svg.path(f"M{start:.1f} {y(tick)}h{width:.1f}", "g"))
            body.append(svg.text(start - 6, y(tick) + 4, f"{tick:g}", "end", "m"))
        body += [svg.text(x(place), bottom + 18, _amount(place), css="m") for place in places]
        body.append(svg.text(start + width / 2, bottom + 38, record["sweep"]["x"]))
        body.append(svg.path(f"M{start:.1f} {y(ecfp4)}h{width:.1f}", "e"))
        body.append(svg.text(start + width, y(ecfp4) - 6, f"ECFP4 {ecfp4:.3f}", "end", "et"))
        body += [_line(x, y, [v for v in drawn if v["line"] == name], metric, colour)
                 for name, colour in zip(lines, _cycle(len(lines)), strict=True)]  # fmt: skip
    note = "" if record["complete"] else "Some runs are missing. "
    body.append(svg.text(_WIDTH - 24, bottom + 58, f"{note}The axis is cut.", "end", "m"))
    return "".join(body), bottom + 68


def _line(
    x: svg.Scale, y: svg.Scale, variants: Sequence[dict[str, Any]], metric: str, colour: str
) -> str:
    ordered = sorted(variants, key=lambda one: one["x"])
    points = [(x(one["x"]), y(one["mean"][metric])) for one in ordered]
    parts = []
    if len(points) > 1:
        parts.append(svg.path(svg.through(points), "l", more=f'stroke="{colour}"'))
    for one in ordered:
        for run in one["runs"]:
            value = run["mean"][metric]
            said = f"{one['label']}, seed {run['seed']}: {value:.3f}"
            filled = f'fill="{colour}"'
            parts.append(svg.circle(x(one["x"]), y(value), 4.5, title=said, more=filled))
    return "".join(parts)


def _legend(lines: Sequence[str]) -> str:
    parts, at = [], 52.0
    for name, colour in zip(lines, _cycle(len(lines)), strict=True):
        parts.append(svg.circle(at + 5, 16, 5, more=f'fill="{colour}"'))
        parts.append(svg.text(at + 16, 20, name, "start"))
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


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:g}"


def _anchor(x: svg.Scale, value: float) -> str:
    """Keep a label over a line inside its panel."""
    share = (x(value) - x.start) / (x.end - x.start)
    return "start" if share < 0.2 else "end" if share > 0.8 else "middle"
