"""A training run from its configuration to an encoder folder."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from molsearch.config import TrainConfig
from molsearch.data.activities import Activities, load_activities
from molsearch.data.conformers import load_conformers
from molsearch.data.sampler import PairSampler
from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.io.atomic import write_text
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.weights import save_encoder
from molsearch.train import card as cards
from molsearch.train.develop import Screens, evaluate_screens, load_screens
from molsearch.train.graphs import graph_cache
from molsearch.train.loop import StepReport, averaged, encoder_config, start, train
from molsearch.train.state import TrainState

#: Molecules whose embeddings ship as the background, and as many again to place it.
N_BACKGROUND = 2048
_PROTOCOL = (
    "dev_screens.parquet (lite): each query alone against its target's other actives and decoys, "
    "mean over queries, then over targets; ECFP4 on the same queries and pools"
)


@dataclass(frozen=True, slots=True)
class Material:
    """What a run trains on: the molecules' graphs and targets, and the development screens."""

    activities: Activities
    store: GraphStore
    screens: Screens | None
    development: GraphStore | None


@dataclass(frozen=True, slots=True)
class Hooks:
    """How a run reports: molecules featurised, steps done, evaluations made."""

    on_molecules: Callable[[int], None]
    on_step: Callable[[StepReport], None]
    on_evaluation: Callable[[int, dict[str, float]], None]


def data_root() -> Path:
    """Folder of the real data: the variable ``MOLSEARCH_DATA``, or ``../shared/data``."""
    return Path(os.environ.get("MOLSEARCH_DATA", "../shared/data"))


def gather(config: TrainConfig, cache: Path, *, workers: int, hooks: Hooks) -> Material:
    """Read activities, conformers and development screens, and featurise their molecules."""
    root = data_root()
    n_buckets = encoder_config(config).n_buckets
    activities = load_activities(
        root / config.activities, hold_out_benchmark_targets=config.hold_out_benchmark_targets
    )
    conformers = load_conformers(root / config.conformers) if config.conformers else {}
    store, readable = graph_cache(
        activities.smiles,
        conformers,
        n_buckets,
        cache,
        workers=workers,
        on_progress=hooks.on_molecules,
    )
    activities = activities.keep(readable)
    if not config.development:
        return Material(activities, store, None, None)
    screens = load_screens(root / config.development, lite=True)
    development, good = graph_cache(
        screens.smiles,
        conformers,
        n_buckets,
        cache,
        workers=workers,
        on_progress=hooks.on_molecules,
    )
    if not good.all():
        raise UsageError(f"{config.development}: {int((~good).sum())} unreadable molecules")
    return Material(activities, store, screens, development)


def run_training(
    config: TrainConfig, material: Material, out: Path, device: torch.device, hooks: Hooks
) -> dict[str, Any]:
    """Train, choose the checkpoint on the development screens, and write encoder and card.

    Returns
    -------
    dict
        The card.
    """
    sampler = PairSampler(material.activities.acts_on, config.pairs_per_step, seed=config.seed)
    state = start(config, out, device)

    def on_step(report: StepReport) -> None:
        state.history.append({"step": report.step, "loss": report.loss, "s": report.seconds})
        hooks.on_step(report)

    def evaluate(state: TrainState) -> float:
        table = _figures(material, averaged(state, state.average))
        means = {str(n): float(v) for n, v in table.mean(numeric_only=True).items()}
        hooks.on_evaluation(state.step, means)
        return means["bedroc_80p5"]

    steps = train(
        state,
        config,
        material.store,
        sampler,
        out,
        on_step=on_step,
        evaluate=evaluate if material.screens is not None else None,
    )
    for step in steps:
        if step % 50 == 0 or step == config.steps:
            _write_log(out / "log.csv", state.history)
    return _finish(config, material, state, out)


def _finish(
    config: TrainConfig, material: Material, state: TrainState, out: Path
) -> dict[str, Any]:
    network = averaged(state, state.best_average or state.average)
    figures: dict[str, Any] = {}
    if material.screens is not None:
        ours, ecfp4 = _figures(material, network), evaluate_screens(material.screens, None)
        figures = cards.development_figures(ours, ecfp4, _PROTOCOL)
        write_text(out / "development.csv", _side_by_side(ours, ecfp4))
    background, held_out = _background(network, material.store, config.seed)
    seconds = sum(row["s"] for row in state.history)
    content = cards.card(
        config,
        data={
            "pairs": material.activities.n_pairs,
            "molecules": len(material.store),
            "molecules_with_3d": int(material.store.has_geometry.sum()),
            "targets": len(material.activities.targets),
        },
        figures=figures,
        run={
            "steps": state.step,
            "chosen_step": state.best[1] or state.step,
            "molecule_passes": 2 * config.pairs_per_step * state.step,
            "seconds": round(seconds),
            "device": str(next(state.network.parameters()).device),
        },
    )
    content["applicability"] = cards.applicability(background, held_out)
    save_encoder(out, network, content, background.astype(np.float16))
    return content


def _figures(material: Material, network: Network) -> pd.DataFrame:
    assert material.screens is not None
    assert material.development is not None
    encoder = Encoder(network, identity="", card={})
    return evaluate_screens(material.screens, encoder.encode_store(material.development))


def _background(
    network: Network, store: GraphStore, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embed two disjoint random draws of training molecules."""
    chosen = np.random.default_rng(seed).permutation(len(store))[: 2 * N_BACKGROUND]
    half = max(len(chosen) // 2, 1)
    encoder = Encoder(network, identity="", card={})
    embeddings = encoder.encode_rows(store, np.sort(chosen))
    embeddings = np.random.default_rng(seed).permutation(embeddings)
    return embeddings[:half], embeddings[-half:]


def _side_by_side(ours: pd.DataFrame, ecfp4: pd.DataFrame) -> str:
    joined = ours.merge(ecfp4, on=["target", "n"], suffixes=("", "_ecfp4"))
    return joined.round(5).to_csv(index=False, lineterminator="\n")


def _write_log(path: Path, history: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["step", "loss", "s"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(path, text.getvalue())
