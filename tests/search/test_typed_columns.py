"""Types of the user's columns, from a parquet file through prepare, index and screen to parquet."""

from __future__ import annotations

import datetime
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes import FakeEncoder

from molsearch.api import Index, Library
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_manifest import read_manifest
from molsearch.index.reader import open_index
from molsearch.index.writer import build_index
from molsearch.io.hashing import sha256_json
from molsearch.io.typed import text_frame
from molsearch.search import streamed
from molsearch.search.output import write_hits
from molsearch.search.queries import read_queries
from molsearch.search.screen import screen

SMILES = ["CCO", "CCN", "CCCC", "c1ccccc1O", "CCOC"]
DAY = datetime.date(2026, 1, 2)
TIME = datetime.datetime(2026, 1, 2, 3, 4, 5, 600)  # noqa: DTZ001
COLUMNS = {
    "whole": pa.array([1, None, -3, 4, 2**53 + 1], pa.int64()),
    "small": pa.array([1, None, -3, 4, 5], pa.int8()),
    "number": pa.array([0.1, None, float("nan"), 1e-300, 5.0]),
    "half": pa.array([0.1, None, -3, 4, 5], pa.float32()),
    "truth": pa.array([True, None, False, True, True]),
    "day": pa.array([DAY, None, DAY, DAY, DAY]),
    "time": pa.array([TIME, None, TIME, TIME, TIME]),
    "zoned": pa.array([TIME, None, TIME, TIME, TIME], pa.timestamp("ns", tz="Europe/Berlin")),
    "price": pa.array([Decimal("1.50"), None, Decimal("0.05"), None, None], pa.decimal128(9, 2)),
    "word": pa.array(["", None, "x", "5", "nan"]),
    "kind": pa.array(["b", None, "a", "b", ""]).dictionary_encode(),
    "bits": pa.array([[1, 0], None, [], [1], [0]], pa.list_(pa.int64())),
    "nothing": pa.nulls(5),
    "mw": pa.array([1, 2, 3, 4, None], pa.int32()),  # a name of ours
}
GRADES = pa.DictionaryArray.from_arrays(
    pa.array([0, None, 2, 0, 2], pa.int8()), ["low", "middle", "high"], ordered=True
)


def library(path, columns, smiles=SMILES):
    ids = [f"{path.stem}-{i}" for i in range(len(smiles))]
    pq.write_table(pa.table({"id": ids, "smiles": smiles, **columns}), path)
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("typed") / "mine.parquet"
    return library(path, {**COLUMNS, "grade": GRADES})


def searched(folder, sources, **config):
    prepared = Library.open(*sources).prepare(folder / "p", n_conformers=0, workers=1).prepared
    reader = build_index(prepared, FakeEncoder(), folder / "i")
    queries = read_queries(["CCO"], ReadConfig(), PrepareConfig(n_conformers=0))
    return screen(reader, FakeEncoder(), queries, ScreenConfig(k=100, **config))


@pytest.fixture(scope="module")
def hits(source, tmp_path_factory):
    return searched(tmp_path_factory.mktemp("screened"), [source])


@pytest.mark.parametrize("name", [*COLUMNS, "grade"])
def test_each_type_and_null_come_out_as_they_went_in(hits, source, tmp_path, name):
    assert write_hits(hits, tmp_path / "hits.parquet") == ()
    before = pq.read_table(source).sort_by("id")
    after = pq.read_table(tmp_path / "hits.parquet").sort_by("molecule_id")
    assert after["molecule_id"].to_pylist() == before["id"].to_pylist()
    found = after["mw_input" if name == "mw" else name]
    assert found.type == before[name].type
    assert [*map(repr, found.to_pylist())] == [*map(repr, before[name].to_pylist())]
    assert found.null_count == before[name].null_count
    if name == "grade":
        assert found.combine_chunks().dictionary.to_pylist() == ["low", "middle", "high"]


def test_pandas_reads_what_was_written(hits, source, tmp_path):
    write_hits(hits, tmp_path / "hits.parquet")
    frame = pd.read_parquet(tmp_path / "hits.parquet").sort_values("molecule_id")
    assert frame["whole"].dtype == "Int64"
    assert frame["whole"].tolist()[-1] == 2**53 + 1
    assert frame["truth"].dtype == "boolean"
    assert frame["grade"].dtype.ordered
    assert [*frame["grade"].dtype.categories] == ["low", "middle", "high"]
    assert frame["word"].iloc[0] == ""
    assert frame["word"].isna().tolist() == [False, True, False, False, False]


def test_the_manifests_name_the_types_and_folders_without_them_open(hits, tmp_path):
    (reading,) = hits.reader.manifest.library.reading
    types = {column.name: column.type for column in reading.types}
    assert types["whole"] == "int64"
    assert types["zoned"] == "timestamp[ns, tz=Europe/Berlin]"
    assert [*types][: len(COLUMNS)] == [*COLUMNS]
    prepared = hits.reader.path.parent / "p"
    assert read_manifest(prepared).reading[0].types == reading.types


def test_csv_is_text_as_before(hits, tmp_path):
    write_hits(hits, tmp_path / "hits.csv")
    rows = pd.read_csv(tmp_path / "hits.csv", dtype=str, keep_default_na=False)
    row = rows.set_index("molecule_id").loc["mine-0"]
    assert row[["whole", "number", "half", "truth", "day", "bits", "nothing"]].tolist() == [
        "1", "0.1", "0.10000000149011612", "True", "2026-01-02", "[1, 0]", ""
    ]  # fmt: skip
    assert rows.columns.tolist()[-len(COLUMNS) - 1 :][:3] == ["whole", "small", "number"]


def test_a_value_that_is_none_of_the_type_is_told_and_the_column_stays_text(tmp_path, source):
    (tmp_path / "more.csv").write_text("smiles,id,whole,small\nCCS,more-0,n/a,7\nCCF,more-1,,\n")
    hits = searched(tmp_path, [source, tmp_path / "more.csv"])
    (note,) = write_hits(hits, tmp_path / "hits.parquet")
    assert "'whole' was int64, but stays text: 'n/a' is not" in note
    table = pq.read_table(tmp_path / "hits.parquet")
    rows = {row["molecule_id"]: row for row in table.to_pylist()}
    assert pa.types.is_large_string(table["whole"].type)
    assert [rows["more-0"]["whole"], rows["mine-0"]["whole"]] == ["n/a", "1"]
    assert table["small"].type == pa.int8()
    assert [rows[id_]["small"] for id_ in ("more-0", "more-1", "mine-0")] == [7, None, 1]


@pytest.mark.parametrize("at_once", [2, 1000])
@pytest.mark.parametrize("late", ["n/a", "0.5", "7"])
def test_a_list_that_is_streamed_has_the_types_of_one_that_is_held(
    tmp_path, source, monkeypatch, at_once, late
):
    monkeypatch.setattr(streamed, "_ROWS_AT_ONCE", at_once)
    rows = f"smiles,id,whole,small\nCCS,more-0,{late},7\nCCF,more-1,,\n"
    (tmp_path / "more.csv").write_text(rows)
    held = searched(tmp_path, [source, tmp_path / "more.csv"])
    notes = write_hits(held, tmp_path / "held.parquet")
    queries = read_queries(["CCO"], ReadConfig(), PrepareConfig(n_conformers=0))
    config, place = ScreenConfig(k=100), tmp_path / "s.parquet"
    done = screen(held.reader, FakeEncoder(), queries, config, stream_to=place)
    due, found = pq.read_table(tmp_path / "held.parquet"), pq.read_table(place)
    own = due.column_names[due.column_names.index("whole") :]
    assert found.column_names[found.column_names.index("whole") :] == own
    told = [note for note in done.warnings if "stays text" in note]
    assert [note.split(":")[0] for note in told] == [note.split(":")[0] for note in notes]
    assert bool(notes) == (late != "7")  # of 2**53 + 1 and 0.5 no float says both
    for name in own:
        text = pa.types.is_large_string(due[name].type)
        assert found[name].type == (pa.string() if text else due[name].type), name
        assert [*map(repr, found[name].to_pylist())] == [*map(repr, due[name].to_pylist())]
    assert text_frame(found)[1] == text_frame(due)[1]


def test_files_of_other_types_come_together(tmp_path):
    one = library(tmp_path / "one.parquet", {"x": pa.array([1, 2], pa.int32())}, ["CCO", "CCN"])
    two = library(tmp_path / "two.parquet", {"x": pa.array([0.5, None])}, ["CCS", "CCF"])
    hits = searched(tmp_path, [one, two])
    assert hits.types["x"].type == "double"
    assert len(hits.reader.manifest.library.reading) == 1
    write_hits(hits, tmp_path / "hits.parquet")
    found = pq.read_table(tmp_path / "hits.parquet").sort_by("molecule_id")["x"].to_pylist()
    assert found == [1.0, 2.0, 0.5, None]


def test_excel_and_json_lines_give_the_types_of_their_cells(tmp_path):
    cells = {
        "smiles": ["CCO", "CCN"], "id": ["x-1", "x-2"], "n": [1, 2], "pic50": [6.5, None],
        "on": [DAY, None], "flag": [True, False], "lot": ["007", None],
    }  # fmt: skip
    pd.DataFrame(cells).to_excel(tmp_path / "x.xlsx", index=False)
    lines = (
        '{"smiles": "CCS", "id": "j-1", "n": 1, "pic50": 6.50, "flag": true, "lot": "007"}\n'
        '{"smiles": "CCF", "id": "j-2", "n": 12, "pic50": null, "flag": false, "lot": null}\n'
    )
    (tmp_path / "j.jsonl").write_text(lines)
    hits = searched(tmp_path, [tmp_path / "x.xlsx", tmp_path / "j.jsonl"])
    types = {name: column.type for name, column in hits.types.items()}
    assert types == {"n": "int64", "pic50": "double", "on": "date32[day]", "flag": "bool"}
    write_hits(hits, tmp_path / "hits.parquet")
    table = pq.read_table(tmp_path / "hits.parquet").sort_by("molecule_id")
    assert table["n"].to_pylist() == [1, 12, 1, 2]
    assert table["pic50"].to_pylist() == [6.5, None, 6.5, None]
    assert table["on"].to_pylist() == [None, None, DAY, None]
    assert table["lot"].to_pylist() == ["007", None, "007", None]
    by_id = hits.frame.set_index("molecule_id")
    assert by_id.loc["j-1", "pic50"] == "6.50"  # text is verbatim


def test_the_python_interface_gives_types(source, tmp_path):
    index = Index.build(source, FakeEncoder(), tmp_path / "i", n_conformers=0, workers=1)
    frame = index.search("CCO", k=10).set_index("molecule_id")
    assert frame["whole"].dtype == "Int64"
    assert frame["time"].dtype.kind == "M"
    assert frame.loc["mine-0", "time"] == pd.Timestamp(TIME)
    assert frame["grade"].max() == "high"
    assert frame["number"].dtype == "float64"


def test_a_condition_finds_a_column_without_values(source, tmp_path):
    hits = searched(tmp_path, [source], where=['nothing=""', "whole<5"])
    assert sorted(hits.frame["molecule_id"]) == ["mine-0", "mine-2", "mine-3"]


def test_text_again_of_a_typed_table(hits):
    typed = hits.typed
    handle = io.BytesIO()
    pq.write_table(typed.table, handle)
    frame, types = text_frame(pq.read_table(handle))
    assert types == dict(hits.types)
    pd.testing.assert_frame_equal(frame, hits.frame)


def test_folders_from_before_the_types_open_and_give_text(hits, tmp_path):
    copy = Path(shutil.copytree(hits.reader.path, tmp_path / "i"))
    for path in (copy / "manifest.json", copy / "generations" / "000001" / "manifest.json"):
        content = json.loads(path.read_text())
        del content["checksum"]
        for reading in content["library"]["reading"]:
            del reading["types"]
        path.write_text(json.dumps({**content, "checksum": sha256_json(content)}))
    reader = open_index(copy)
    assert reader.manifest.library.reading[0].types == ()
    queries = read_queries(["CCO"], ReadConfig(), PrepareConfig(n_conformers=0))
    found = screen(reader, FakeEncoder(), queries, ScreenConfig(k=5))
    assert found.types == {}
    assert write_hits(found, tmp_path / "hits.parquet") == ()
    table = pq.read_table(tmp_path / "hits.parquet").sort_by("molecule_id")
    assert table["whole"].to_pylist() == ["1", None, "-3", "4", "9007199254740993"]
    prepared = copy.parent / "p"
    shutil.copytree(hits.reader.path.parent / "p", prepared)
    content = json.loads((prepared / "manifest.json").read_text())
    del content["checksum"], content["reading"][0]["types"]
    text = json.dumps({**content, "checksum": sha256_json(content)})
    (prepared / "manifest.json").write_text(text)
    assert PreparedSet.open(prepared).manifest.reading[0].types == ()
