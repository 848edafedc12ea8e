"""From the folders of an ablation's runs to the record of a question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ValidationError

from ablation.kept import kept_run
from ablation.plan import AblationPlan, Question, Training, Variant, job_of
from ablation.runs import NOTE_FILE, is_finished
from ablation.summary import ECFP4_METRICS, METRICS, RANKED, SEVERAL, summarised
from molsearch.config import TrainConfig
from molsearch.errors import InputError
from molsearch.nn.weights import CARD_FILE
from molsearch.train.finish import CHOSEN_BY
from molsearch.train.log import EVALUATIONS_FILE

SCHEMA = 1
DEVELOPMENT_FILE = "development.csv"
# Settings that change neither what is learned nor from what.
_FREE = {"name", "data", "checkpoint_minutes", "micro_batch"}
_COUNTS = ("pairs", "molecules", "molecules_with_3d", "targets", "unlabelled_molecules")
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Screens:
    """What a run was judged on: targets with their numbers of molecules, ECFP4's figures."""

    targets: list[dict[str, Any]]
    ecfp4: dict[str, list[float | None]]

    def are(self, other: Screens) -> bool:
        """Say whether both are of the same targets, molecules and queries."""
        shared = [m for m in ECFP4_METRICS if m not in SEVERAL]
        return self.targets == other.targets and all(
            np.allclose(
                _floats(self.ecfp4[m]), _floats(other.ecfp4[m]), rtol=0, atol=1e-4, equal_nan=True
            )
            for m in shared
        )


def collect(
    plan: AblationPlan,
    folder: Path,
    question: str,
    runs: Path,
    say: Callable[[str], None],
    kept: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any] | None:
    """Gather a question's finished runs; None where there are none.

    Parameters
    ----------
    folder
        Of the plan, which its configurations lie beside.
    say
        Told of each run that is left out because it is damaged or was trained otherwise.
    kept
        Committed results, whose runs stand in for those that `runs` lacks.

    Returns
    -------
    dict
        See ``docs/ablation.md``; its ``complete`` says whether every variant has all its seeds.
    """
    asked = plan.questions[question]
    variants: list[dict[str, Any]] = []
    screens: list[Screens] = []
    for variant in asked.variants:
        found = []
        for seed in asked.seeds_of(variant):
            job = job_of(plan, folder, question, variant, seed)
            try:
                if is_finished(runs / job.name):
                    run, table = read_run(job, runs / job.name, variant.encoder, seed)
                    seen = _screens(table)
                elif (known := kept_run(plan, kept, question, variant, seed)) is not None:
                    run, seen = known[0], _recorded(known[1])
                else:
                    continue
                _same_screens(screens, seen, job.name)
            except InputError as error:
                say(f"left out: {error}")
                continue
            found.append(run)
            screens.append(seen)
        variants.append(_variant(plan, asked, question, variant, found))
    if not screens:
        return None
    return summarised(
        {
            "schema": SCHEMA,
            "question": question,
            **asked.model_dump(include={"title", "asks", "budget", "reference", "sweep"}),
            "complete": not any(variant["missing"] for variant in variants),
            "targets": screens[0].targets,
            "ecfp4": {"by_target": screens[0].ecfp4},
            "variants": variants,
        }
    )


def _variant(
    plan: AblationPlan,
    asked: Question,
    question: str,
    variant: Variant,
    found: list[dict[str, Any]],
) -> dict[str, Any]:
    place, trained = plan.trained(question, variant)
    seeds = asked.seeds_of(variant)
    done = [run["seed"] for run in found]
    against = variant.against or asked.reference
    x = variant.x
    if asked.sweep is not None and asked.sweep.measured and found:
        x = found[0]["data"][asked.sweep.measured]
    return {
        "name": variant.name,
        "label": variant.label,
        "line": variant.line,
        "x": x,
        "runs_of": f"{place}/{trained.name}",
        "config": trained.config,
        "set": [*plan.questions[place].set, *trained.set],
        "encoder": variant.encoder,
        "against": None if against == variant.name else against,
        "seeds": list(seeds),
        "missing": [seed for seed in seeds if seed not in done],
        "runs": found,
    }


def read_run(
    job: Training, folder: Path, encoder: str, seed: int
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Read one finished run: its record, and its development table.

    Raises
    ------
    InputError
        A file is absent or damaged, the run has no such encoder, or it was trained otherwise
        than the plan says.
    """
    try:
        card = json.loads((folder / CARD_FILE).read_text())
        training = card["training"]
        config = TrainConfig.model_validate(training["config"])
        table = pd.read_csv(folder / DEVELOPMENT_FILE)
        suffix = "" if training["encoder"] == encoder else f"_{encoder}"
        by_target = _columns(table, suffix, METRICS + SEVERAL + RANKED)
        run = {
            "seed": seed,
            "identity": card["identity"],
            "steps": training["steps"],
            "chosen_step": _chosen_step(folder, encoder, CHOSEN_BY[config.chosen_by])
            or training["chosen_step"],
            "molecule_passes": training["molecule_passes"],
            "seconds": training["seconds"],
            "data": {name: training[name] for name in _COUNTS},
            "trained_by": _json(folder / NOTE_FILE, []),
            "versions": _json(folder / "run.json", {}).get("versions", {}),
            "by_target": by_target,
        }
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{folder}: unusable ({type(error).__name__}: {reason})") from None
    if difference := differing(config, job.config()):
        raise InputError(
            f"{folder}: trained otherwise than the plan says: {difference}; remove the "
            "folder to train it anew"
        )
    return run, table


def differing(trained: TrainConfig, planned: TrainConfig) -> str:
    """Name the first setting that differs and matters; empty where none does."""
    one, other = (_placeless(c.model_dump(mode="json", exclude=_FREE)) for c in (trained, planned))
    for name, value in other.items():
        if one[name] != value:
            return f"{name} is {one[name]}, not {value}"
    return ""


def _placeless(config: dict[str, Any]) -> dict[str, Any]:
    """Name other encoders by their folder alone: where it lay changes nothing."""
    taught = {
        name: {**config[name], "teachers": [Path(one).name for one in config[name]["teachers"]]}
        for name in ("soft", "distil")
    }
    return {
        **config,
        "start_from": Path(config["start_from"]).name,
        "parts": [Path(part).name for part in config["parts"]],
        **taught,
    }


def _columns(
    table: pd.DataFrame, suffix: str, metrics: tuple[str, ...]
) -> dict[str, list[float | None]]:
    """Values of each figure that the table has by target; None where a target has none."""
    lacking = [name for name in SEVERAL + RANKED if f"{name}{suffix}" not in table]
    return {
        name: [
            None if np.isnan(value) else round(float(value), _DIGITS)
            for value in table[f"{name}{suffix}"].astype(float)
        ]
        for name in metrics
        if name not in lacking
    }


def _screens(table: pd.DataFrame) -> Screens:
    targets = [
        {"target": str(name), "molecules": int(n)}
        for name, n in zip(table["target"], table["n"], strict=True)
    ]
    return Screens(targets, _columns(table, "_ecfp4", ECFP4_METRICS))


def _recorded(record: Mapping[str, Any]) -> Screens:
    return Screens(record["targets"], record["ecfp4"]["by_target"])


def _same_screens(others: Sequence[Screens], seen: Screens, name: str) -> None:
    """Refuse runs that were screened on other targets, molecules or queries."""
    if others and not others[0].are(seen):
        raise InputError(f"{name}: its development screens are not those of the others")


def _chosen_step(folder: Path, encoder: str, figure: str) -> int:
    """Step whose weights an encoder's figures are of; 0 where no evaluations were kept."""
    path = folder / EVALUATIONS_FILE
    if not path.is_file():
        return 0
    rows = pd.read_csv(path)
    rows = rows[rows["encoder"] == encoder].reset_index(drop=True)
    return int(rows["step"][int(rows[figure].argmax())]) if len(rows) else 0


def _floats(values: Sequence[float | None]) -> npt.NDArray[np.float64]:
    return np.array([np.nan if one is None else one for one in values], np.float64)


def _json(path: Path, otherwise: Any) -> Any:
    return json.loads(path.read_text()) if path.is_file() else otherwise
