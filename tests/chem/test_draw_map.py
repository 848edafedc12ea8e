"""Atom maps as SVG: a disc an atom that counts, in the colour of its sign; hits lie as queries."""

from __future__ import annotations

import re

import numpy as np
import pytest
from rdkit import Chem

from molsearch.chem.common_part import common_part
from molsearch.chem.draw import laid_out
from molsearch.chem.draw_map import LOWERS, RAISES, lie_alike, map_svg
from molsearch.chem.pieces import piece_smiles, pieces
from molsearch.errors import InputError


def discs(svg, colour):
    return len(re.findall(rf"<ellipse[^>]*fill:{colour}", svg, re.IGNORECASE))


def test_atoms_that_raise_and_lower_have_discs_and_others_none():
    shares = np.array([0.2, 0.1, -0.15, 0.0, 0.001, 0.0, 0.0, 0.05])
    svg = map_svg("c1ccccc1CO", shares)
    assert svg.startswith("<svg")
    assert discs(svg, RAISES) == 3
    assert discs(svg, LOWERS) == 1
    assert "currentColor" in svg  # carbon is readable on light and on dark


def test_a_scale_of_several_drawings_leaves_small_contributions_out():
    shares = np.array([0.01, 0.01, 0.01])
    assert discs(map_svg("CCO", shares), RAISES) == 3
    assert discs(map_svg("CCO", shares, scale=1.0), RAISES) == 0
    assert discs(map_svg("CCO", np.zeros(3)), RAISES) == 0


def test_the_common_part_is_underlaid():
    plain, marked = (map_svg("c1ccccc1CO", np.zeros(8), shared=s) for s in ((), range(6)))
    assert marked.count("<path") - plain.count("<path") == 6


def test_shared_atoms_lie_in_the_same_place():
    query, hit = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OC", "CCCCNC(=O)c1ccc(Nc2ncnc3ccccc23)cc1"
    common = common_part(query, hit)
    mol, still = laid_out(hit), laid_out(query)
    lie_alike(mol, query, common.pairs)
    first, second = (np.array(one.GetConformer().GetPositions()) for one in (still, mol))
    moved = first[list(common.first)] - second[list(common.second)]
    np.testing.assert_allclose(moved, 0, atol=1e-3)
    assert len(common) >= 15


def test_one_contribution_an_atom_is_asked_for():
    with pytest.raises(ValueError, match="2 contributions for 3 atoms"):
        map_svg("CCO", np.zeros(2))
    with pytest.raises(InputError, match="not a SMILES"):
        map_svg("C1CC", np.zeros(3))


@pytest.mark.parametrize(
    ("smiles", "found"),
    [
        ("c1ccccc1CCN", {"c1ccccc1", "CCN"}),
        ("O=C1CCCN1Cc1ccncc1", {"O=C1CCCN1", "C", "c1ccncc1"}),
        ("CCO", {"CCO"}),
        ("c1ccc(-c2ccccc2)cc1", {"c1ccccc1"}),
    ],
)
def test_pieces_are_rings_and_what_hangs_on_them(smiles, found):
    mol = Chem.MolFromSmiles(smiles)
    parts = pieces(mol)
    assert sorted(atom for part in parts for atom in part) == list(range(mol.GetNumAtoms()))
    written = {Chem.CanonSmiles(piece_smiles(mol, part)) for part in parts}
    assert written == {Chem.CanonSmiles(one) for one in found}
