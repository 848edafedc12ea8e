"""Molecules of several conformers: read, kept, cut out, drawn, each against a loop."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from molecules import SMALL, SMILES, conformer

from molsearch.chem.counters import Buckets
from molsearch.chem.features import features
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.conformers import coordinates, load_conformers
from molsearch.data.graph import collate
from molsearch.data.prepare import prepare
from molsearch.data.store import GraphStore, build_store, concatenate, one_by_one, take
from molsearch.errors import InputError

NUMBERS = (3, 0, 1, 2)  # conformers of the first four molecules
GIVEN = [[conformer(s, 7 + i) for i in range(n)] for s, n in zip(SMILES, NUMBERS, strict=False)]


def _store() -> GraphStore:
    parts = [features(s, Buckets(SMALL["n_buckets"])) for s in SMILES[:4]]
    return build_store(parts, [np.stack(c) if c else None for c in GIVEN])


def _same(one: GraphStore, other: GraphStore) -> None:
    for field in fields(GraphStore):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def _holds(store: GraphStore, molecules: list[int]) -> None:
    assert store.n_conformers.tolist() == [NUMBERS[m] for m in molecules]
    for row, molecule in enumerate(molecules):
        for number, given in enumerate(GIVEN[molecule]):
            np.testing.assert_array_equal(store.conformer(row, number), given)


def test_store_keeps_each_conformer_through_cuts_joins_and_the_disk(tmp_path: Path) -> None:
    store = _store()
    _holds(store, [0, 1, 2, 3])
    _holds(take(store, np.array([3, 0, 0, 2])), [3, 0, 0, 2])
    single = take(store, np.array([1, 2]))
    assert single.more is None
    _holds(concatenate([single, store, single]), [1, 2, 0, 1, 2, 3, 1, 2])
    for name, one in (("several", store), ("single", single)):
        one.save(tmp_path / name)
        _same(GraphStore.load(tmp_path / name), one)
    assert not (tmp_path / "single" / "more.npy").exists()


def test_each_conformer_as_a_molecule() -> None:
    each, owner = one_by_one(_store())
    assert owner.tolist() == [0, 0, 0, 1, 2, 3, 3]
    assert each.more is None
    wanted = [c for given in GIVEN for c in (given or [np.zeros((12, 3))])]
    for row, given in enumerate(wanted):
        np.testing.assert_array_equal(each.conformer(row, 0), given)
    assert each.has_geometry.tolist() == [True] * 3 + [False] + [True] * 3


def test_any_conformer_is_drawn_and_the_first_where_none_is_to_be() -> None:
    torch.manual_seed(0)
    store, rows = _store(), np.arange(4)
    state = torch.get_rng_state()
    first = collate(store, rows)
    assert torch.equal(torch.get_rng_state(), state)
    seen: dict[int, list[int]] = {0: [], 3: []}
    for _ in range(300):
        drawn = collate(store, rows, draw=True)
        for molecule, numbers in seen.items():
            span = slice(int(drawn.ptr[molecule]), int(drawn.ptr[molecule + 1]))
            pos = (1000 * drawn.pos[span]).round().numpy()
            (number,) = [i for i, c in enumerate(GIVEN[molecule]) if np.array_equal(pos, c)]
            numbers.append(number)
        alone = slice(int(drawn.ptr[1]), int(drawn.ptr[3]))
        assert torch.equal(drawn.pos[alone], first.pos[alone])
    assert all(70 < seen[0].count(i) < 130 for i in range(3))
    assert all(120 < seen[3].count(i) < 180 for i in range(2))


def test_where_nobody_has_several_nothing_is_drawn() -> None:
    single = take(_store(), np.array([1, 2]))
    state = torch.get_rng_state()
    assert torch.equal(
        collate(single, np.arange(2), draw=True).pos, collate(single, np.arange(2)).pos
    )
    assert torch.equal(torch.get_rng_state(), state)


def test_rows_of_one_molecule_are_its_conformers_and_repeats_count_once(tmp_path: Path) -> None:
    one, two = (conformer("CCO", seed).tobytes() for seed in (1, 2))
    rows = [("CCO", one), ("CCN", one), ("CCO", two), ("CCC", None)]
    pd.DataFrame(rows, columns=["smiles", "coords"]).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame([("CCO", one)], columns=["smiles", "coords"]).to_parquet(tmp_path / "b.parquet")
    assert load_conformers(tmp_path) == {"CCO": (one, two), "CCN": (one,)}
    pd.DataFrame({"smiles": ["CCO"]}).to_parquet(tmp_path / "c.parquet")
    with pytest.raises(InputError, match=r"c\.parquet: no column 'coords'"):
        load_conformers(tmp_path)


def test_prepared_set_serves_as_conformers(tmp_path: Path) -> None:
    (tmp_path / "in.smi").write_text("CCCCO a\nO=C(O)Cc1ccccc1 b\n")
    config = PrepareConfig(n_conformers=3)
    prepare([tmp_path / "in.smi"], tmp_path / "set", ReadConfig(), config, workers=1)
    found = load_conformers(tmp_path / "set")
    assert set(found) == {"CCCCO", "O=C(O)Cc1ccccc1"}
    assert all(1 < len(several) <= 3 for several in found.values())
    several = coordinates(found["CCCCO"], 5)
    assert several is not None
    assert several.shape == (len(found["CCCCO"]), 5, 3)
    assert len(np.unique(several.reshape(len(several), -1), axis=0)) == len(several)


def test_conformers_of_other_lengths_are_left_out() -> None:
    fits = conformer("CCO").tobytes()
    found = coordinates((fits, fits[:-6], b""), 3)
    assert found is not None
    assert found.shape == (1, 3, 3)
    assert coordinates((fits,), 4) is None
    assert coordinates((), 3) is None
