"""What loops read in a canonical SMILES is what RDKit reads; any other text is left to it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from molsearch.chem.kernels.bags import Read
from molsearch.chem.kernels.smiles import NOT_READ

EXAMPLE = Path(__file__).parents[3] / "datasets" / "example"


def test_atoms_and_bonds_are_rdkit_s() -> None:
    with (EXAMPLE / "library.csv").open() as handle:
        mols = [Chem.MolFromSmiles(row["smiles"]) for row in csv.DictReader(handle)]
    texts = [Chem.MolToSmiles(mol) for mol in mols if mol is not None]
    read = Read.of(texts)
    for i, text in enumerate(texts):
        if read.unsure[i] == NOT_READ:
            continue
        mol = Chem.MolFromSmiles(text)
        atoms = slice(read.start[i], read.start[i + 1])
        due = rdMolDescriptors.GetConnectivityInvariants(mol)
        assert read.invariants[atoms].tolist() == due, text
        bonds = read.bonds[read.bond_start[i] : read.bond_start[i + 1]].tolist()
        assert sorted(bonds) == sorted(
            [*sorted((one.GetBeginAtomIdx(), one.GetEndAtomIdx())), 2 * one.GetBondTypeAsDouble()]
            for one in mol.GetBonds()
        )
    assert (read.unsure != NOT_READ).mean() > 0.9


@pytest.mark.parametrize(
    "text",
    [
        *("", "C", "[CH3]C", "CC.CC", "C[Si]C", "C*C", "CC[", "CC[C@", "CC[C@H", "CC[C@@@H]C"),
        *("CC(", "CC)C", "(CC)", "C1CC", "C%1CC", "C%(10)CC", "CC=", "C==C", "=CC", "1CC", "C:C"),
        *("cC", "CF(C)C", "C[N-]C", "C[NH]C", "[13C]C", "éC", "C C", "C" * 65),
        *("C[O-]]C", "CC[n+]", "[C@HC", "C@C", "CC%", "CC%2"),
    ],
)
def test_what_is_not_read(text: str) -> None:
    before, whole, after = "CCO", Read.of(["CCO", text, "c1ccccc1"]), "c1ccccc1"
    assert whole.unsure.tolist() == [0, NOT_READ, 0]
    assert np.diff(whole.start).tolist() == [3, 0, 6]
    assert np.diff(whole.bond_start).tolist() == [2, 0, 6]
    for place, alone in ((0, Read.of([before])), (2, Read.of([after]))):
        found = whole.invariants[whole.start[place] : whole.start[place + 1]]
        assert np.array_equal(found, alone.invariants[: len(found)])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("CNOcn123%()=[]@H+-/\\#lrB.é", max_size=30), max_size=5))
def test_any_text_is_read_or_left(texts: list[str]) -> None:
    read = Read.of(texts)
    sizes = np.diff(read.start)
    assert (sizes[read.unsure == NOT_READ] == 0).all()
    assert (sizes[read.unsure != NOT_READ] > 1).all()
    for text, size in zip(texts, sizes.tolist(), strict=True):
        assert size <= len(text)
