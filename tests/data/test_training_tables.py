"""Tables that training reads, however a spreadsheet left them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from molsearch.data.activities import load_activities
from molsearch.data.training_tables import read_table
from molsearch.errors import InputError

ROWS = {"smiles": ["CCO", "CCN", "CCC", "CCF"], "uniprot": [1, 2, 1, 2]}


def _written(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet"])
def test_names_are_text_whatever_they_look_like(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame(
        {**ROWS, "uniprot": [1.0, None, 12.0, 2.0], "label": ["NA", "x", "", None]}
    )
    table = read_table(_written(frame, tmp_path / name), "table", ("smiles", "uniprot"))
    # What csv holds is what is read: pandas has written 1.0 there itself.
    names = ["1.0", "", "12.0", "2.0"] if "parquet" not in name else ["1", "", "12", "2"]
    assert table["uniprot"].tolist() == names
    assert table["label"].tolist() == ["NA", "x", "", ""]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_targets_that_are_numbers_are_held_out(tmp_path: Path, name: str) -> None:
    path = _written(pd.DataFrame(ROWS), tmp_path / name)
    assert load_activities(path).targets == ["1", "2"]
    assert load_activities(path, hold_out={"1"}).targets == ["2"]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_flags_are_read_as_people_write_them(tmp_path: Path, name: str) -> None:
    flags = {
        "is_dev_target": ["no", "Yes", "", "FALSE"],
        "is_benchmark_molecule": [0.0, None, 1.0, 0.0],
        "is_query": [True, False, True, False],
    }
    path = _written(pd.DataFrame({**ROWS, **flags}), tmp_path / name)
    table = read_table(path, "table", ("smiles",))
    assert table["is_dev_target"].tolist() == [False, True, False, False]
    assert table["is_benchmark_molecule"].tolist() == [False, False, True, False]
    assert table["is_query"].tolist() == [True, False, True, False]
    assert load_activities(path).smiles == ["CCO", "CCF"]


def test_a_flag_that_is_neither_is_named(tmp_path: Path) -> None:
    flags = {"is_dev_target": ["no", "no", "perhaps", "no"]}
    path = _written(pd.DataFrame({**ROWS, **flags}), tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"record 3: is_dev_target is 'perhaps', neither true nor"):
        read_table(path, "table", ("smiles",))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "cannot be read as a table"),
        ("a.csv", "smiles,uniprot\nCCO,Größe\n".encode("latin-1"), "save it as csv in UTF-8"),
        ("a.csv", b"\x00\xff\xfe\x00" * 40, "cannot be read as a table"),
        ("a.csv", b"smiles,uniprot\nCCO,P1,x\n", "more cells than there are names at its top"),
        ("a.parquet", b"PAR1 and no more", "cannot be read as parquet"),
        ("a.csv", b"structure,uniprot\nCCO,P1\n", "no column 'smiles'; it has structure, uniprot"),
    ],
)
def test_what_is_no_table_is_told_in_one_line(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        read_table(tmp_path / name, "table", ("smiles", "uniprot"))
    assert "\n" not in str(error.value)


def test_records_without_molecule_or_target_are_listed(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"smiles": ["CCO", None, "CCC", "CCN"], "uniprot": ["P1", "P1", None, "P2"],
         "inchikey": ["A", "B", "C", None]}
    )  # fmt: skip
    found = load_activities(_written(frame, tmp_path / "a.csv"))
    assert [(one.record, one.reason, one.text) for one in found.unread] == [
        (2, "no SMILES", ""),
        (3, "no target", "CCC"),
    ]
    assert found.smiles == ["CCO", "CCN"]
    assert found.keys == ["A", "CCN"]  # without a key a molecule is its SMILES
    assert found.naming is not None
    assert found.naming.record.tolist() == [1, 4]
    assert found.naming.molecule.tolist() == [0, 1]


def test_tiers_of_another_spelling_are_named(tmp_path: Path) -> None:
    frame = pd.DataFrame({**ROWS, "tier": ["Active"] * 4})
    with pytest.raises(InputError, match=r"its tiers are 'Active', the run asks for active"):
        load_activities(_written(frame, tmp_path / "a.csv"))
