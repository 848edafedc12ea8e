"""The page of an ablation: a table and a figure a question, between markers of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ablation.plan import Question
from ablation.summary import RANKED, SEVERAL, metrics_of
from molsearch.errors import InputError
from molsearch.io.markers import replaced

_HEADS = {
    "bedroc_80p5": "BEDROC(80.5)",
    "novel_bedroc_80p5": "novel BEDROC",
    "auroc": "AUROC",
    "blend_bedroc_80p5": "BEDROC blended with ECFP4",
    "several_bedroc_80p5": "BEDROC, five queries",
    "several_blend_bedroc_80p5": "BEDROC, five queries, with ECFP4",
    "ranked_bedroc_80p5": "BEDROC, default ranking",
    "several_ranked_bedroc_80p5": "BEDROC, default ranking, five queries",
}
_COMPARED = ("bedroc_80p5", "novel_bedroc_80p5", *SEVERAL, *RANKED)


def page(text: str, plan: dict[str, Question], records: dict[str, dict[str, Any]]) -> str:
    """Return the page's text with every question's part renewed; the rest stays as it is.

    Raises
    ------
    InputError
        A question has no markers on the page, or markers have no question.
    """
    marked = re.findall(r"<!-- ablation:(\S+) -->", text)
    for name in {*plan} ^ {*marked}:
        raise InputError(f"the page's markers and the plan disagree on question {name!r}")
    for name, asked in plan.items():
        part = _section(name, asked, records.get(name))
        start, end = f"<!-- ablation:{name} -->", f"<!-- /ablation:{name} -->"
        text = replaced(text, start, end, part, f"question {name!r}")
    return text


def _section(name: str, asked: Question, record: dict[str, Any] | None) -> str:
    said = record or asked.model_dump()
    head = [f"{said['asks']}", "", f"*Budget:* {said['budget']}."]
    if record is None:
        return "\n".join([*head, "", "**No result is committed yet.**"])
    for word, names in _missing(record["variants"]).items():
        head += ["", f"**{word}:** {'; '.join(names)}."]
    alt = f"{record['title']}: figures by variant"
    return "\n".join(
        [
            *head,
            "",
            f"![{alt}](images/ablation-{name}.svg)",
            "",
            *_table(_figures(record)),
            "",
            f"Against the variant named, {len(record['targets'])} targets:",
            "",
            *_table(_differences(record)),
            "",
            f"Figures by target: `results/ablation/{name}.json`; trained at {_commits(record)}.",
        ]
    )


def _missing(variants: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Name what lacks some seeds apart from what was never trained."""
    begun = [
        f"{one['label']} lacks {_seeds(one['missing'])}"
        for one in variants
        if one["missing"] and one["runs"]
    ]
    never = [one["label"] for one in variants if not one["runs"]]
    told = {"Incomplete": begun, "Built and tested, not trained": never}
    return {word: names for word, names in told.items() if names}


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _figures(record: dict[str, Any]) -> list[list[str]]:
    ecfp4, told = record["ecfp4"]["mean"], metrics_of(record)
    rows = [
        ["variant", "encoder", "seeds", *(_HEADS[m] for m in told), "BEDROC / ECFP4's",
         "molecule passes", "minutes"],
        ["ECFP4", "–", "–", *(_number(ecfp4.get(m)) for m in told), "1", "–", "–"],
    ]  # fmt: skip
    for one in record["variants"]:
        done = len(one["runs"])
        if not done:
            continue
        rows.append(
            [
                one["label"],
                one["encoder"],
                f"{done} of {len(one['seeds'])}" if one["missing"] else str(done),
                *(spread(one["mean"][m], one["sd"][m]) for m in told),
                _ratio(one["over_ecfp4"].get("bedroc_80p5")),
                _average(one["runs"], "molecule_passes", 1),
                _average(one["runs"], "seconds", 60),
            ]
        )
    return rows


def _differences(record: dict[str, Any]) -> list[list[str]]:
    labels = {one["name"]: one["label"] for one in record["variants"]}
    compared = [m for m in metrics_of(record) if m in _COMPARED]
    heads = [(f"{_HEADS[m]}, difference [95 %]", "better : worse") for m in compared]
    rows = [["variant", "against", "seeds", *(head for both in heads for head in both)]]
    for one in record["variants"]:
        found = one["difference"]
        if found is None:
            continue
        cells = [cell for m in compared for cell in (signed(found[m]), _wins(found[m]))]
        rows.append([one["label"], labels[found["against"]], str(len(found["seeds"])), *cells])
    return rows


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    head, *body = rows
    if not body:
        return ["(no pair of variants has a seed in common yet)"]
    lines = [head, ["---"] * len(head), *body]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def spread(mean: float | None, sd: float | None) -> str:
    """Format a mean over seeds with its standard deviation, where it has one."""
    return _number(mean) if sd is None else f"{_number(mean)} ± {sd:.3f}"


def signed(found: dict[str, Any]) -> str:
    """Format a difference with its interval, in bold where the interval leaves zero out."""
    if found["mean"] is None:
        return "–"
    text = f"{found['mean']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]".replace("-", "−")
    return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text


def _wins(found: dict[str, Any]) -> str:
    return f"{found['wins']} : {found['losses']}"


def _ratio(found: dict[str, Any] | None) -> str:
    if not found or found["mean"] is None:
        return "–"
    return f"{found['mean']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"


def _average(runs: Sequence[dict[str, Any]], name: str, unit: float) -> str:
    if not runs:
        return "–"
    return f"{sum(run[name] for run in runs) / len(runs) / unit:,.0f}"


def _commits(record: dict[str, Any]) -> str:
    found = {
        part["commit"][:10] + ("+" if part["commit"].endswith("+") else "")
        for one in record["variants"]
        for run in one["runs"]
        for part in run["trained_by"]
    }
    return ", ".join(f"`{one}`" for one in sorted(found)) or "a commit that was not noted"
