"""What a run trains on: a limit of labels leaves the molecules without labels alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from families import OTHERS, family_table

from molsearch.chem.counters import Buckets
from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.service.train_words import opening
from molsearch.train.material import Featuriser, Material, gather
from molsearch.train.semi_supervised import stream_of


def _config(**changes: object) -> TrainConfig:
    content = {"method": "semi_supervised", "activities": "a.csv", "development": ""}
    soft = {"unlabelled": "u.csv", "molecules_per_step": 8, "labelled_share": 0.5}
    return TrainConfig.model_validate({**content, "conformers": "", "soft": soft, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    family_table().to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"smiles": OTHERS}).to_csv(tmp_path / "u.csv", index=False)
    return tmp_path


def _gather(folder: Path, **changes: object) -> Material:
    featuriser = Featuriser(Buckets(997), folder / "cache", 1, lambda n: None)
    return gather(_config(**changes), folder, featuriser)


def test_molecules_without_labels_are_the_same_at_each_limit(folder: Path) -> None:
    few, all_ = _gather(folder, activities_limit=5), _gather(folder)
    assert (few.activities.n_pairs, all_.activities.n_pairs) == (5, 12)
    assert (few.activities.n_labelled, len(few.store)) == (5, 12)
    one, other = (stream_of(_config(), m.store, m.unlabelled) for m in (few, all_))
    for step in range(5):
        for name in GraphStore.__slots__:
            drawn = (getattr(s.draw(step), name) for s in (one, other))
            assert np.array_equal(*drawn), name


def test_a_table_without_flags_is_named_before_training(folder: Path) -> None:
    said = "\n".join(opening(_gather(folder)))
    assert "12 molecules, 12 pairs, 3 targets" in said
    assert "is_benchmark_molecule" in said
    flags = {"is_benchmark_molecule": False, "is_dev_target": False, "is_benchmark_target": False}
    pd.read_csv(folder / "a.csv").assign(**flags).to_csv(folder / "a.csv", index=False)
    assert "is_benchmark" not in "\n".join(opening(_gather(folder)))


def test_targets_close_to_those_of_a_named_benchmark_go_and_others_stay(folder: Path) -> None:
    near = {"uniprot": ["P0", "P1", "P2"], "id_dev": 0.0, "id_dude": [0.5, 0.1, 0.0], "id_muv": 1.0}
    pd.DataFrame(near).to_csv(folder / "h.csv", index=False)
    table = pd.read_csv(folder / "a.csv")
    table.assign(uniprot="P" + table["uniprot"].astype(str)).to_csv(folder / "a.csv", index=False)
    targets = {}
    for most in (0.9, 0.4):
        found = _gather(folder, homology="h.csv", far_from=["dude"], far_identity=most)
        targets[most] = found.activities.targets
    assert targets == {0.9: ["P0", "P1", "P2"], 0.4: ["P1", "P2"]}
    with pytest.raises(ValueError, match="set homology"):
        _config(far_from=["dude"])
