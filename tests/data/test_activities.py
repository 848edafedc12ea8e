"""Activity tables: what is left out, what is limited, which activities pairs bring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from molsearch.data.activities import Activities, load_activities
from molsearch.data.sampler import PairSampler

ROWS = [
    ("C", "K1", "P1", 7.0),
    ("C", "K1", "P1", 8.0),  # repeats a pair
    ("C", "K1", "P2", 6.5),
    ("CC", "K2", "P1", 9.0),
    ("CCC", "K3", "P2", np.nan),
    ("CCCC", "K4", "P2", 6.0),
]


def _load(folder: Path, **columns: object) -> Activities:
    table = pd.DataFrame(ROWS, columns=["smiles", "inchikey", "uniprot", "pchembl"])
    table.assign(**columns).to_csv(folder / "a.csv", index=False)
    return load_activities(folder / "a.csv")


def test_the_strongest_of_repeated_activities_counts(tmp_path: Path) -> None:
    found = _load(tmp_path)
    assert found.pchembl.toarray().tolist() == [[8.0, 6.5], [9.0, 0.0], [0.0, 0.0], [0.0, 6.0]]
    assert found.acts_on.toarray().tolist() == [
        [True, True],
        [True, False],
        [False, True],
        [False, True],
    ]
    assert found.keep(np.array([False, True, False, True])).pchembl.toarray().tolist() == [
        [9.0, 0.0],
        [0.0, 6.0],
    ]


def test_pairs_bring_the_activities_on_their_target(tmp_path: Path) -> None:
    found = _load(tmp_path)
    sampler = PairSampler(found.acts_on, 2, seed=0, pchembl=found.pchembl)
    dense = found.pchembl.toarray()
    for step in range(10):
        batch = sampler.draw(step)
        rows = np.stack([batch.first, batch.second])
        assert np.array_equal(batch.pchembl, dense[rows, batch.targets])
        assert np.array_equal(batch.part(slice(1, 2)).pchembl, batch.pchembl[:, 1:])
    assert PairSampler(found.acts_on, 2, seed=0).draw(0).pchembl is None


def test_flags_leave_rows_out_and_absent_ones_are_named(tmp_path: Path) -> None:
    flags = ("is_benchmark_molecule", "is_dev_target", "is_benchmark_target")
    assert _load(tmp_path).unflagged == flags
    found = _load(tmp_path, is_benchmark_molecule=[True, True, True, False, False, False])
    assert found.unflagged == flags[1:]
    assert found.keys == ["K2", "K3", "K4"]


@pytest.fixture
def many(tmp_path: Path) -> Activities:
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "smiles": [f"{i}" for i in random.integers(0, 60, 400)],
            "uniprot": random.integers(0, 12, 400).astype(str),
        }
    ).drop_duplicates()
    table.to_csv(tmp_path / "many.csv", index=False)
    return load_activities(tmp_path / "many.csv")


def test_limits_are_nested_seeded_and_keep_every_molecule(many: Activities) -> None:
    whole = many.acts_on.toarray()
    small, large = many.limited(40, seed=5), many.limited(150, seed=5)
    assert (small.n_pairs, large.n_pairs) == (40, 150)
    assert not (small.acts_on.toarray() & ~large.acts_on.toarray()).any()
    assert not (large.acts_on.toarray() & ~whole).any()
    assert small.smiles == large.smiles == many.smiles
    assert small.n_labelled == (small.acts_on.toarray().any(1)).sum() < len(many.smiles)
    again, other = many.limited(40, seed=5), many.limited(40, seed=6)
    assert np.array_equal(small.acts_on.toarray(), again.acts_on.toarray())
    assert not np.array_equal(small.acts_on.toarray(), other.acts_on.toarray())


def test_no_limit_is_the_table_itself(many: Activities) -> None:
    assert many.limited(None, seed=5) is many
    assert many.limited(10_000, seed=5) is many


def test_every_pair_is_equally_likely_to_stay(many: Activities) -> None:
    half = many.n_pairs // 2
    kept = sum(many.limited(half, seed=s).acts_on.toarray().astype(int) for s in range(200))
    share = kept[many.acts_on.toarray()] / 200
    assert share.min() > 0.3
    assert share.max() < 0.7


def test_weak_actives_count_where_they_are_asked_for(tmp_path: Path) -> None:
    tier = ["active", "active", "weak_5_6", "active", "inactive", "weak_5_6"]
    assert _load(tmp_path, tier=tier).keys == ["K1", "K2"]
    table = pd.DataFrame(ROWS, columns=["smiles", "inchikey", "uniprot", "pchembl"])
    table.assign(tier=tier).to_csv(tmp_path / "a.csv", index=False)
    found = load_activities(tmp_path / "a.csv", tiers=("active", "weak_5_6"))
    assert found.keys == ["K1", "K2", "K4"]
    assert found.n_pairs == 4


def test_a_published_protocol_keeps_benchmark_molecules_but_no_development_target(
    tmp_path: Path,
) -> None:
    _load(
        tmp_path,
        is_benchmark_molecule=[True, True, True, False, False, False],
        is_dev_target=[False, False, False, True, False, False],
        is_benchmark_target=False,
    )
    assert load_activities(tmp_path / "a.csv").keys == ["K3", "K4"]
    kept = load_activities(tmp_path / "a.csv", keep_benchmark_molecules=True)
    assert kept.keys == ["K1", "K3", "K4"]
