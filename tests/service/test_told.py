from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from fakes import FakeEncoder, library

from molsearch.data.readings import grouped
from molsearch.index.writer import build_index
from molsearch.schema import ColumnType, Reading
from molsearch.service.events import Note
from molsearch.service.told import (
    library_account,
    plain_reading,
    reading_lines,
    tell_given,
    tell_library,
)


def test_sources_read_alike_are_one_line() -> None:
    alike = [Reading(f"{n}.csv", "csv", "isosmiles", "CID", ("smiles",)) for n in range(3)]
    found = grouped([*alike, Reading("x.smi", "smi", "first word of the line", "")])
    assert [(one.source, one.n_sources) for one in found] == [("0.csv", 3), ("x.smi", 1)]
    lines = reading_lines([asdict(one) for one in found])
    assert lines[0] == "0.csv and 2 more: structure from isosmiles (not smiles), id from CID"
    assert "no ids found" in lines[1]
    assert "--id-column" in lines[1]


def test_types_of_columns_are_plain_in_a_record_of_a_run() -> None:
    reading = Reading("x", "parquet", "smiles", "id", types=(ColumnType("n", "int64"),))
    types = json.loads(json.dumps(plain_reading(reading)))["types"]
    assert types == [{"name": "n", "type": "int64", "categories": []}]


def test_sd_files_are_told_of_their_own_option() -> None:
    (line,) = reading_lines([asdict(Reading("a.sdf", "sdf", "mol block", ""))])
    assert "--id-field" in line


def test_files_of_queries_are_told_but_for_lines_of_structures_alone() -> None:
    told: list[str] = []

    def hear(event: object) -> None:
        assert isinstance(event, Note)
        told.append(event.text)

    bare = Reading("bare.smi", "smi", "first word of the line", "")
    sheet = Reading("q.xlsx", "xlsx", "SMILES", "", notes=("read from sheet 'actives'",))
    tell_given([bare, sheet], hear)
    (line,) = told
    assert line == (
        "q.xlsx: structure from SMILES; no ids found, so molecules are mol-1, mol-2, …; "
        "read from sheet 'actives'"
    )
    told.clear()
    tell_given([Reading(f"{n}", "csv", f"s{n}", "id") for n in range(9)], hear)
    assert told[-1] == "… and 6 other ways of reading"


def test_many_ways_of_reading_are_counted() -> None:
    ways = [asdict(Reading(f"{n}", "csv", f"s{n}", "id")) for n in range(9)]
    assert reading_lines(ways)[-1] == "… and 6 other ways of reading, in run.json"
    assert reading_lines(ways[:4])[-1] == "… and 1 other way of reading, in run.json"


def test_the_first_failure_and_the_place_of_all() -> None:
    told: list[str] = []

    def hear(event: object) -> None:
        assert isinstance(event, Note)
        told.append(event.text)

    first = {"source": "a.smi", "row": 7, "stage": "parse", "reason": "not a SMILES"}
    account = {
        "n_in": 1000, "n_failed": 2, "first_failure": first, "failures": "f.csv", "reading": [],
    }  # fmt: skip
    tell_library(account, hear)
    assert told == [
        "2 of 1,000 records could not be used; first: a.smi row 7: parse: not a SMILES; all: f.csv"
    ]
    tell_library({**account, "n_failed": 0, "first_failure": None}, hear)
    assert len(told) == 1


@pytest.mark.parametrize("bad_every", [0, 3])
def test_failures_are_read_once_for_all_screens_of_an_index(tmp_path, monkeypatch, bad_every):
    prepared = library(tmp_path / "p", 30, bad_every=bad_every)
    reader = build_index(prepared, FakeEncoder(), tmp_path / "i")
    whole = reader.failures()
    read = []
    monkeypatch.setattr(type(reader), "failures", lambda self: read.append(1) or whole)
    first, again = library_account(reader, None), library_account(reader, None)
    assert first == again
    assert len(read) == 1
    assert first["n_failed"] == whole.num_rows == (10 if bad_every else 0)
    due = {"source": "library.smi", "row": 3, "stage": "parse", "reason": "not a readable SMILES"}
    assert first["first_failure"] == (due if bad_every else None)
