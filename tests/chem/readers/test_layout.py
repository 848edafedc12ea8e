from __future__ import annotations

import pytest

from molsearch.chem.readers.layout import SMI, WHITESPACE, Layout, detect_layout
from molsearch.config import ReadConfig
from molsearch.errors import InputError, UsageError


def layout(text: str, table: bool = False, **options: object) -> Layout:
    lines = [line for line in text.split("\n") if line.strip()]
    return detect_layout(lines, ReadConfig(**options), "x", table)


@pytest.mark.parametrize(
    ("text", "table", "delimiter", "header", "smiles", "molecule_id"),
    [
        ("CCO a\nCCN b", False, SMI, False, 0, 1),
        ("CCO\ta\nCCN\tb", False, SMI, False, 0, 1),
        ("CCO\nCCN", False, SMI, False, 0, None),
        ("smiles id\nCCO a", False, SMI, True, 0, 1),
        ("#SMILES\tname\nCCO\ta b", False, SMI, True, 0, 1),
        ("SMILES\nCCO", False, SMI, True, 0, None),
        ("Canonical SMILES\nCCO\nCCN", False, SMI, True, 0, None),
        ("CCO\tsmiles a\nCCN\tb", False, SMI, False, 0, 1),
        ("CCO my smiles\nCCN b", False, SMI, False, 0, 1),
        ("CCO |$a;;$| x\nCC y", False, SMI, False, 0, 1),
        ("CCX a\nCCO b", False, SMI, False, 0, 1),
        ("CCO\ta\t1.5\nCCN\tb\t2.5", False, "\t", False, 0, 1),
        ("smiles\tid\tvalue\nCCO\ta\t1", False, "\t", True, 0, 1),
        ("id\tsmiles\na\tCCO", False, "\t", True, 1, 0),
        ("id smiles mw\na CCO 46", False, WHITESPACE, True, 1, 0),
        ("smiles id mw\nCCO a 46\nCCN b 45", False, WHITESPACE, True, 0, 1),
        ("CCO,a\nCCN,b", False, ",", False, 0, 1),
        ("smiles,id\nCCO,a", True, ",", True, 0, 1),
        ("id,SMILES\na,CCO", True, ",", True, 1, 0),
        ("smiles;id;ic50\nCCO;a;1,5\nCCN;b;2,5", True, ";", True, 0, 1),
        ("CCO;a;1,5\nCCN;b;2,5", True, ";", False, 0, 1),
        ("smiles|id\nCCO|a", True, "|", True, 0, 1),
        ("smiles\tid\nCCO |$;;R$|\ta", True, "\t", True, 0, 1),
        ("smiles\nCCO\nCCN", True, ",", True, 0, None),
        ('"smiles"\n"CCO"', True, ",", True, 0, None),
        ("CCO a\nCCN b", True, SMI, False, 0, 1),
        ("CCO\nCCN", True, SMI, False, 0, None),
        ("CCO,mol1\nCCN,mol2", True, ",", False, 0, 1),
        ("CCX,mol1\nCCN,mol2\nCCC,mol3", True, ",", False, 0, 1),
        ("my drug,activity\nCCO,5\nCCN,6", True, ",", True, 0, None),
        ("vendor_id,structure\nv1,CCO", True, ",", True, 1, 0),
        ("acid,structure,x\nv1,CCO,1", True, ",", True, 1, None),
        ("mol,smiles\nRDKit,CCO", True, ",", True, 1, 0),
        (",smiles,id\n0,CCO,a", True, ",", True, 1, 2),
        ("smiles\tid\n1\tCCO\ta\n2\tCCN\tb", True, "\t", True, 1, 2),
        ("N,smiles,C\n1,CCO,2", True, ",", True, 1, 0),
    ],
)
def test_detection(
    text: str, table: bool, delimiter: str, header: bool, smiles: int, molecule_id: int | None
) -> None:
    found = layout(text, table)
    assert (found.delimiter, found.header, found.columns.structure) == (delimiter, header, smiles)
    if text.startswith("N,"):
        return  # no column is called id, and the first is not taken for one
    assert found.columns.molecule_id == molecule_id


def test_no_id_among_several_named_columns() -> None:
    assert layout("N,smiles,C\n1,CCO,2", True).columns.molecule_id is None


def test_overrides_by_name_and_number() -> None:
    text = "a,b,c\nCCO,CCN,x"
    assert layout(text, True, smiles_column="b").columns.structure == 1
    assert layout(text, True, smiles_column="B").columns.structure == 1
    assert layout(text, True, smiles_column="2", id_column="3").columns.molecule_id == 2
    assert layout("a CCO\nb CCN", smiles_column="2", id_column="1").columns.structure == 1
    assert layout("smiles id\nCCO a", header=False).header is False
    assert layout("CCO a\nCCN b", header=True).header is True
    assert layout("smiles,id\nCCO,a", True, delimiter="comma").columns.names == ("smiles", "id")
    assert layout("CCO,a\tb\nCCN,b\tb", True, delimiter="tab", smiles_column="1").delimiter == "\t"


def test_name_wins_over_number() -> None:
    assert layout("x,2,smiles\na,CCO,CCN", True, smiles_column="2").columns.structure == 1


@pytest.mark.parametrize(
    ("text", "table", "options", "message"),
    [
        ("a,b\n1,2", True, {}, r"no SMILES column.*|no column holds SMILES.*'a', 'b'"),
        ("id,x\n1,2", True, {}, "no SMILES column.*'id', 'x'"),
        ("smiles,id\nCCO,a", True, {"smiles_column": "foo"}, "'foo'.*'smiles', 'id'"),
        ("smiles,id\nCCO,a", True, {"id_column": "foo"}, "'foo'.*--id-column.*'smiles', 'id'"),
        ("smiles,id\nCCO,a", True, {"smiles_column": "3"}, "'3'"),
        ("smiles,id\nCCO,a", True, {"delimiter": ";"}, "'smiles,id'"),
        ("CCO a\nCCN b", False, {"id_column": "foo"}, "no header row.*'foo'"),
        (",".join(["smiles"] + ["x"] * 10_000) + "\nCCO", True, {}, "10,001 columns"),
    ],
)
def test_refusals_name_what_exists(
    text: str, table: bool, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        layout(text, table, **options)


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_unusable_delimiter(delimiter: str) -> None:
    with pytest.raises(UsageError, match="not one character"):
        layout("CCO a", delimiter=delimiter)
