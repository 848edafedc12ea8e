"""A training run from its material to an encoder folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from molsearch.config import TrainConfig
from molsearch.data.partners import Partners
from molsearch.data.sampler import PairSampler
from molsearch.data.store import GraphStore
from molsearch.errors import InputError
from molsearch.io.atomic import write_text
from molsearch.losses.gather import rank_and_size
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.weights import save_encoder
from molsearch.train import card as cards
from molsearch.train.develop import evaluate_screens
from molsearch.train.distributed import is_first
from molsearch.train.learner import Learner, encoder_config, with_weights
from molsearch.train.log import EVALUATIONS_FILE, LOG_FILE, Events, write_rows
from molsearch.train.loop import StepReport, start, train
from molsearch.train.material import Material
from molsearch.train.method import Method
from molsearch.train.self_supervised import SelfSupervised
from molsearch.train.semi_supervised import SemiSupervised, stream_of
from molsearch.train.state import TrainState
from molsearch.train.supervised import Supervised

_LOG_EVERY = 50
_PROTOCOL = (
    "{file} (lite): each query alone against its target's other actives and decoys, "
    "mean over queries, then over targets; ECFP4 on the same queries and pools"
)


@dataclass(frozen=True, slots=True)
class Hooks:
    """How a run reports: steps done, and evaluations of an encoder at a step."""

    on_step: Callable[[StepReport], None]
    on_evaluation: Callable[[int, str, dict[str, float]], None]


def method_of(config: TrainConfig, material: Material) -> Method:
    """Build the method that the configuration names."""
    activities = material.activities
    if config.method == "self_supervised":
        return SelfSupervised(config, stream_of(config, material.store, material.unlabelled))
    if config.activity_weight > 0 and activities.pchembl is None:
        raise InputError(
            f"{config.activities}: no column 'pchembl', by which activity_weight weighs the pairs"
        )
    sampler = PairSampler(
        activities.acts_on,
        config.pairs_per_step,
        seed=config.seed,
        pchembl=activities.pchembl if config.activity_weight > 0 else None,
        partners=Partners(material.store, config.partners, encoder_config(config).n_buckets) if config.partners > 1 else None,
    )
    supervised = Supervised(config, material.store, sampler)
    if config.method == "supervised":
        return supervised
    return SemiSupervised(
        config, supervised, stream_of(config, material.store, material.unlabelled)
    )


def run_training(
    config: TrainConfig,
    material: Material,
    out: Path,
    device: torch.device,
    hooks: Hooks,
    parent: Encoder | None = None,
) -> dict[str, Any]:
    """Train, choose encoder and checkpoint on the development screens, write encoder and card.

    Parameters
    ----------
    parent
        The encoder that training starts from.

    Returns
    -------
    dict
        The card; empty on all processes but the first.
    """
    method = method_of(config, material)
    network = parent.network if parent is not None else None
    n_targets = material.activities.n_trained_targets
    state = start(config, out, device, method.learners, network, n_targets=n_targets)
    events = Events(out, state.step) if is_first() else None

    def on_step(report: StepReport) -> None:
        if events is not None:
            events.add("train", report.row())
            hooks.on_step(report)

    def evaluate(name: str, learner: Learner, state: TrainState) -> float:
        table = _figures(material, with_weights(learner, learner.average))
        means = {
            str(n): float(v) for n, v in table.drop(columns="n").mean(numeric_only=True).items()
        }
        row = {"step": state.step, "encoder": name, **means}
        state.evaluations.append(row)
        if events is not None:
            events.add(f"development_{name}", row)
        hooks.on_evaluation(state.step, name, means)
        return means["bedroc_80p5"]

    steps = train(
        state,
        config,
        method,
        out,
        on_step=on_step,
        evaluate=evaluate if material.screens is not None else None,
    )
    for step in steps:
        if is_first() and (step % _LOG_EVERY == 0 or step == config.steps):
            _write_logs(out, state)
    if events is not None:
        events.close()
    return _finish(config, material, state, out, parent) if is_first() else {}


def _finish(
    config: TrainConfig, material: Material, state: TrainState, out: Path, parent: Encoder | None
) -> dict[str, Any]:
    # Of equal encoders the later ships: it is the one that saw the unlabelled molecules.
    name, learner = max(reversed(state.learners.items()), key=lambda item: item[1].best[0])
    network = with_weights(learner, learner.chosen)
    content = cards.card(
        config,
        data=_counts(config, material),
        figures=_development(config, material, state, name, out),
        run={
            "encoder": name,
            "steps": state.step,
            "chosen_step": learner.best[1] or state.step,
            "molecule_passes": int(sum(row.get("molecules", 0) for row in state.history)),
            "seconds": round(sum(row["s"] for row in state.history)),
            "device": str(state.device),
            "processes": rank_and_size()[1],
            "parent": parent.identity if parent is not None else None,
        },
    )
    background, held_out = _background(network, material.store, config.seed)
    content["applicability"] = cards.applicability(background, held_out)
    save_encoder(out, network, content, background.astype(np.float16))
    return content


def _counts(config: TrainConfig, material: Material) -> dict[str, int]:
    unlabelled = material.unlabelled
    labelled = config.method != "self_supervised"
    return {
        "pairs": material.activities.n_pairs if labelled else 0,
        "molecules": material.activities.n_labelled,
        "molecules_with_3d": int(material.store.has_geometry.sum()),
        "targets": len(material.activities.targets) if labelled else 0,
        "unlabelled_molecules": len(unlabelled) if unlabelled is not None else 0,
    }


def _development(
    config: TrainConfig, material: Material, state: TrainState, shipped: str, out: Path
) -> dict[str, Any]:
    """Compare each encoder's best weights with ECFP4, and with each other."""
    if material.screens is None:
        return {}
    ecfp4 = evaluate_screens(material.screens, None)
    protocol = _PROTOCOL.format(file=config.development)
    tables = {n: _figures(material, with_weights(x, x.chosen)) for n, x in state.learners.items()}
    figures = cards.development_figures(tables[shipped], ecfp4, protocol)
    if len(tables) > 1:
        figures["encoders"] = {n: cards.means(table) for n, table in tables.items()}
    write_text(out / "development.csv", _side_by_side({**tables, "ecfp4": ecfp4}, shipped))
    return figures


def _figures(material: Material, network: Network) -> pd.DataFrame:
    assert material.screens is not None
    assert material.development is not None
    encoder = Encoder(network, identity="", card={})
    return evaluate_screens(material.screens, encoder.encode_store(material.development))


def _background(
    network: Network, store: GraphStore, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embed two disjoint random draws of training molecules."""
    chosen = np.random.default_rng(seed).permutation(len(store))[: 2 * cards.N_SHIPPED]
    half = max(len(chosen) // 2, 1)
    encoder = Encoder(network, identity="", card={})
    embeddings = encoder.encode_rows(store, np.sort(chosen))
    embeddings = np.random.default_rng(seed).permutation(embeddings)
    return embeddings[:half], embeddings[-half:]


def _side_by_side(tables: dict[str, pd.DataFrame], shipped: str) -> str:
    """One row a target; the shipped encoder's columns bear no suffix."""
    joined = tables[shipped]
    for name, table in tables.items():
        if name != shipped:
            joined = joined.merge(table, on=["target", "n"], suffixes=("", f"_{name}"))
    return joined.round(5).to_csv(index=False, lineterminator="\n")


def _write_logs(out: Path, state: TrainState) -> None:
    write_rows(out / LOG_FILE, state.history)
    if state.evaluations:
        write_rows(out / EVALUATIONS_FILE, state.evaluations)
