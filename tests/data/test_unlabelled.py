"""Molecules without labels: read once each, drawn by seed and step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from molecules import SMILES, conformer, store_of

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.conformers import coordinates
from molsearch.data.prepare import prepare
from molsearch.data.store import GraphStore, take
from molsearch.data.unlabelled import UnlabelledStream, load_unlabelled
from molsearch.data.unread import Unread
from molsearch.errors import InputError


def _store(smiles: list[str]) -> GraphStore:
    return store_of(smiles, [conformer(s) for s in smiles])


def test_take_equals_a_store_of_those_molecules() -> None:
    whole, rows = _store(SMILES[:6]), np.array([4, 1, 1, 5])
    expected = _store([SMILES[i] for i in rows])
    found = take(whole, rows)
    for name in GraphStore.__slots__:
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_table_is_read_once_each(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"id": range(5), "smiles": ["CCO", "CCN", "CCO", None, "CCC"]})
    path = tmp_path / name
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
    found = load_unlabelled(path, limit=None, seed=0)
    assert (found.smiles, found.conformers) == (["CCO", "CCN", "CCC"], {})
    assert found.naming.record.tolist() == [1, 2, 3, 5]
    assert found.naming.molecule.tolist() == [0, 1, 0, 2]
    assert found.unread == (Unread(name, 4, "no SMILES", ""),)
    few = load_unlabelled(path, limit=2, seed=0)
    assert len(few.smiles) == 2
    assert set(few.smiles) < {"CCO", "CCN", "CCC"}
    assert few.smiles == load_unlabelled(path, limit=2, seed=0).smiles
    named = zip(few.naming.record.tolist(), few.naming.molecule.tolist(), strict=True)
    assert {(frame["smiles"][record - 1], few.smiles[one]) for record, one in named} == {
        (smiles, smiles) for smiles in few.smiles
    }


@pytest.mark.parametrize("text", ["smiles\nCCO\nCCN\n", "id;smiles\n1;CCO\n2;CCN\n"])
def test_delimiter_is_that_of_the_header(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert load_unlabelled(tmp_path / "a.csv", limit=None, seed=0).smiles == ["CCO", "CCN"]


def test_prepared_set_brings_its_conformers(tmp_path: Path) -> None:
    (tmp_path / "in.smi").write_text("CCO a\nc1ccccc1C(=O)O b\n")
    config = PrepareConfig(n_conformers=2)
    prepare([tmp_path / "in.smi"], tmp_path / "set", ReadConfig(), config, workers=1)
    read = load_unlabelled(tmp_path / "set", limit=None, seed=0)
    assert read.smiles == ["CCO", "O=C(O)c1ccccc1"]
    found = coordinates(read.conformers["O=C(O)c1ccccc1"], 9)
    assert found is not None
    assert np.ptp(found) > 2000


def test_table_without_smiles_is_named(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "a.parquet")
    (tmp_path / "header.csv").write_text("smiles\n")
    for name, said in (
        ("a.parquet", "no column 'smiles'; it has x"),
        ("none.csv", "no such table of molecules without labels"),
        ("header.csv", "no molecule without labels is in it"),
    ):
        with pytest.raises(InputError, match=f"{name}: {said}"):
            load_unlabelled(tmp_path / name, limit=None, seed=0)


def test_draws_are_shares_of_both_and_repeat() -> None:
    first, second = _store(SMILES[:3]), _store(SMILES[3:6])
    stream = UnlabelledStream(first, second, 4, labelled_share=0.5, seed=3)
    sizes = first.n_atoms.tolist(), second.n_atoms.tolist()
    for step in range(20):
        n_atoms = stream.draw(step).n_atoms.tolist()
        assert set(n_atoms[:2]) <= set(sizes[0])
        assert set(n_atoms[2:]) <= set(sizes[1])
        assert n_atoms == stream.draw(step).n_atoms.tolist()
    assert any(
        not np.array_equal(stream.draw(0).atoms, stream.draw(step).atoms) for step in range(1, 9)
    )


def test_labelled_alone_fill_the_step() -> None:
    stream = UnlabelledStream(_store(SMILES[:4]), None, 3, labelled_share=0.1, seed=3)
    assert stream.batch_size == len(stream.draw(0)) == 3
