from __future__ import annotations

import pytest

from molsearch.chem.readers.columns import (
    chosen,
    id_by_name,
    is_molecule,
    looks_like_header,
    smiles_by_content,
    smiles_by_name,
)
from molsearch.errors import InputError


@pytest.mark.parametrize(
    "cell", ["CCO", "C", "[Na+].[Cl-]", "c1ccccc1 |$a$|", "C(C)(C)(C)(C)C", " CCO "]
)
def test_molecules(cell: str) -> None:
    assert is_molecule(cell)


@pytest.mark.parametrize(
    "cell", ["", " ", "smiles", "SMILES", "CCO ethanol", "5", "1.5", "ID", "C" * 1001, "CHEMBL25"]
)
def test_not_molecules(cell: str) -> None:
    assert not is_molecule(cell)


def test_names_in_order_of_clarity() -> None:
    assert smiles_by_name(["my_smiles", "Canonical_SMILES", "x"]) == 1
    assert smiles_by_name(["query smiles", "SMILES"]) == 1
    assert smiles_by_name(["x", "RDKit_SMILES"]) == 1
    assert smiles_by_name(["smiles,id", "structure"]) is None
    assert id_by_name(["smiles", "name", "id"], 0) == 2
    assert id_by_name(["smiles", "acid", "vendor_id"], 0) == 2
    assert id_by_name(["smiles", "catalogID"], 0) == 1
    assert id_by_name(["smiles", "x"], 0) is None


def test_content_prefers_structures_to_short_ids() -> None:
    rows = [["CN", "CCO", "7"], ["CO", "CC(=O)O", "8"], ["I", "c1ccccc1", "9"]]
    assert smiles_by_content(rows) == 1
    assert smiles_by_content([["a", "5"]]) is None
    assert smiles_by_content([]) is None


def test_chosen() -> None:
    names = ("smiles", "ID", "id")
    assert chosen("id", names, "f", "--x", True) == 2
    assert chosen("Smiles", names, "f", "--x", True) == 0
    assert chosen("2", names, "f", "--x", True) == 1
    for bad in ("0", "4", "-1", "²", "none"):
        with pytest.raises(InputError, match="'smiles', 'ID', 'id'"):
            chosen(bad, names, "f", "--x", True)


def test_a_first_row_that_parses_is_data() -> None:
    assert not looks_like_header([["CCO", "name"], ["CC", "b"]], 0, table=True)
    assert looks_like_header([["drug", "name"], ["CC", "b"]], 0, table=False)
    assert not looks_like_header([["CCX", "m1"], ["CC", "m2"], ["CO", "m31"]], 0, table=True)
    assert not looks_like_header([["CCX", "m1"]], 0, table=True)
