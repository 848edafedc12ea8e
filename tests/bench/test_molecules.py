"""Descriptors of many molecules: one process or several, the same arrays."""

import numpy as np
import pytest

from molsearch.bench import molecules
from molsearch.bench.descriptors import DESCRIPTORS, describe, joined
from molsearch.bench.molecules import Molecules

SMILES = ["CCO", "", "c1ccccc1C(=O)O", "not a molecule", "C[C@H](N)C(=O)O", "CCN(CC)CC"]


def test_workers_change_nothing(monkeypatch):
    monkeypatch.setattr(molecules, "_CHUNK", 4)
    alone, shared = Molecules(SMILES), Molecules(SMILES)
    alone.need(DESCRIPTORS)
    shared.need(DESCRIPTORS, workers=2)
    whole = describe(SMILES, DESCRIPTORS)
    np.testing.assert_array_equal(alone.readable, [True, False, True, False, True, True])
    for name in DESCRIPTORS:
        np.testing.assert_array_equal(alone[name], whole.columns[name])
        np.testing.assert_array_equal(shared[name], whole.columns[name])
        assert shared[name].dtype == whole.columns[name].dtype


def test_small_pools_start_no_processes(monkeypatch):
    def fails(*_, **__):
        raise AssertionError("a process for six molecules")

    monkeypatch.setattr("molsearch.work.local.Crew", fails)
    found = Molecules(SMILES)
    found.need(["ecfp4"], workers=8)
    assert found["ecfp4"].shape == (6, 256)


def test_no_molecules():
    none = Molecules([])
    none.need(DESCRIPTORS, workers=2)
    assert none.readable.shape == (0,)
    assert none["ecfp4"].shape == (0, 256)
    assert none["parent"].shape == (0,)


@pytest.mark.parametrize("name", ["maccs", "properties", "parent"])
def test_parts_join_in_order(name):
    parts = [describe(SMILES[:2], [name]), describe(SMILES[2:], [name])]
    np.testing.assert_array_equal(
        joined(parts).columns[name], describe(SMILES, [name]).columns[name]
    )
