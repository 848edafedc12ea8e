"""Parents of many SMILES: one process or several, the same list."""

from __future__ import annotations

import pytest

from molsearch.data import parents
from molsearch.data.parents import parents_of

SMILES = [
    "CC(=O)[O-].[Na+]",
    "OCC",
    "no molecule",
    "",
    "C[C@H](N)C(=O)O",
    "c1ccccc1",
    "[Na+].[Cl-]",
]


@pytest.mark.parametrize("workers", [1, 2])
def test_parents_keep_their_order_and_their_reasons(monkeypatch, workers):
    monkeypatch.setattr(parents, "_CHUNK", 3)
    done: list[int] = []
    found = parents_of(SMILES, workers=workers, on_progress=done.append)
    assert done == [3, 6, 7]
    assert found == parents._parents(SMILES, 250)
    assert [smiles for smiles, _, _ in found][:3] == ["CC(=O)O", "CCO", ""]
    assert [bool(reason) for _, _, reason in found] == [
        False,
        False,
        True,
        True,
        False,
        False,
        True,
    ]


def test_no_molecules_need_no_process():
    assert parents_of([], workers=2, on_progress=lambda done: None) == []
