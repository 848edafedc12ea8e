"""Plans and finished runs of an ablation, written by hand instead of trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from molsearch.cli.train_config import read_config

TARGETS = ("P1", "P2", "P3", "P4", "P5", "P6")
METRICS = ("auroc", "bedroc_80p5", "novel_bedroc_80p5", "blend_bedroc_80p5")
PLAIN = {"name": "plain", "steps": 8, "evaluate_every": 4}
SOFT = {**PLAIN, "name": "soft", "method": "semi_supervised"}
QUESTIONS: dict[str, Any] = {
    "method": {
        "title": "Soft labels",
        "asks": "Do they help?",
        "budget": "8 steps",
        "reference": "supervised",
        "seeds": [1, 2, 3],
        "set": ["micro_batch=16"],
        "variants": [
            {"name": "supervised", "label": "pairs | alone", "config": "plain.yaml"},
            {"name": "soft", "label": "soft <labels>", "config": "soft.yaml", "encoder": "g",
             "set": ["soft.uniformity=0"]},
            {"name": "teacher", "label": "their teacher", "run": "soft", "seeds": [1]},
        ],
    },
    "labels": {
        "title": "Labels",
        "asks": "How many?",
        "budget": "8 steps",
        "reference": "all",
        "seeds": [1],
        "sweep": {"x": "labelled pairs", "measured": "pairs"},
        "variants": [
            {"name": "few", "label": "few", "line": "pairs", "config": "plain.yaml",
             "set": ["steps=4"]},
            {"name": "all", "label": "all", "line": "pairs", "run": "method/supervised"},
        ],
    },
}  # fmt: skip
PAGE = "".join(
    f"# {name}\nby hand\n<!-- ablation:{name} -->\nold\n<!-- /ablation:{name} -->\nafter {name}\n"
    for name in QUESTIONS
)


def write_plan(folder: Path, questions: dict[str, Any] | None = None) -> Path:
    """Write a plan with its two configurations and a page."""
    (folder / "plain.yaml").write_text(yaml.safe_dump(PLAIN))
    (folder / "soft.yaml").write_text(yaml.safe_dump(SOFT))
    (folder / "page.md").write_text(PAGE)
    plan = folder / "plan.yaml"
    plan.write_text(yaml.safe_dump({"questions": questions or QUESTIONS}, sort_keys=False))
    return plan


def figures(seed: int, lift: float) -> pd.DataFrame:
    """Figures a target; the third has no novel actives."""
    values = np.random.default_rng(seed).uniform(0.3, 0.5, (len(TARGETS), len(METRICS))) + lift
    table = pd.DataFrame(values.round(5), columns=list(METRICS))
    table.loc[2, "novel_bedroc_80p5"] = np.nan
    return table


def finish(
    folder: Path, config_file: Path, changes: list[str], seed: int, *, lift: float = 0.0,
    pairs: int = 900,
) -> None:  # fmt: skip
    """Write what a finished run leaves; of two encoders the second ships, as g does."""
    folder.mkdir(parents=True)
    config = read_config(config_file, [*changes, f"seed={seed}"])
    both = config.method == "semi_supervised"
    table = pd.DataFrame({"target": TARGETS, "n": range(100, 106)})
    table = table.join(figures(seed, lift))
    if both:
        table = table.join(figures(seed + 50, 0.0), rsuffix="_f")
    ecfp4 = figures(99, -0.1).drop(columns="blend_bedroc_80p5").add_suffix("_ecfp4")
    table.join(ecfp4).to_csv(folder / "development.csv", index=False)
    counts = ("molecules", "molecules_with_3d", "targets", "unlabelled_molecules")
    training = {
        "config": config.model_dump(mode="json"),
        "encoder": "g" if both else "f",
        "steps": config.steps,
        "chosen_step": config.steps,
        "molecule_passes": 8192,
        "seconds": 120 * seed,
        "pairs": pairs,
        **dict.fromkeys(counts, 10),
    }
    card = {"identity": "x" * 64, "training": training}
    (folder / "card.json").write_text(json.dumps(card))


def finish_all(plan_folder: Path, runs: Path, seeds: tuple[int, ...] = (1, 2, 3)) -> None:
    """Finish every run of the plan above for some seeds."""
    for seed in seeds:
        common = ["micro_batch=16"]
        finish(runs / f"method/supervised-{seed}", plan_folder / "plain.yaml", common, seed)
        finish(
            runs / f"method/soft-{seed}", plan_folder / "soft.yaml",
            [*common, "soft.uniformity=0"], seed, lift=0.1,
        )  # fmt: skip
    finish(runs / "labels/few-1", plan_folder / "plain.yaml", ["steps=4"], 1, pairs=30)
