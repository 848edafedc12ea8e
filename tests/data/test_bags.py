"""What the encoder sees, computed while a molecule is prepared, is what it would see later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from molsearch import schema
from molsearch.chem.counters import Buckets
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepare import prepare
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_table import buckets_of
from molsearch.data.tables import graphs_of_table

BUCKETS = Buckets(997, 499, 251)
SEEN = (997, 499, 251)
FLAT = PrepareConfig(n_conformers=0)
SMILES = [
    "C1[C@@H]([C@H]1C(=O)NCC2=CC=CC=C2)[C@@H](C3=CC=CC=C3)N",
    "CC1=CC2=C(C=C1)N(C(C3C2(C3(Cl)Cl)C))C",
    "C1CC1C(=O)NC2=CC=CC(=C2)C(=O)NC3=NC=CS3",
    *("CC(=O)[O-].[Na+]", "not one", "C/C=C/c1ccccc1", "OC(=O)[C@@H](N)Cc1ccccc1"),
    *("CS(=O)c1ccccc1", "C", "[2H]C([2H])O", "c1ccc2[nH]ccc2c1", "CCCCC"),
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "lib.smi"
    path.write_text("".join(f"{smiles} m{i}\n" for i, smiles in enumerate(SMILES)))
    return path


def table(source: Path, out: Path, config: PrepareConfig = FLAT, **more: object) -> pa.Table:
    made = prepare([source], out, ReadConfig(), config, workers=1, **more)  # type: ignore[arg-type]
    (found,) = PreparedSet.open(made.path).iter_tables()
    return found


def same(one: object, other: object) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in one.__slots__  # type: ignore[attr-defined]
    )


def test_bags_of_the_preparation_are_those_of_a_later_reading(source: Path, tmp_path: Path) -> None:
    with_bags = table(source, tmp_path / "a", buckets=SEEN)
    without = table(source, tmp_path / "b")
    assert buckets_of(with_bags) == SEEN
    assert schema.BAG not in without.column_names
    assert with_bags.drop_columns([schema.BAG]).equals(without)
    seen, owner = graphs_of_table(with_bags, BUCKETS, geometry=False)
    read, same_owner = graphs_of_table(without, BUCKETS, geometry=False)
    assert same(seen, read)
    assert owner.tolist() == same_owner.tolist()
    assert seen.bag.dtype == read.bag.dtype


def test_bags_are_taken_without_reading_a_structure(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = table(source, tmp_path / "a", buckets=SEEN)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("molsearch.data.tables.features", refuse)
    assert len(graphs_of_table(found, BUCKETS)[0]) == len(SEEN_ROWS)
    with pytest.raises(AssertionError):
        graphs_of_table(found, Buckets(997))


SEEN_ROWS = [smiles for smiles in SMILES if smiles != "not one"]


def test_molecules_with_conformers_are_seen_whole(source: Path, tmp_path: Path) -> None:
    found = table(source, tmp_path / "a", PrepareConfig(), buckets=SEEN)
    plain = table(source, tmp_path / "b", PrepareConfig())
    assert same(graphs_of_table(found, BUCKETS)[0], graphs_of_table(plain, BUCKETS)[0])


def test_a_set_that_is_taken_up_keeps_its_own(source: Path, tmp_path: Path) -> None:
    table(source, tmp_path / "a")
    again = table(source, tmp_path / "a", buckets=SEEN)
    assert schema.BAG not in again.column_names
