from __future__ import annotations

import pytest

from molsearch.chem.readers.identifiers import choose_id, ids_by_name

CODES = [f"Z{n}" for n in range(12)]


def chosen(names: list[str], *columns: list[str], skip: tuple[int, ...] = (0,)) -> str | None:
    position, _ = choose_id(names, list(zip(*columns, strict=True)), skip)
    return None if position is None else names[position]


@pytest.mark.parametrize(
    "name",
    [
        "id", "ID", "Compound ID", "catalogID", "vendor_id", "MOLPORTID", "MolPort ID",
        "Catalog No", "Cat. No.", "catalogue number", "PUBCHEM_CID", "PUBCHEM_SID",
        "PUBCHEM_COMPOUND_CID", "PUBCHEM_SUBSTANCE_ID", "IDNUMBER", "EN_ID", "Product Code",
        "Molecule ChEMBL ID", "chembl_id", "CAS No", "Supplier Ref", "Item Number", "emolecules_id",
    ],
)  # fmt: skip
def test_names_of_ids(name: str) -> None:
    assert ids_by_name([name]) == [0]


@pytest.mark.parametrize(
    "name",
    ["acid", "lipid", "valid", "solid", "x", "", "target_id", "Target ChEMBL ID", "assay_id",
     "Document ChEMBL ID", "plate_id", "number", "IC50", "smiles", "order"],
)  # fmt: skip
def test_other_names(name: str) -> None:
    assert ids_by_name([name]) == []


def test_names_in_order() -> None:
    assert ids_by_name(["smiles", "name", "id"]) == [2, 1]
    assert ids_by_name(["Target ChEMBL ID", "Molecule ChEMBL ID"]) == [1]


def test_a_name_with_different_values_wins() -> None:
    assert chosen(["s", "id", "name"], CODES, ["b1"] * 12, CODES) == "name"
    assert chosen(["s", "id", "name"], CODES, [""] * 12, CODES) == "name"
    assert chosen(["s", "id", "name"], CODES, CODES, CODES) == "id"
    # An id that names several salts of one compound stays the id.
    assert chosen(["s", "id", "x"], CODES, [f"c{n // 2}" for n in range(12)], CODES) == "id"
    assert chosen(["s", "id", "x"], CODES, ["b1"] * 12, ["5"] * 12) == "id"


def test_without_a_name_what_is_unique() -> None:
    values = [f"{n}.5" for n in range(12)]
    assert chosen(["s", "mw", "Enamine"], CODES, values, CODES) == "Enamine"
    assert chosen(["s", "mw"], CODES, values) is None
    assert chosen(["s", "x"], CODES, [*CODES[:11], "Z0"]) is None
    assert chosen(["s", "x"], CODES, [*CODES[:11], ""]) is None
    assert chosen(["s", "x"], CODES[:2], CODES[:2]) is None
    assert chosen(["s", "x", "y"], CODES, [f"drug {c}" for c in CODES], CODES) == "y"
    assert chosen(["s", "n"], CODES, [str(n) for n in range(12)]) is None
    assert chosen(["s", "n"], CODES, [str(70_000 + n) for n in range(12)]) == "n"
    assert chosen(["s", "day"], CODES, [f"2026-01-{n:02}" for n in range(1, 13)]) is None
    assert chosen(["s", "ic50"], CODES, [f"> {n}" for n in range(12)]) is None
    assert chosen(["s", "target"], CODES, CODES) is None


def test_structures_are_no_ids() -> None:
    rings = [f"c1ccccc1{'C' * n}" for n in range(12)]
    keys = [f"{'A' * 12}{chr(65 + n)}B-{'C' * 10}-N" for n in range(12)]
    assert chosen(["s", "x", "InChIKey", "molecule"], CODES, rings, keys, rings) is None
    assert chosen(["s", "key"], CODES, keys) is None
    # Short ids may happen to be SMILES.
    assert chosen(["s", "id"], CODES[:3], ["CN", "CO", "I"]) == "id"


def test_the_other_candidates_are_named() -> None:
    rows = list(zip(CODES, CODES, CODES, [f"n{n} x" for n in range(12)], strict=True))
    assert choose_id(["s", "CAS No", "id", "remark"], rows, (0,)) == (2, (1, 3))


def test_rows_may_be_short() -> None:
    assert choose_id(["s", "id"], [["C"], ["CC", "a"]], (0,)) == (1, ())
    assert choose_id([], []) == (None, ())


def test_an_id_that_reads_as_a_structure_and_repeats_is_an_id_still() -> None:
    assert choose_id(["smiles", "MOLPORTID"], [["CCO", "BNNN"], ["CCN", "BNNN"]], (0,))[0] == 1
    assert choose_id(["smiles", "MOLPORTID"], [["CCO", "BNNN"], ["CCN", "CCCO"]], (0,))[0] is None
