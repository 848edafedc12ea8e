"""What an encoder's card says, and fine-tuning on one's own series as a job."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from molsearch.bench.report.markdown import LABELS, number
from molsearch.errors import InputError
from molsearch.service.requests import TrainRequest, validated
from molsearch.words import counted
from molsearch_app import jobs, keeping
from molsearch_app.components import choose, uploads

BUNDLED = "bundled"
TUNED = "encoder"
# Fewer held-out actives than these tell good from bad luck badly.
FEW = 30
LIBRARY = (
    "molecules of the bundled example (known drugs of other classes and molecules made up from "
    "building blocks, none of them measured on your target, all taken for inactive)"
)
_LABELS = {
    **LABELS,
    "novel_bedroc_80p5": "BEDROC, new by ECFP4",
    "blend_bedroc_80p5": "BEDROC, blended with ECFP4",
    "auroc_inactives": "AUROC against the inactives",
}


def bundled_folder() -> Path:
    """Folder of the encoder that ships."""
    return Path(str(files("molsearch.weights").joinpath("small")))


def read_card(folder: Path) -> dict[str, Any]:
    """Read a card.

    Raises
    ------
    InputError
        There is none, or it is damaged.
    """
    try:
        found = json.loads((folder / "card.json").read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            f"no encoder card in {folder.name}: the encoder is not there, or its files are damaged"
        ) from error
    if not isinstance(found, dict):
        raise InputError(f"the card in {folder.name} is damaged")
    return found


def all_encoders() -> dict[str, Path]:
    """List encoders by their names, the bundled one first."""
    return {
        BUNDLED: bundled_folder(),
        **{choose.encoder_name(str(path)): path for path in choose.encoders()},
    }


def figures(card: dict[str, Any]) -> pd.DataFrame:
    """Development figures of encoder and ECFP4, a row each; empty where the card has none."""
    found = card.get("development") or {}
    return _rows({who: found[who] for who in ("encoder", "ecfp4") if who in found})


def tuning(card: dict[str, Any]) -> pd.DataFrame:
    """Figures before and after fine-tuning, on held-out scaffolds; empty where not tuned."""
    found = card.get("fine_tuning") or {}
    return _rows({who: found[who] for who in ("ecfp4", "before", "after") if who in found})


def evidence(card: dict[str, Any]) -> tuple[str, bool]:
    """Say what the figures of a fine-tuning rest on, and whether that is little.

    AUROC's standard error is Hanley and McNeil's (Radiology 143, 29, 1982), for one query.
    """
    counts = card.get("training") or {}
    actives, inactives, library = (
        int(counts.get(f"held_out{part}") or 0) for part in ("_actives", "", "_library")
    )
    if not actives:
        return "", False
    inactives -= actives
    told = f"{counted(actives, 'held-out active')} ranked among "
    told += f"{counted(inactives, 'held-out inactive')} and "
    told += f"{library:,} " if library else ""
    told += f"{LIBRARY}."
    few = actives < FEW
    auroc = float(((card.get("fine_tuning") or {}).get("after") or {}).get("auroc") or np.nan)
    if few and np.isfinite(auroc):
        margin = 1.96 * auroc_error(auroc, actives, inactives + library)
        told += (
            f" So few actives say little: AUROC is known to about ± {margin:.2f}, and a "
            "difference below that may be chance. Bring more actives, or judge by the next assay."
        )
    return told, few


def auroc_error(auroc: float, n_actives: int, n_others: int) -> float:
    """Return the standard error of an AUROC of so many actives and others."""
    one, two = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    spread = (n_actives - 1) * (one - auroc**2) + (n_others - 1) * (two - auroc**2)
    return float(np.sqrt((auroc * (1 - auroc) + spread) / (n_actives * max(n_others, 1))))


def _rows(named: dict[str, dict[str, Any]]) -> pd.DataFrame:
    rows = []
    for who, values in named.items():
        cells = {
            _LABELS.get(name, name): number(float(value), name)
            for name, value in values.items()
            if name != "n" and isinstance(value, int | float)
        }
        rows.append({"": {"ecfp4": "ECFP4"}.get(who, who), **cells})
    return pd.DataFrame(rows).fillna("–")


def scalars(section: Any, *, most: int = 24) -> list[tuple[str, str]]:
    """Plain values of a section of a card, for a table."""
    if not isinstance(section, dict):
        return []
    found = []
    for name, value in section.items():
        if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
            value = ", ".join(map(str, value[:12]))
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if isinstance(value, str | int | float) and str(value) != "":
            text = f"{value:,}" if isinstance(value, int) else str(value)
            found.append((name.replace("_", " "), text))
    return found[:most]


def limits(card: dict[str, Any]) -> list[str]:
    """Sentences about what the encoder does not say."""
    given = card.get("limits")
    said = [str(one) for one in given] if isinstance(given, list) else []
    return said or [
        (
            "Similar embeddings mean like ligands of like targets. No binding energy, no dose and "
            "no selectivity is predicted."
        ),
        (
            "Targets and chemistry unlike ChEMBL's are poorly covered; a screen warns where a "
            "query lies far from the training chemistry."
        ),
    ]


def likely(columns: Sequence[str], names: Sequence[str]) -> int | None:
    """Place of the column that the command line would take, had nobody named one."""
    plain = [column.lower() for column in columns]
    return next((plain.index(name) for name in names if name in plain), None)


def start_tuning(
    upload: Path, value: str, target: str | None, least: float, start_from: Path | None
) -> jobs.AppRun:
    """Start fine-tuning on an uploaded series."""
    run_id, folder = keeping.new_run("train")
    moved = uploads.into_run(upload, folder)
    series = {
        "activities": str(moved),
        "value_column": value or None,
        "target_column": target,
        "start_from": None if start_from is None else str(start_from),
        "tuning": {"name": _name(upload), "activities": upload.name, "active_above": least},
    }
    request = validated(TrainRequest, {"series": series, "output": str(folder / TUNED)})
    return jobs.start(run_id, upload.name, [jobs.Step.of("fine-tune", request)], {})


def _name(upload: Path) -> str:
    """Name an encoder after the series it was tuned on; the upload's name is one of ours."""
    return f"tuned-{upload.name.split('.', 1)[0]}"
