"""Featurised training molecules: workers change no byte of what is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from molecules import SMALL, SMILES, conformer

from molsearch.chem.counters import Buckets
from molsearch.chem.features import features
from molsearch.data.store import build_store
from molsearch.train import graphs
from molsearch.train.graphs import graph_cache

BUCKETS = Buckets(SMALL["n_buckets"])


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("geometry", [True, False])
def test_workers_and_chunks_change_no_byte(tmp_path, monkeypatch, geometry):
    given = [*SMILES[:4], "no molecule", SMILES[5]]
    conformers = {SMILES[1]: (conformer(SMILES[1]).tobytes(),)}
    done: list[int] = []
    options = {"geometry": geometry, "on_progress": done.append}
    _, whole = graph_cache(given, conformers, BUCKETS, tmp_path / "one", workers=1, **options)
    monkeypatch.setattr(graphs, "_CHUNK", 2)
    store, parted = graph_cache(given, conformers, BUCKETS, tmp_path / "two", workers=2, **options)
    assert done == [6, 2, 4, 6]
    assert parted.tolist() == [True, True, True, True, False, True]
    np.testing.assert_array_equal(whole, parted)
    assert len(store) == 5
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_conformers_are_made_where_they_are_asked_for(tmp_path):
    options = {"workers": 1, "on_progress": lambda done: None, "make_conformers": True}
    store, good = graph_cache(SMILES[:2], {}, BUCKETS, tmp_path, **options)
    assert good.all()
    assert store.has_geometry.all()
    assert np.abs(store.coords).max(axis=0).all()


def test_without_geometry_a_store_is_of_the_bags_of_each(tmp_path):
    given = [*SMILES, "no molecule", "O=C(NCC1CO1)C1CC1"]
    options = {"workers": 1, "on_progress": lambda done: None, "geometry": False}
    _, good = graph_cache(given, {}, BUCKETS, tmp_path / "cache", **options)
    kept = [text for text in given if text != "no molecule"]
    assert good.tolist() == [text in kept for text in given]
    parts = [features(text, BUCKETS, graph=False) for text in kept]
    build_store(parts, [None] * len(parts)).save(tmp_path / "due")
    due = content(tmp_path / "due")
    found = {Path(name).name: data for name, data in content(tmp_path / "cache").items()}
    assert due.keys() <= found.keys()
    assert due == {name: found[name] for name in due}
