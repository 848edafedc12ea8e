"""Common parts of two molecules, and their search cut short."""

from __future__ import annotations

import time

import pytest
from rdkit import Chem

from molsearch.chem.common_part import common_part
from molsearch.errors import InputError


@pytest.mark.parametrize(
    ("first", "second", "n"),
    [
        ("c1ccccc1CCO", "c1ccccc1CCN", 8),
        ("CCO", "CCO", 3),
        ("c1ccccc1CC", "C1CCCCC1CC", 3),  # of a ring's bonds all are shared or none
        ("CCO", "[Na+]", 0),
    ],
)
def test_the_part_is_the_largest_with_whole_rings(first, second, n):
    found = common_part(first, second)
    assert len(found) == n
    assert found.complete


def test_pairs_name_atoms_of_one_element_and_bonds_of_both():
    first, second = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OC", "C#Cc1cccc(Nc2ncnc3cc(OC)ccc23)c1"
    found = common_part(first, second)
    one, other = Chem.MolFromSmiles(first), Chem.MolFromSmiles(second)
    assert len(found) >= 18
    assert len(set(found.first)) == len(set(found.second)) == len(found)
    for a, b in found.pairs:
        assert one.GetAtomWithIdx(a).GetSymbol() == other.GetAtomWithIdx(b).GetSymbol()
    part = Chem.MolFromSmarts(found.smarts)
    assert part.GetNumAtoms() == len(found)


def test_a_search_that_takes_long_is_cut_and_says_so():
    big = "C" + "".join(f"C(C(=O)N{'C' * (3 + i % 3)}O)C(N)" for i in range(30)) + "C"
    other = "N" + "".join(f"C(N)C(C(=O)N{'C' * (4 + i % 2)}S)" for i in range(30)) + "O"
    started = time.monotonic()
    found = common_part(big, other, seconds=1)
    assert not found.complete
    assert len(found) > 0
    assert time.monotonic() - started < 60
    assert len(found.first) == len(found.second)


def test_no_structure_is_an_error_of_input():
    with pytest.raises(InputError, match="cannot read SMILES 'x'"):
        common_part("CCO", "x")
