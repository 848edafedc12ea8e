from __future__ import annotations

import pytest

from molsearch.chem.readers.columns import Columns, choose_columns, chosen
from molsearch.config import ReadConfig
from molsearch.errors import InputError

FLAT, ALANINE = "CC(N)C(=O)O", "C[C@H](N)C(=O)O"


def choose(
    names: tuple[str, ...], rows: list[list[str]], header: bool = True, **options: str
) -> Columns:
    return choose_columns(names, rows, ReadConfig(**options), "x.csv", header=header, first=["?"])


def test_chosen() -> None:
    names = ("smiles", "ID", "id")
    assert chosen("id", names, "f", "--x", True) == 2
    assert chosen("Smiles", names, "f", "--x", True) == 0
    assert chosen("2", names, "f", "--x", True) == 1
    for bad in ("0", "4", "-1", "²", "none"):
        with pytest.raises(InputError, match="'smiles', 'ID', 'id'"):
            chosen(bad, names, "f", "--x", True)


def test_what_was_taken_and_what_could_have_been() -> None:
    names = ("CID", "CanonicalSMILES", "IsomericSMILES", "Catalog No")
    found = choose(names, [["1", FLAT, ALANINE, "a"], ["2", "CCO", "CCO", "b"]])
    reading = found.reading("x.csv", "csv")
    assert (reading.structure, reading.molecule_id) == ("IsomericSMILES", "CID")
    assert (reading.other_structures, reading.other_ids) == (("CanonicalSMILES",), ("Catalog No",))
    assert found.kept == (1, 3)


def test_a_measurement_beside_the_structures_is_no_id() -> None:
    assert choose(("smiles", "pIC50"), [["CCO", "5.3"], ["CCN", "-6.1"]]).molecule_id is None
    assert choose(("smiles", "activity"), [["CCO", "5"], ["CCN", "6"]]).molecule_id is None
    assert choose(("smiles", "what"), [["CCO", "a"], ["CCN", "a"]]).molecule_id == 1
    rows = [["CCO", "5.3", "m1"], ["CCN", "6.1", "m1"]]
    assert choose(("a", "b", "c"), rows, header=False).molecule_id == 2


@pytest.mark.parametrize(
    ("names", "options"),
    [(("selfies", "id"), {}), (("smiles", "id"), {}), (("x", "id"), {"smiles_column": "x"})],
)
def test_a_column_of_selfies_is_refused(names: tuple[str, ...], options: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"holds SELFIES.*--smiles-column"):
        choose(names, [["[C][C][O]", "m1"], ["[C][C]", "m2"]], **options)


def test_selfies_beside_smiles_are_an_ordinary_column() -> None:
    found = choose(("selfies", "smiles", "id"), [["[C][C][O]", "CCO", "a"]])
    assert (found.structure, found.molecule_id, found.kept) == (1, 2, (0,))


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("IC50 (nM)", ["71", "55", "33"]), ("ki_um", ["1", "2", "3"]), ("active", ["1", "0", "1"]),
        ("Activity Outcome", ["Active", "Probe", "Inactive"]), ("active", ["yes", "no", "maybe"]),
        ("class", ["active", "inactive", "active"]), ("pIC50", ["7", "5", "3"]),
    ],
)  # fmt: skip
def test_how_active_a_molecule_is_does_not_name_it(name: str, cells: list[str]) -> None:
    rows = [[smiles, cell] for smiles, cell in zip(["CCO", "CCN", "CCS"], cells, strict=True)]
    assert choose(("smiles", name), rows).molecule_id is None
    assert choose(("smiles", "class"), [["CCO", "a1"], ["CCN", "b2"]]).molecule_id == 1


def test_a_class_beside_the_structure_is_no_id() -> None:
    """Fine-tuning reads it as the target; as an id it would say nothing."""
    rows = [["CCO", "a"], ["CCN", "a"], ["CCC", "b"], ["CCCl", "b"], ["CCF", "a"]]
    assert choose(("smiles", "drug_class"), rows).molecule_id is None
    told = [[smiles, f"{name}{n}"] for n, (smiles, name) in enumerate(rows)]
    assert choose(("smiles", "drug_class"), told).molecule_id == 1


def test_a_column_typed_in_another_encoding_is_found() -> None:
    typed = "größe".encode("latin-1").decode("ascii", "surrogateescape")
    assert chosen(typed, ["smiles", "größe"], "x.csv", "--id-column", header=True) == 1
