"""Macrocycles and large molecules are told from the rest."""

from __future__ import annotations

import pytest

from molsearch.chem.unusual import HEAVY_ATOMS, RING, unusual


@pytest.mark.parametrize(
    ("smiles", "due"),
    [
        ("C1" + "C" * (RING - 2) + "C1", f"a macrocycle (a ring of {RING} atoms)"),
        ("C1" + "C" * (RING - 3) + "C1", ""),
        ("C" * (HEAVY_ATOMS + 1), f"large ({HEAVY_ATOMS + 1} heavy atoms)"),
        ("C" * HEAVY_ATOMS, ""),
        ("c1ccc2c(c1)ccc1c2ccc2ccccc21", ""),
        ("not a structure", ""),
    ],
)
def test_what_is_unusual(smiles, due):
    assert unusual(smiles) == due
