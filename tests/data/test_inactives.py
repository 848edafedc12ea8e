"""Measured inactives: read by the rules of the actives, every pair that is left out is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sparse
from molecules import store_of

from molsearch.data.inactives import (
    Inactives,
    inactives_among,
    pairs_of_activities,
    pairs_of_table,
    together,
)
from molsearch.data.same import bag_keys, pairs_of_same
from molsearch.errors import InputError

RULES = {"target_column": "uniprot", "hold_out_benchmark_targets": False, "hold_out": ()}


@pytest.fixture
def molecules(tmp_path: Path) -> Path:
    path = tmp_path / "u.csv"
    frame = {
        "smiles": ["CCO", "CCN", "CCC", "CCS"],
        "is_pool_molecule": [False, False, True, False],
    }
    pd.DataFrame(frame).to_csv(path, index=False)
    return path


def _table(folder: Path, **columns: object) -> Path:
    path = folder / "i.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_rows_are_looked_up_and_pool_molecules_and_unknown_rows_are_counted(
    tmp_path: Path, molecules: Path
) -> None:
    path = _table(tmp_path, uniprot=["A", "A", "B", "B", "B"], row=[0, 1, 2, 4, -1])
    pairs, left_out = pairs_of_table(path, molecules, **RULES)
    assert pairs.to_numpy().tolist() == [["CCO", "A"], ["CCN", "A"]]
    assert left_out == {"of unknown molecules": 2, "of molecules in evaluation pools": 1}


def test_held_out_targets_go_by_the_rule_of_the_actives(tmp_path: Path, molecules: Path) -> None:
    path = _table(
        tmp_path,
        uniprot=["A", "B", "C", "D"],
        row=[0, 0, 0, 0],
        is_benchmark_target=[False, True, False, False],
        is_dev_target=[False, False, True, False],
    )
    pairs, left_out = pairs_of_table(path, molecules, **{**RULES, "hold_out": {"D"}})
    assert list(pairs["target"]) == ["A", "B"]
    assert left_out == {"of held-out targets or molecules": 2}
    strict = {**RULES, "hold_out_benchmark_targets": True}
    assert list(pairs_of_table(path, molecules, **strict)[0]["target"]) == ["A", "D"]


def test_own_tier_is_read_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    frame = {"smiles": ["CCO", "CCN", "CCC"], "uniprot": ["A", "A", "B"]}
    more = {"tier": ["active", "inactive", "inactive"], "is_benchmark_molecule": [0, 0, 1]}
    pd.DataFrame({**frame, **more}).to_csv(path, index=False)
    pairs, left_out = pairs_of_activities(path, **RULES)
    assert pairs.to_numpy().tolist() == [["CCN", "A"]]
    assert left_out == {"of held-out targets or molecules": 1}
    both, counts = together([(pairs, left_out), (pairs, {"of unknown molecules": 2, **left_out})])
    assert (len(both), counts) == (
        2,
        {"of held-out targets or molecules": 2, "of unknown molecules": 2},
    )


def test_a_target_with_inactives_alone_trains_nothing_and_is_counted() -> None:
    pairs = pd.DataFrame({"smiles": ["C", "C", "CC", "C"], "target": ["B", "X", "A", "B"]})
    found = inactives_among(pairs, ["A", "B"], left_out={"of unknown molecules": 1})
    assert found.smiles == ["C", "CC"]
    assert found.inactive_on.toarray().tolist() == [[False, True], [True, False]]
    assert found.left_out == {"of unknown molecules": 1, "of targets without actives": 1}
    assert found.n_pairs == 2


def test_at_most_so_many_a_target_by_the_seed() -> None:
    pairs = pd.DataFrame({"smiles": [f"C{i}" for i in range(60)], "target": ["A", "B", "B"] * 20})
    few = [inactives_among(pairs, ["A", "B"], left_out={}, per_target=8, seed=s) for s in (1, 1, 2)]
    assert few[0].inactive_on.getnnz(axis=0).tolist() == [8, 8]
    assert few[0].smiles == few[1].smiles != few[2].smiles


def test_molecules_and_pairs_that_go_are_counted() -> None:
    matrix = sparse.csr_matrix(np.array([[1, 1], [0, 1], [1, 0]], bool))
    found = Inactives(["a", "b", "c"], matrix, {"x": 1}).keep(np.array([True, True, False]), "x")
    assert (found.smiles, found.left_out) == (["a", "b"], {"x": 2})
    wrong = sparse.csr_matrix(np.array([[1, 0], [1, 0]], bool))
    left = found.without(wrong, "known")
    assert left.inactive_on.toarray().tolist() == [[False, True], [False, True]]
    assert left.left_out == {"x": 2, "known": 1}


def test_spellings_are_one_molecule() -> None:
    names = ["OCC", "C[C@@H](C(=O)O)N", "CCCO", "CCN"]
    others = ["CCO", "OC(=O)[C@H](C)N", "OCCC", "OCC"]
    one, two = (store_of(smiles, [None] * 4) for smiles in (names, others))
    keys, theirs = bag_keys(one), bag_keys(two)
    assert keys[:3].tolist() == theirs[:3].tolist()
    assert len(set(keys.tolist())) == 4
    acts = sparse.csr_matrix(np.array([[1, 0], [0, 1], [0, 0], [0, 1]], bool))
    found = pairs_of_same(one, two, acts).toarray()
    assert found.tolist() == [[True, True], [False, True], [False, False], [False, False]]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"uniprot": ["A"]}, "no column 'smiles', nor 'row'"),
        ({"target": ["A"], "row": [0]}, "no column 'uniprot'"),
    ],
)
def test_tables_that_lack_a_column_are_named(
    tmp_path: Path, molecules: Path, columns: dict[str, list[object]], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        pairs_of_table(_table(tmp_path, **columns), molecules, **RULES)
    with pytest.raises(InputError, match="no such table of inactives"):
        pairs_of_table(tmp_path / "gone.csv", molecules, **RULES)
    with pytest.raises(InputError, match="no column 'tier'"):
        pairs_of_activities(
            molecules.rename(tmp_path / "t.csv"), **{**RULES, "target_column": "smiles"}
        )
