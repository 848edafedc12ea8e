from __future__ import annotations

import csv
import gzip
import io
import pickle
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molsearch.chem.records import iter_records
from molsearch.config import ReadConfig
from molsearch.schema import Reading, Record

CONFIG = ReadConfig()
SMILES = ["CCO", "c1ccccc1C(=O)[O-].[Na+]", "C[C@H](N)C(=O)O", "F/C=C/F", "[13CH4]"]


def records(*sources: str | Path, **options: object) -> list[Record]:
    return list(iter_records(sources, ReadConfig(**options)))


def content(name: str) -> bytes:
    """Return the five molecules, as ids m0 … m4, in the format of `name`."""
    if name == "smi":
        return "".join(f"{s} m{n}\n" for n, s in enumerate(SMILES)).encode()
    if name in ("csv", "tsv"):
        mark = "," if name == "csv" else "\t"
        lines = [f"x{mark}id{mark}smiles"] + [
            f"{n}{mark}m{n}{mark}{s}" for n, s in enumerate(SMILES)
        ]
        return "\n".join(lines).encode()
    if name == "parquet":
        out = io.BytesIO()
        columns = {"x": range(5), "id": [f"m{n}" for n in range(5)], "smiles": SMILES}
        pq.write_table(pa.table(columns), out)
        return out.getvalue()
    blocks = (Chem.MolToMolBlock(Chem.MolFromSmiles(s)) for s in SMILES)
    return "".join(f"m{n}{b}>  <x>\n{n}\n\n$$$$\n" for n, b in enumerate(blocks)).encode()


def check(found: list[Record], name: str) -> None:
    assert [record.number for record in found] == [1, 2, 3, 4, 5]
    assert [record.molecule_id for record in found] == ["m0", "m1", "m2", "m3", "m4"]
    assert not any(record.error for record in found)
    if name == "sdf":
        parsed = [Chem.MolToSmiles(Chem.MolFromMolBlock(record.molblock)) for record in found]
        assert parsed == [Chem.MolToSmiles(Chem.MolFromSmiles(smiles)) for smiles in SMILES]
    else:
        assert [record.smiles for record in found] == SMILES
    if name != "smi":
        assert [record.extra for record in found] == [{"x": str(n)} for n in range(5)]


FORMATS = ("smi", "csv", "tsv", "sdf", "parquet")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("packed", [False, True])
def test_formats(tmp_path: Path, name: str, packed: bool) -> None:
    path = tmp_path / (f"a.{name}.gz" if packed else f"a.{name}")
    raw = content(name)
    path.write_bytes(gzip.compress(raw) if packed else raw)
    found = records(path)
    check(found, name)
    assert {record.source for record in found} == {str(path)}
    assert records(str(path)) == found


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("packed", [False, True])
def test_stdin_is_told_by_content(monkeypatch: pytest.MonkeyPatch, name: str, packed: bool) -> None:
    raw = content(name)
    stream = io.BytesIO(gzip.compress(raw) if packed else raw)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    found = records("-")
    check(found, name)
    assert {record.source for record in found} == {"-"}


@pytest.mark.parametrize("suffix", ["smiles", "txt", "ism", "cxsmiles", "SMI", "none"])
def test_text_suffixes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content("smi"))
    check(records(path), "smi")


def test_single_mol_file(tmp_path: Path) -> None:
    (tmp_path / "a.mol").write_text("m" + Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")))
    (record,) = records(tmp_path / "a.mol")
    assert (record.molecule_id, record.error) == ("m", "")


@pytest.mark.parametrize("name", ["a.csv", "a.txt"])
@pytest.mark.parametrize("named", [True, False])
def test_tables_that_quote_mol_blocks(tmp_path: Path, name: str, named: bool) -> None:
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")) + "$$$$\n"
    with (tmp_path / name).open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerows([["block", "id", "smiles"]] if named else [])
        writer.writerows([block, f"m{n}", "CCO"] for n in range(30))
    said = {} if named else {"delimiter": ",", "smiles_column": "3", "id_column": "2"}
    found = records(tmp_path / name, **said)
    assert [record.molecule_id for record in found] == [f"m{n}" for n in range(30)]
    assert {record.smiles for record in found} == {"CCO"}
    assert {text for record in found for text in record.extra.values()} == {block}


def test_numbers_count_over_sources_and_rows_within(tmp_path: Path) -> None:
    for name in FORMATS:
        (tmp_path / f"a.{name}").write_bytes(content(name))
    found = records(tmp_path)
    assert [record.number for record in found] == list(range(1, 26))
    assert [record.row for record in found if record.source.endswith("csv")] == [2, 3, 4, 5, 6]
    assert [record.row for record in found if record.source.endswith("sdf")] == [1, 2, 3, 4, 5]


def test_missing_ids_are_numbered_and_duplicates_kept(tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("C\nCC a\nCCC a\nCCCC  \n")
    found = records(tmp_path / "a.smi")
    assert [record.molecule_id for record in found] == ["mol-1", "a", "a", "mol-4"]
    (tmp_path / "b.csv").write_text("smiles,id\nC,\nCC, \n")
    found = records(tmp_path / "a.smi", tmp_path / "b.csv")
    assert [record.molecule_id for record in found][4:] == ["mol-5", "mol-6"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("header", ["", "smiles\tname\n"])
def test_the_first_row_is_never_lost(tmp_path: Path, end: str, encoding: str, header: str) -> None:
    text = header + "CCO\tµ 1\n\nCCN\té\n"
    (tmp_path / "a.smi").write_bytes(text.replace("\n", end).encode(encoding))
    found = records(tmp_path / "a.smi")
    assert [(record.smiles, record.molecule_id) for record in found] == [
        ("CCO", "µ 1"),
        ("CCN", "é"),
    ]
    first = 2 if header else 1
    assert [record.row for record in found] == [first, first + 2]


def test_hostile_ids_come_back_verbatim(tmp_path: Path) -> None:
    ids = ["../../x", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", 'a"b', "a\nb", "a,b;c\td"]
    with (tmp_path / "a.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([["id", "smiles"], *([name, "CCO"] for name in ids)])
    assert [record.molecule_id for record in records(tmp_path / "a.csv")] == ids


def test_records_are_plain(tmp_path: Path) -> None:
    for name in FORMATS:
        path = tmp_path / f"a.{name}"
        path.write_bytes(content(name))
        found = records(path)
        assert pickle.loads(pickle.dumps(found)) == found
        assert all(type(record.extra) is dict for record in found)


def test_overrides_reach_the_readers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("key;s1;s2\nk;CC;CCO\n")
    (record,) = records(tmp_path / "a.csv", smiles_column="s2", id_column="1", delimiter=";")
    assert (record.smiles, record.molecule_id, record.extra) == ("CCO", "k", {"s1": "CC"})
    (tmp_path / "b.smi").write_text("CC a\nCO b\n")
    assert len(records(tmp_path / "b.smi", header=True)) == 1
    (tmp_path / "c.sdf").write_bytes(content("sdf"))
    assert [record.molecule_id for record in records(tmp_path / "c.sdf", id_field="X")] == list(
        "01234"
    )


cells = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=15)
rows = st.lists(st.tuples(st.sampled_from(SMILES), cells, cells), min_size=1, max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(rows=rows, mark=st.sampled_from([",", "\t", ";", "|"]), named=st.booleans())
def test_csv_round_trip(
    tmp_path: Path, rows: list[tuple[str, str, str]], mark: str, named: bool
) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, delimiter=mark)
        if named:
            writer.writerow(["smiles", "id", "note"])
        writer.writerows(rows)
    # Without names a note such as INNN may be taken for the SMILES, so the user says which.
    columns = {"smiles_column": "1", "id_column": "2"}
    said = {} if named else {"delimiter": mark, "header": False, **columns}
    found = records(path, **said)
    note = "note" if named else "column_3"
    assert len(found) == len(rows)
    for record, (smiles, name, text) in zip(found, rows, strict=True):
        assert (record.smiles, record.error) == (smiles, "")
        assert record.molecule_id == (name if name.strip() else f"mol-{record.number}")
        assert record.extra == {note: text}


ISOMERIC = ["C[C@H](F)Cl", "", "C[C@@H](O)CC", "", ""]
FLAT = ["CC(F)Cl", "CCO", "CC(O)CC", "CCN", ""]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.xlsx", "a.jsonl", "a.tsv"])
def test_where_the_isomeric_column_is_empty_the_flat_one_beside_it_is_read(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    frame = pd.DataFrame({"smiles": FLAT, "isomeric_smiles": ISOMERIC, "id": [*"abcde"]})
    if name == "a.parquet":
        frame.to_parquet(path)
    elif name == "a.xlsx":
        frame.to_excel(path, index=False)
    elif name == "a.jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False, sep="\t" if name == "a.tsv" else ",")
    readings: list[Reading] = []
    found = list(iter_records([path], ReadConfig(), readings.append))
    assert [record.smiles for record in found] == [
        "C[C@H](F)Cl", "CCO", "C[C@@H](O)CC", "CCN", ""
    ]  # fmt: skip
    assert [record.molecule_id for record in found] == [*"abcde"]
    assert [bool(record.error) for record in found] == [False] * 4 + [True]
    assert readings[0].structure == "isomeric_smiles"
    assert readings[0].notes == ("where isomeric_smiles is empty, smiles is read",)


def test_another_molecule_beside_the_structure_is_never_read_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("smiles,reactant_smiles,id\nCCO,CCCl,a\n,CCBr,b\nCCN,CCI,c\n")
    found = list(iter_records([path], ReadConfig()))
    assert [record.smiles for record in found] == ["CCO", "", "CCN"]
    assert found[1].error == "no SMILES in this row"
