"""The encoder card: what it was trained on, how well it does, and how far to trust it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch.config import TrainConfig

LICENCE = (
    "Trained on activity data of ChEMBL (CC BY-SA 3.0, https://www.ebi.ac.uk/chembl/); "
    "the weights are offered under CC BY-SA 3.0."
)
N_NEIGHBOURS = 10
#: Molecules whose embeddings ship as the background.
N_SHIPPED = 2048


def applicability(
    background: NDArray[np.float32], held_out: NDArray[np.float32]
) -> dict[str, float | int]:
    """Say how close an ordinary molecule lies to the background.

    A query whose mean similarity to its `N_NEIGHBOURS` nearest background molecules is below
    the 5 % quantile of molecules like those of the training set lies outside their chemistry.

    Parameters
    ----------
    background, held_out
        float ``[n, dim]`` and ``[m, dim]``, unit length, disjoint molecules.
    """
    nearest = np.sort(held_out @ background.T, axis=1)[:, -N_NEIGHBOURS:].mean(1)
    return {
        "neighbours": N_NEIGHBOURS,
        "quantile_05": round(float(np.quantile(nearest, 0.05)), 4),
        "median": round(float(np.median(nearest)), 4),
    }


def development_figures(ours: pd.DataFrame, ecfp4: pd.DataFrame, protocol: str) -> dict[str, Any]:
    """Put an encoder's and ECFP4's development figures side by side.

    Parameters
    ----------
    ours, ecfp4
        Tables of :func:`molsearch.train.develop.evaluate_screens`.
    """
    wins = int((ours["bedroc_80p5"] > ecfp4["bedroc_80p5"]).sum())
    return {
        "protocol": protocol,
        "targets": len(ours),
        "encoder": means(ours),
        "ecfp4": means(ecfp4),
        "targets_above_ecfp4_in_bedroc_80p5": wins,
    }


def card(
    config: TrainConfig, *, data: dict[str, Any], figures: dict[str, Any], run: dict[str, Any]
) -> dict[str, Any]:
    """Assemble a card from the run's configuration, data counts, figures and run facts."""
    return {
        "name": config.name,
        "licence": LICENCE,
        "training": {**data, "config": config.model_dump(mode="json"), **run},
        "development": figures,
        "limits": [
            (
                f"Similar embeddings mean: {_meaning(config)}. No binding energy, no dose, no "
                "selectivity is predicted."
            ),
            (
                "Targets absent from ChEMBL, peptides, macrocycles, covalent and metal-bearing "
                "ligands are poorly covered."
            ),
            (
                "Conformers are not minimised; molecules above 50 heavy atoms are embedded from "
                "their substructures alone."
            ),
            *_kept(config),
            *_control(config),
        ],
    }


def _kept(config: TrainConfig) -> list[str]:
    if config.benchmark_molecules == "out":
        return []
    said = (
        "Made to repeat a published protocol: molecules of benchmarks were trained on as ligands "
        "of other targets. No figure of a benchmark says how it does on new molecules."
    )
    return [said]


def _control(config: TrainConfig) -> list[str]:
    if not config.shuffled_conformers:
        return []
    return ["A control: it was trained on conformers exchanged among molecules. Not for use."]


def _meaning(config: TrainConfig) -> str:
    if config.method == "self_supervised":
        return "like substructures and shapes; no activity was looked at"
    return "like ligands of like targets in ChEMBL"


def means(table: pd.DataFrame) -> dict[str, float]:
    """Mean over targets of each figure of a development table."""
    found = table.drop(columns=["target", "n"]).mean()
    return {str(name): round(float(value), 4) for name, value in found.items()}
