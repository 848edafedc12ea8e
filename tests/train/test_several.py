"""Training on several conformers: any is drawn, screens pool all, a kill changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from families import ACIDS, AMINES, SULFONAMIDES, cut_and_whole, method_for, run, tiny
from molecules import SMALL, conformer, store_of

from molsearch.chem.counters import Buckets
from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.nn.encoder import Encoder
from molsearch.service.train_words import opening
from molsearch.train import loop
from molsearch.train.learner import embed, with_weights
from molsearch.train.material import Featuriser, Material, gather
from molsearch.train.run import Hooks, run_training
from molsearch.train.views import view_of

FAMILIES = [*ACIDS, *AMINES, *SULFONAMIDES]
QUIET = {"dropout": 0.0, "environment_dropout": 0.0, "geometry_dropout": 0.0}


@pytest.fixture(scope="module")
def several() -> GraphStore:
    """Three conformers of each ligand but of the first, which has none."""
    coords = [np.stack([conformer(s, seed) for seed in (1, 2, 3)]) for s in FAMILIES[1:]]
    return store_of(FAMILIES, [None, *coords])


def test_training_draws_and_evaluation_pools(several: GraphStore, tmp_path: Path) -> None:
    config = tiny(model={**tiny().model, **QUIET}, coordinate_noise=0.0)
    f = loop.start(config, tmp_path, torch.device("cpu")).learners["f"]
    rows, options = np.arange(12), {"micro_batch": 5, "view": view_of(config)}
    with torch.no_grad():
        views = torch.stack([embed(f.network.eval(), several, rows, **options) for _ in range(40)])
    distinct = [len({tuple(z) for z in one.numpy().round(4)}) for one in views.unbind(1)]
    assert distinct[0] == 1
    assert sorted(set(distinct[1:])) in ([3], [2, 3])
    encoder = Encoder(with_weights(f, f.average), identity="", card={})
    found = encoder.encode_ensembles(several)
    for row in range(12):  # one molecule and conformer after another
        total = np.zeros(16)
        for number in range(max(int(several.n_conformers[row]), 1)):
            xyz = several.conformer(row, number) if several.has_geometry[row] else None
            total += encoder.encode_store(store_of([FAMILIES[row]], [xyz]))[0]
        np.testing.assert_allclose(found[row], total / np.linalg.norm(total), atol=1e-5)
    assert np.abs(found - encoder.encode_store(several)).max() > 1e-4


def test_interrupted_run_equals_an_uninterrupted_one(several: GraphStore, tmp_path: Path) -> None:
    config = tiny()
    whole, _ = cut_and_whole(config, lambda: method_for(config, several), tmp_path)
    first = GraphStore(*(getattr(several, n) for n in GraphStore.__slots__[:-2]))
    alone = run(config, method_for(config, first), tmp_path / "first")
    assert [r["loss"] for r in alone.history] != [r["loss"] for r in whole.history]


def _gathered(folder: Path, rows: list[tuple[str, bytes]], **changes: Any) -> Material:
    table = [(s, f) for f, group in enumerate((ACIDS, AMINES, SULFONAMIDES)) for s in group]
    pd.DataFrame(table, columns=["smiles", "uniprot"]).to_csv(folder / "a.csv", index=False)
    (folder / "c").mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=["smiles", "coords"]).to_parquet(folder / "c" / "c.parquet")
    return gather(
        _files(**changes),
        folder,
        Featuriser(Buckets(SMALL["n_buckets"]), folder / "cache", 1, lambda n: None),
    )


def _files(**changes: Any) -> TrainConfig:
    return tiny(activities="a.csv", conformers="c", development="", steps=2, **changes)


def test_a_run_from_files_tells_of_conformers(tmp_path: Path) -> None:
    rows = [(s, conformer(s, seed).tobytes()) for s in FAMILIES[:4] for seed in (1, 2)]
    rows += [(FAMILIES[4], conformer("CCO").tobytes()), ("CCO", conformer("CCO").tobytes())]
    material = _gathered(tmp_path, rows)
    numbers = dict(zip(material.activities.smiles, material.store.n_conformers, strict=True))
    assert [numbers[s] for s in FAMILIES] == [2] * 4 + [0] * 8
    assert opening(material)[1:3] == [
        (
            "8 conformers of 4 molecules, 4 of which have several: any of them is drawn, "
            "screens pool all"
        ),
        (
            "left out: 1 conformer without a place for each heavy atom of its SMILES; make them "
            "from the same SMILES"
        ),
    ]
    hooks = Hooks(lambda report: None, lambda *_: None)
    card = run_training(_files(), material, tmp_path / "run", torch.device("cpu"), hooks)
    assert card["training"]["conformers"] == 8
    assert card["training"]["conformers_left_out"] == 1
    # The same molecules with one conformer each are not taken for these.
    fewer = _gathered(tmp_path, [*rows[:8:2], *rows[8:]])
    assert fewer.store.more is None
    assert not any("conformers of" in line for line in opening(fewer))
    shuffled = _gathered(tmp_path, rows, shuffled_conformers=True)
    assert shuffled.store.more is None
    assert shuffled.misfits == 0
