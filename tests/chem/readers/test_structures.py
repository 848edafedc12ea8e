from __future__ import annotations

import pytest

from molsearch.chem.readers.structures import (
    is_molecule,
    is_selfies,
    only_selfies,
    smiles_by_content,
    structures_by_name,
)

ALANINE, FLAT = "C[C@H](N)C(=O)O", "CC(N)C(=O)O"


@pytest.mark.parametrize(
    "cell",
    [
        "CCO", "C", "[Na+].[Cl-]", "c1ccccc1 |$a$|", "C(C)(C)(C)(C)C", " CCO ",
        "InChI=1S/CH4/h1H4", "[13CH3][13CH3]", "[H][H]", "[OH-].[Na+]",
    ],
)  # fmt: skip
def test_molecules(cell: str) -> None:
    assert is_molecule(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "", " ", "smiles", "SMILES", "CCO ethanol", "5", "1.5", "ID", "C" * 1001, "CHEMBL25",
        "InChI=", "VNWKTOKETHGBQD-UHFFFAOYSA-N", "[C][C][O]", "[C][=C][Ring1][C]",
    ],
)  # fmt: skip
def test_not_molecules(cell: str) -> None:
    assert not is_molecule(cell)


@pytest.mark.parametrize(
    ("names", "position"),
    [
        (["my_smiles", "Canonical_SMILES", "x"], 1),
        (["query smiles", "SMILES"], 1),
        (["x", "RDKit_SMILES"], 1),
        (["CID", "IsomericSMILES", "CanonicalSMILES"], 1),
        (["CID", "CanonicalSMILES", "IsomericSMILES"], 2),
        (["smiles", "isosmiles"], 1),
        (["isomeric_smiles", "smiles"], 0),
        (["SMILES", "ConnectivitySMILES"], 0),
        (["ConnectivitySMILES", "my smiles"], 1),
        (["non-isomeric smiles", "smiles"], 1),
        (["scaffold_smiles", "parent smiles"], 1),
        (["selfies", "smiles"], 1),
    ],
)
def test_names_in_order_of_clarity(names: list[str], position: int) -> None:
    assert structures_by_name(names, [])[0] == position


def test_names_that_say_nothing() -> None:
    assert structures_by_name(["smiles,id", "structure"], []) == []


def test_stereo_wins_whatever_the_names() -> None:
    rows = [[FLAT, ALANINE, "CC[C@H](C)O"], ["CCO", "CCO", "C"]]
    assert structures_by_name(["smiles", "my_smiles", "product_smiles"], rows)[0] == 1
    # Stereo of other molecules is no reason.
    assert structures_by_name(["smiles", "x", "product_smiles"], rows)[0] == 0
    assert structures_by_name(["smiles", "structure", "x"], rows)[0] == 1


def test_a_column_mostly_empty_does_not_win() -> None:
    rows = [[FLAT, ""], ["CCO", ""], ["CCN", "CCN"], ["CCC", "nan"]]
    assert structures_by_name(["smiles", "isomeric_smiles"], rows) == [0, 1]


def test_inchi_only_where_no_smiles_is() -> None:
    inchi = "InChI=1S/CH4/h1H4"
    assert structures_by_name(["inchikey", "InChI"], [["VNWKT", inchi]]) == [1]
    assert structures_by_name(["InChI", "smiles"], [[inchi, "C"]]) == [1, 0]


def test_content_prefers_structures_to_short_ids() -> None:
    rows = [["CN", "CCO", "7"], ["CO", "CC(=O)O", "8"], ["I", "c1ccccc1", "9"]]
    assert smiles_by_content(rows) == 1
    assert smiles_by_content([["a", "5"]]) is None
    assert smiles_by_content([]) is None


def test_selfies_are_told_by_the_column() -> None:
    assert only_selfies([["[C][C][O]", "C"], ["[C][=C]", "CC"]]) == [0]
    assert only_selfies([["[C][C][O]"], ["[Na+].[Cl-]"]]) == []
    assert not is_selfies("[13CH4]")
    assert not is_selfies("[Na+].[Cl-]")
