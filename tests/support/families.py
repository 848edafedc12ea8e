"""Three families of ligands, and tiny training runs over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sparse
import torch
from molecules import SMALL, SMILES, conformer, store_of

from molsearch.chem.counters import Buckets
from molsearch.config import TrainConfig
from molsearch.data.sampler import PairSampler
from molsearch.data.store import GraphStore
from molsearch.train import loop
from molsearch.train.material import Featuriser, Material, gather
from molsearch.train.method import TrainingMethod
from molsearch.train.self_supervised import SelfSupervised
from molsearch.train.semi_supervised import SemiSupervised, stream_of
from molsearch.train.state import TrainState
from molsearch.train.supervised import Supervised

ACIDS = ["OC(=O)c1ccccc1", "OC(=O)c1ccccc1C", "OC(=O)Cc1ccccc1", "OC(=O)c1ccc(F)cc1"]
AMINES = ["NCCc1ccccc1", "CNCCc1ccccc1", "NCC(C)c1ccccc1", "NCCc1ccc(O)cc1"]
SULFONAMIDES = ["NS(=O)(=O)c1ccccc1", SMILES[5], "NS(=O)(=O)c1ccc(C)cc1", "CNS(=O)(=O)c1ccccc1"]
FAMILY = np.repeat(np.arange(3), 4)
OTHERS = [
    *("OC(=O)c1ccc(Cl)cc1", "OC(=O)CCc1ccccc1", "OC(=O)c1ccc(C)cc1"),
    *("NCCCc1ccccc1", "NCCc1ccc(F)cc1", "NCCc1ccccc1Cl"),
    *("NS(=O)(=O)c1ccc(F)cc1", "NS(=O)(=O)Cc1ccccc1", "NS(=O)(=O)c1cccc(C)c1"),
]


def labelled() -> GraphStore:
    """Three families of four ligands each; one ligand has no conformer."""
    smiles = ACIDS + AMINES + SULFONAMIDES
    return store_of(smiles, [None, *[conformer(s) for s in smiles[1:]]])


def unlabelled() -> GraphStore:
    """Nine more molecules of the same families, without conformers."""
    return store_of(OTHERS, [None] * len(OTHERS))


def family_table() -> pd.DataFrame:
    """Activities of the three families, each on a target of its own."""
    families = [(s, f) for f, group in enumerate((ACIDS, AMINES, SULFONAMIDES)) for s in group]
    return pd.DataFrame(families, columns=["smiles", "uniprot"])


def write_families(folder: Path) -> None:
    """Write ``a.csv``, the three families, and ``u.csv``, the other molecules.

    All of these but three are pool molecules, which must not be trained on.
    """
    family_table().to_csv(folder / "a.csv", index=False)
    flags = [True] * (len(OTHERS) - 3) + [False] * 3
    rest = pd.DataFrame({"smiles": OTHERS, "is_pool_molecule": flags})
    rest.to_csv(folder / "u.csv", index=False)


def gathered(config: TrainConfig, folder: Path) -> Material:
    """Featurise what a configuration names in a folder, without conformers."""
    buckets = Buckets(SMALL["n_buckets"])
    featuriser = Featuriser(buckets, folder / "cache", 1, lambda n: None, geometry=False)
    return gather(config, folder, featuriser)


def sampler() -> PairSampler:
    """Pairs of the three families."""
    return PairSampler(sparse.csr_matrix(np.kron(np.eye(3), np.ones((4, 1))) > 0), 3, seed=1)


def tiny(**changes: object) -> TrainConfig:
    """Return a configuration that trains in seconds."""
    model = {**SMALL, "matryoshka": (8, 16), "dropout": 0.1, "environment_dropout": 0.2}
    content = {"steps": 12, "pairs_per_step": 3, "micro_batch": 4, "evaluate_every": 5}
    return TrainConfig.model_validate({**content, "model": model, **changes})


def method_for(
    config: TrainConfig, pairs: GraphStore, rest: GraphStore | None = None
) -> TrainingMethod:
    """Build the configuration's method over stores made by hand."""
    if config.method == "self_supervised":
        return SelfSupervised(config, stream_of(config, pairs, rest))
    supervised = Supervised(config, pairs, sampler())
    if config.method == "supervised":
        return supervised
    return SemiSupervised(config, supervised, stream_of(config, pairs, rest))


def run(
    config: TrainConfig, method: TrainingMethod, folder: Path, stop: int | None = None
) -> TrainState:
    """Train; the latest loss is the figure that checkpoints are chosen by."""
    state = loop.start(config, folder, torch.device("cpu"), method.learners, n_targets=3)
    steps = loop.train(
        state,
        config,
        method,
        folder,
        on_step=lambda report: None,
        evaluate=lambda name, learner, s: -s.history[-1]["loss"],
    )
    for step in steps:
        if step == stop:
            break
    return state


def cut_and_whole(
    config: TrainConfig, method: Callable[[], TrainingMethod], folder: Path
) -> tuple[TrainState, TrainState]:
    """Train in one go, and with a cut after seven steps: losses and averages are the same.

    `method` makes the method of each run.
    """
    whole = run(config, method(), folder / "whole")
    run(config, method(), folder / "cut", stop=7)
    resumed = run(config, method(), folder / "cut")
    assert len(whole.history) > 7
    assert [row["loss"] for row in resumed.history] == [row["loss"] for row in whole.history]
    assert whole.learners.keys() == resumed.learners.keys()
    for name, learner in whole.learners.items():
        assert learner.average
        for key, tensor in learner.average.items():
            assert torch.equal(tensor, resumed.learners[name].average[key]), (name, key)
    return whole, resumed


def contrast(z: torch.Tensor, family: np.ndarray = FAMILY) -> float:
    """Mean similarity within families less that between them."""
    similar = (z @ z.T).numpy()
    same = family[:, None] == family
    inside = similar[same & ~np.eye(len(family), dtype=bool)].mean()
    return float(inside - similar[~same].mean())
