"""Substructure bits before the match change nothing but the work: hits are those of the walk."""

from __future__ import annotations

import csv
import shutil

import pandas as pd
import pytest
from changes import add, compact, drop
from fakes import FakeEncoder, molecule, prepared_set
from rdkit import Chem, rdBase

from molsearch.bundled import example
from molsearch.chem.filters import SmartsFilter
from molsearch.chem.fingerprints import ecfp4
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.index import companions
from molsearch.index.merge import merge_indexes
from molsearch.index.reader import open_index
from molsearch.index.writer import build_index
from molsearch.search import select
from molsearch.search.exclusions import read_exclusions
from molsearch.search.hit_filter import HitFilter
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen
from molsearch.search.substructures import SubstructureScreen

N = 600
FILE = "substructures.npy"


def real(n=N):
    with (example() / "library.csv").open(encoding="utf-8") as handle:
        texts = [row["smiles"] for row in csv.DictReader(handle)]
    with rdBase.BlockLogs():
        mols = [mol for text in texts if (mol := Chem.MolFromSmiles(text)) is not None]
    return [Chem.MolToSmiles(mol) for mol in mols[:n]]


def rows_of(smiles, first=1):
    return [
        molecule(
            number,
            smiles=one,
            parent_smiles=one,
            ecfp4=ecfp4(Chem.MolFromSmiles(one)),
            mw=float(number % 100),
            user={"price": str(number % 50)},
        )
        for number, one in enumerate(smiles, start=first)
    ]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("substructures")
    prepared = prepared_set(folder / "p", rows_of(real()))
    build_index(prepared, FakeEncoder(), folder / "i", shard_rows=250)
    return folder / "i"


@pytest.fixture
def index(built, tmp_path):
    return shutil.copytree(built, tmp_path / "i")


def hits(path, exclude_ids=(), dissimilar_to=(), warned=None, on_extra=None, **config):
    prepare = PrepareConfig(n_conformers=0)
    queries = read_queries(["c1ccccc1CCN"], ReadConfig(), prepare)
    exclusions = read_exclusions(exclude_ids, dissimilar_to, 0.4, prepare)
    config = ScreenConfig(**config)
    found = screen(open_index(path), FakeEncoder(), queries, config, exclusions=exclusions,
                   on_extra=on_extra)  # fmt: skip
    if warned is not None:
        warned += found.warnings
    return found.frame


def walked(path, monkeypatch, **config):
    """As it was: every molecule down the ranking is matched."""
    with monkeypatch.context() as patch:
        patch.setattr(SubstructureScreen, "make", lambda *_: None)
        patch.setattr(SubstructureScreen, "exclude", lambda *_: None)
        patch.setattr(
            HitFilter,
            "_by_smarts",
            lambda self, found, annotator: [
                self.smarts.passes(one)
                for one in self._columns(["parent_smiles"], found, annotator)["parent_smiles"]
            ],
        )
        return hits(path, **config)


CASES = [
    {"include_smarts": ("C(F)(F)F",)},
    {"include_smarts": ("[nH]", "[!#6]~[!#6]")},
    {"include_smarts": ("[Cl,Br]",), "exclude_smarts": ("[NX3;H2]",)},
    {"exclude_smarts": ("c1ccccc1", "[#7]")},
    {"include_smarts": ("[C;N]",)},
    {"include_smarts": ("S(=O)(=O)N",), "where": ("mw<60", "price!=3")},
    {"include_smarts": ("c1ccncc1",), "unique": "scaffold"},
    {"include_smarts": ("[$(C=O)]N",), "exclude_ids": [f"m{i:05d}" for i in range(1, 400, 2)]},
    {"include_smarts": ("c1ccncc1",), "dissimilar_to": ["c1ccncc1CCNC"], "threshold": 0.1},
    {"include_smarts": ("C(=O)[OH]",), "keep_query": False, "exclude_alerts": True},
]


@pytest.mark.parametrize("config", CASES)
@pytest.mark.parametrize("k", [4, 150])
def test_hits_are_those_of_the_walk(index, monkeypatch, config, k):
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 40)
    due = walked(index, monkeypatch, k=k, **config)
    for _ in range(2):  # without bits at first, and then with
        pd.testing.assert_frame_equal(hits(index, k=k, **config), due)


def test_once_computed_only_what_may_match_is_matched(index, monkeypatch):
    matched = []
    passes = SmartsFilter.passes
    monkeypatch.setattr(
        SmartsFilter, "passes", lambda self, one: matched.append(one) or passes(self, one)
    )
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 40)
    told = []
    rare = {"include_smarts": ("C(F)(F)F",), "k": 100}
    first = hits(index, on_extra=lambda *given: told.append(given), **rare)
    assert told[-1] == ("substructures", N, 0)
    assert len(list(index.rglob(FILE))) == 3
    matched.clear()
    told.clear()
    pd.testing.assert_frame_equal(hits(index, on_extra=told.append, **rare), first)
    assert 0 < len(first) <= len(matched) < len(first) + N / 50
    assert told == []
    # What surely lacks an excluded pattern passes without a match.
    matched.clear()
    hits(index, exclude_smarts=("[#53]",), k=1000)
    assert len(matched) < N / 20


def test_nothing_is_computed_for_a_pattern_that_is_soon_found(index, monkeypatch):
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 40)
    assert len(hits(index, include_smarts=("c",), k=60)) == 60
    assert list(index.rglob(FILE)) == []
    # Nor for one that bits say nothing of.
    assert len(hits(index, include_smarts=("[R]~[!#6;R]~[!#6;R]",), k=500)) > 3
    assert list(index.rglob(FILE)) == []


def test_an_index_that_cannot_be_written_is_walked_and_told(index, monkeypatch):
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 40)
    due = walked(index, monkeypatch, include_smarts=("C(F)(F)F",), k=100)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(companions, "replacing", refuse)
    warned = []
    found = hits(index, include_smarts=("C(F)(F)F",), k=100, warned=warned)
    pd.testing.assert_frame_equal(found, due)
    assert len([one for one in warned if "cannot be written" in one and "owner" in one]) == 1


def test_bits_grow_and_shrink_with_the_index(index, tmp_path, monkeypatch):
    monkeypatch.setattr(select, "_TESTED_AT_ONCE", 40)
    rare = {"include_smarts": ("C(F)(F)F",), "k": 100}
    hits(index, **rare)
    computed = []
    compute = companions._compute
    monkeypatch.setattr(
        companions, "_compute", lambda *given: computed.append(given[2]) or compute(*given)
    )
    more = prepared_set(tmp_path / "q", rows_of(real(N + 200)[N:]))
    add(index, more)
    due = walked(index, monkeypatch, **rare)
    pd.testing.assert_frame_equal(hits(index, **rare), due)
    assert computed == [range(200)]  # those of the new shard alone
    computed.clear()
    drop(index, ["m00001", "m00400"])
    due = walked(index, monkeypatch, **rare)
    pd.testing.assert_frame_equal(hits(index, **rare), due)
    compact(index)
    pd.testing.assert_frame_equal(hits(index, **rare), due)
    other = build_index(prepared_set(tmp_path / "o", rows_of(real(300), 5000)), FakeEncoder(),
                        tmp_path / "j")  # fmt: skip
    hits(other.path, **rare)
    computed.clear()
    merged = merge_indexes([index, other.path], tmp_path / "both")
    due = walked(merged.path, monkeypatch, **rare)
    pd.testing.assert_frame_equal(hits(merged.path, **rare), due)
    assert computed == []
