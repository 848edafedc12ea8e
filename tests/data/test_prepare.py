from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv

from molsearch import schema
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.failures import failure_groups, write_failures
from molsearch.data.prepare import NothingPreparedError, prepare, prepare_records, run_of
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_table import FAILURES, RECORDS, table_of
from molsearch.errors import InputError, UsageError
from molsearch.schema import Prepared, Record

FLAT = PrepareConfig(n_conformers=0)
READ = ReadConfig()
LINES = ["CCO ethanol", "C1CC broken", "[Na+].[Cl-] salt", "C[C@H](N)C(=O)[O-].[Na+] ala", "C* r"]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "my library.smi"
    path.write_text("\n".join(LINES) + "\n")
    return path


def columns(prepared: PreparedSet, name: str) -> list[object]:
    return [one for table in prepared.iter_tables() for one in table.column(name).to_pylist()]


def test_every_record_is_prepared_or_a_failure(library: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    prepared = prepare(
        [library],
        tmp_path / "lib.prepared",
        READ,
        PrepareConfig(),
        workers=1,
        on_progress=lambda done, failed: seen.append((done, failed)),
    )
    assert (prepared.n_in, prepared.n_ok, prepared.n_failed) == (5, 2, 3)
    assert columns(prepared, schema.MOLECULE_ID) == ["ethanol", "ala"]
    assert columns(prepared, schema.PARENT_SMILES) == ["CCO", "C[C@H](N)C(=O)O"]
    assert columns(prepared, schema.ROW) == [1, 4]
    assert seen[0] == (0, 0)
    assert seen[-1] == (5, 3)
    failures = prepared.failures()
    assert tuple(failures.columns) == schema.FAILURE_COLUMNS
    assert list(failures[schema.STAGE]) == ["parse", "standardize", "standardize"]
    assert list(failures[schema.RECORD_NUMBER]) == [2, 3, 5]
    prepared.verify()
    run = json.loads((tmp_path / "lib.prepared" / "run.json").read_text())
    assert run["verb"] == "prepare"
    assert run["n_in"] == run["n_ok"] + run["n_failed"] == 5
    assert run["run"]["prepare"]["seed"] == 20


def test_coordinates_have_the_shape_the_row_states(library: Path, tmp_path: Path) -> None:
    config = PrepareConfig(n_conformers=2)
    prepared = prepare([library], tmp_path / "p", READ, config, workers=1)
    (table,) = prepared.iter_tables()
    assert table.schema.equals(RECORDS)
    for row in table.to_pylist():
        coords = np.frombuffer(row["coords"], "<i2").reshape(row["n_conformers"], row["n_atoms"], 3)
        assert row["n_conformers"] == 2
        assert np.abs(coords.mean(axis=1)).max() < 1
        assert len(row["ecfp4"]) == 256


def test_a_finished_set_is_opened_not_made_again(library: Path, tmp_path: Path) -> None:
    out = tmp_path / "p"
    first = prepare([library], out, READ, FLAT, workers=1)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    again = prepare([library], out, READ, FLAT, workers=1)
    assert again.identity == first.identity
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")} == before


def test_another_run_in_the_same_place_is_refused(library: Path, tmp_path: Path) -> None:
    out = tmp_path / "p"
    prepare([library], out, READ, FLAT, workers=1)
    with pytest.raises(UsageError, match=r"seed=20 \(now 5\).*--overwrite"):
        prepare([library], out, READ, FLAT.model_copy(update={"seed": 5}), workers=1)
    with pytest.raises(UsageError, match="limit None"):
        prepare([library], out, READ, FLAT, workers=1, limit=2)
    with pytest.raises(UsageError, match="exists"):
        prepare([library], out, READ, FLAT, workers=1, resume=False)
    library.write_text("CCN amine\n")
    with pytest.raises(UsageError, match="changed input"):
        prepare([library], out, READ, FLAT, workers=1)
    assert PreparedSet.open(out).n_in == 5
    new = prepare([library], out, READ, FLAT, workers=1, overwrite=True)
    assert columns(new, schema.MOLECULE_ID) == ["amine"]
    new.verify()


def test_foreign_folders_are_never_touched(library: Path, tmp_path: Path) -> None:
    for name, content in [("notes.txt", "mine"), ("manifest.json", '{"format": "other"}')]:
        out = tmp_path / f"folder-{name}"
        out.mkdir()
        (out / name).write_text(content)
        with pytest.raises(UsageError, match="is a folder with other contents"):
            prepare([library], out, READ, FLAT, workers=1, overwrite=True)
        assert (out / name).read_text() == content
    with pytest.raises(UsageError, match="is a file, no prepared set"):
        prepare([library], library, READ, FLAT, workers=1, overwrite=True)


def test_limit_reads_no_further(library: Path, tmp_path: Path) -> None:
    prepared = prepare([library], tmp_path / "p", READ, FLAT, workers=1, limit=2)
    assert (prepared.n_in, prepared.n_ok) == (2, 1)


@pytest.mark.parametrize(("workers", "limit"), [(0, None), (1, 0)])
def test_senseless_numbers_are_usage_errors(
    library: Path, tmp_path: Path, workers: int, limit: int | None
) -> None:
    with pytest.raises(UsageError):
        prepare([library], tmp_path / "p", READ, FLAT, workers=workers, limit=limit)
    assert not (tmp_path / "p").exists()


def test_useless_input_leaves_nothing_behind(tmp_path: Path) -> None:
    empty = tmp_path / "empty.smi"
    empty.write_text("")
    for source in (empty, tmp_path / "missing.smi"):
        with pytest.raises(InputError, match=source.name):
            prepare([source], tmp_path / "p", READ, FLAT, workers=1)
        assert not (tmp_path / "p").exists()
    with pytest.raises(InputError, match="no molecules"):
        prepare_records([], tmp_path / "p", run_of([str(empty)], READ, FLAT), workers=1)
    assert not (tmp_path / "p").exists()


def test_all_failed_names_the_first_reasons_and_keeps_the_table(tmp_path: Path) -> None:
    bad = tmp_path / "bad.smi"
    bad.write_text("C1CC a\nC* b\nC2CC c\n")
    with pytest.raises(
        NothingPreparedError, match=r"none of 3 records.*row 1.*ring bond 1"
    ) as caught:
        prepare([bad], tmp_path / "p", READ, FLAT, workers=1)
    assert caught.value.exit_code == 3
    assert str(caught.value.path / "shards") in str(caught.value)
    prepared = PreparedSet.open(tmp_path / "p")
    assert prepared.n_failed == 3
    assert list(prepared.iter_tables()) == []
    assert len(prepared.failures()) == 3


def test_a_torn_input_keeps_what_came_before(tmp_path: Path) -> None:
    def torn() -> Iterator[Record]:
        for number in range(1, 8):
            yield Record(number, "t", number, f"m{number}", "CCO")
        raise InputError("t: truncated at record 8")

    source = tmp_path / "t"
    source.write_text("x")
    with pytest.raises(InputError, match="record 8"):
        prepare_records(torn(), tmp_path / "p", run_of([str(source)], READ, FLAT), workers=1)
    with pytest.raises(InputError, match="unfinished"):
        PreparedSet.open(tmp_path / "p")
    kept = PreparedSet.open(tmp_path / "p", allow_unfinished=True)
    assert (kept.n_in, kept.complete) == (7, False)


def test_standard_input_cannot_be_resumed(tmp_path: Path) -> None:
    run = run_of(["-"], READ, FLAT)
    rows = [Record(1, "-", 1, "a", "CCO")]
    prepare_records(rows, tmp_path / "p", run, workers=1)
    with pytest.raises(UsageError, match="standard input cannot be resumed"):
        prepare_records(rows, tmp_path / "p", run, workers=1)
    assert prepare_records(rows, tmp_path / "p", run, workers=1, overwrite=True).n_ok == 1


HOSTILE = ["../../etc/passwd", "=cmd|' /C calc'!A0", "<script>", "a\tb", 'say "hi"', "naïve Ω 分子"]


def test_hostile_ids_and_columns_survive_verbatim(tmp_path: Path) -> None:
    rows = [
        Record(n, "x", n, one, "CCO" if n % 2 else "C1C", extra={one: one})
        for n, one in enumerate(HOSTILE, 1)
    ]
    source = tmp_path / "x"
    source.write_text("x")
    prepared = prepare_records(rows, tmp_path / "p", run_of([str(source)], READ, FLAT), workers=1)
    assert columns(prepared, schema.MOLECULE_ID) == HOSTILE[::2]
    users = [json.loads(str(one)) for one in columns(prepared, schema.USER)]
    assert users == [{one: one} for one in HOSTILE[::2]]
    write_failures(prepared.iter_failures(), tmp_path / "failures.csv")
    read = csv.read_csv(tmp_path / "failures.csv")
    assert read.column(schema.MOLECULE_ID).to_pylist() == HOSTILE[1::2]
    assert {path.parent for path in tmp_path.rglob("*.parquet")} == {tmp_path / "p" / "shards"}


def test_lone_surrogates_do_not_break_a_table() -> None:
    base = dict.fromkeys((field.name for field in RECORDS), 0)
    text = {field.name: "" for field in RECORDS if field.type == pa.string()}
    base |= text | {"ecfp4": bytes(256), "coords": b"", "molecule_id": "bad \udcff id", "user": {}}
    base.pop(schema.USER)
    table = table_of([Prepared(**base)])  # type: ignore[arg-type]
    assert table.column(schema.MOLECULE_ID).to_pylist() == ["bad ? id"]


def test_failures_are_grouped_by_kind(library: Path, tmp_path: Path) -> None:
    library.write_text("CCO a\nCN(C)(C)C b\nCCN(C)(C)C c\nC* d\n")
    prepared = prepare([library], tmp_path / "p", READ, FLAT, workers=1)
    groups = failure_groups(prepared)
    assert [(one.stage, one.count, one.row) for one in groups] == [
        ("parse", 2, 2),
        ("standardize", 1, 4),
    ]
    write_failures(prepared.iter_failures(), tmp_path / "f.csv")
    header = (tmp_path / "f.csv").read_text().splitlines()[0].replace('"', "")
    assert tuple(header.split(",")) == schema.FAILURE_COLUMNS == tuple(FAILURES.names)
