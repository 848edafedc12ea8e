from __future__ import annotations

import csv
import io
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_runs import QUERY, bare_run, finished_run, hit_frame
from rdkit import Chem

from molsearch.errors import InputError, UsageError
from molsearch.io.typed import typed_table
from molsearch.schema import ColumnType
from molsearch.view.hit import new_ones, records
from molsearch_app import jobs
from molsearch_app.components import charts, detail, downloads, hits, radar, shortlist, table
from molsearch_app.components.hits import Filter
from molsearch_app.guard import TooLongError


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path))
    return jobs.attach(finished_run(tmp_path))


@pytest.fixture
def result(job):
    return hits.load(job)


def ranks(frame):
    return frame["rank"].tolist()


def test_filters_narrow_and_sort(result):
    assert ranks(Filter().apply(result)) == [1, 2, 3, 4, 5]
    assert ranks(Filter(no_query=True).apply(result)) == [2, 3, 4, 5]
    assert ranks(Filter(only_new=True).apply(result)) == [3, 4]
    assert ranks(Filter(text="V2").apply(result)) == [2]  # the user's own column
    assert ranks(Filter(text="[.*").apply(result)) == []
    assert ranks(Filter(smarts="c1ncnc2ccccc12").apply(result)) == [1, 2]
    assert ranks(Filter(ranges={"score": (0.45, 0.7)}).apply(result)) == [3, 4]
    assert ranks(Filter(sort="ECFP4, least similar first").apply(result)) == [5, 3, 4, 2, 1]
    with pytest.raises(UsageError):
        Filter(smarts="((").apply(result)


def test_bounds_hold_every_value():
    frame = pd.DataFrame({"a": [0.123, 0.987], "none": [None, None]})
    assert hits.bounds(frame, "a", 0.01) == (0.12, 0.99)
    assert hits.bounds(frame, "none", 1.0) == (0.0, 1.0)


def test_scaffolds_group_every_hit_once(result):
    groups = hits.scaffolds(result.frame)
    assert groups["hits"].sum() == len(result.frame)
    assert groups["best_rank"].is_monotonic_increasing
    assert groups["scaffold"].tolist()[-1] == ""  # the acyclic hit, the last in rank


def test_a_run_without_hits_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path))
    with pytest.raises(InputError, match="start the screen again"):
        hits.load(jobs.attach(bare_run(tmp_path)))


def read(content):
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_csv_is_verbatim(result):
    values = ["-9.1", "+7", "@x", "=1+1", "-OH"]
    frame = result.frame.assign(docking=values, molecule_id=values)
    rows = read(downloads.csv_bytes(frame))
    assert [row["molecule_id"] for row in rows] == [row["docking"] for row in rows] == values
    assert rows[0]["smiles"] == QUERY
    assert rows[1]["vendor <b>"] == "v2"


def test_csv_for_spreadsheets_runs_nothing_and_keeps_numbers(result):
    values = ["-9.1", "+7", "@x", "=1+1", "-1,5e-3"]
    rows = read(downloads.csv_bytes(result.frame.assign(docking=values), excel_safe=True))
    assert [row["docking"] for row in rows] == ["-9.1", "+7", "'@x", "'=1+1", "-1,5e-3"]
    assert [row["molecule_id"] for row in rows][2] == "'=cmd|' /C calc'!A0"
    assert [row["score"] for row in rows] == ["1", "0.9", "0.6", "0.5", "0.4"]


def test_new_needs_a_place_above_chance(result):
    frame = result.frame.assign(background_percentile=[100.0, 99.9, 99.0, 98.9, None])
    assert new_ones(frame).tolist() == [False, False, True, False, True]
    assert charts.points(frame)["kind"].tolist() == [
        "the query itself", "hit", "new by fingerprint", "hit", "new by fingerprint",
    ]  # fmt: skip
    badges = [detail.badges(hit) for hit in records(frame)]
    assert [">new<" in one for one in badges] == [False, False, True, False, True]


def test_sources_are_file_names_with_the_folders_that_tell_them_apart():
    def named(*sources):
        return hits.file_names(pd.Series(sources, dtype="str")).tolist()

    assert named("/srv/runs/x/uploads/mine.csv") == ["mine.csv"]
    assert named("/a/b/c.sdf", "/a/d.sdf", "/a/b/c.sdf") == ["c.sdf", "d.sdf", "c.sdf"]
    assert named("/a/b/c.sdf", "/a/c.sdf", "d.sdf") == ["b/c.sdf", "a/c.sdf", "d.sdf"]
    assert named("c.sdf", "/c.sdf", "-") == ["c.sdf", "//c.sdf", "-"]
    assert named() == []


def test_parquet_keeps_every_value(result):
    frame = pd.read_parquet(io.BytesIO(downloads.parquet_bytes(result.frame, result.types)))
    assert frame["molecule_id"].tolist() == result.frame["molecule_id"].tolist()


def test_typed_columns_are_text_in_csv_and_values_in_parquet(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path))
    texts = {"n": ["1", None, "3", "4", "5"], "price": ["1.50", "0.1", "-2", "1e-9", None]}
    frame = hit_frame().assign(**{name: pd.array(column, "str") for name, column in texts.items()})
    types = {"n": ColumnType("n", "int16"), "price": ColumnType("price", "double")}
    run_id = finished_run(tmp_path, frame)
    pq.write_table(typed_table(frame, types).table, tmp_path / run_id / "hits.parquet")
    found = hits.load(jobs.attach(run_id))
    rows = downloads.csv_bytes(found.frame).decode().splitlines()
    assert [row.rsplit(",", 2)[1:] for row in rows[1:]] == [
        ["1", "1.5"], ["", "0.1"], ["3", "-2.0"], ["4", "1e-09"], ["5", ""]
    ]  # fmt: skip
    taken = pq.read_table(io.BytesIO(downloads.parquet_bytes(found.frame.head(2), found.types)))
    assert taken["n"].type == pa.int16()
    assert taken["n"].to_pylist() == [1, None]
    assert taken["price"].to_pylist() == [1.5, 0.1]


def test_the_report_escapes_names(result):
    page = downloads.html_bytes(result.frame, result).decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_poses_lie_over_the_query_which_comes_first(result):
    content = downloads.sdf_bytes(result.frame.head(2), result).decode()
    supplier = Chem.SDMolSupplier()
    supplier.SetData(content)
    roles = [mol.GetProp("role") for mol in supplier]
    assert roles == ["query", "hit", "hit"]
    query, same, other = list(supplier)
    centres = [m.GetConformer().GetPositions().mean(axis=0) for m in (query, same, other)]
    assert abs(centres[0] - centres[1]).max() < 0.5
    assert float(same.GetProp("shape_tanimoto")) > 0.95
    assert 0.2 < float(other.GetProp("shape_tanimoto")) < 1


@pytest.mark.parametrize("text", ["a/b", "../x", "<b>", "=cmd|x", "", "ü" * 300, ".hidden"])
def test_file_names_are_plain(text):
    name = downloads.file_name(text, ".csv")
    assert name.endswith(".csv")
    assert not set(name) & set("/\\<>|=")
    assert not name.startswith(".")
    assert len(name) < 60


def test_file_names_tell_format_and_rows_but_no_other_format():
    title = "gefitinib in mine.sdf.gz"
    assert downloads.file_name(title, "-all.csv") == "gefitinib_in_mine-all.csv"
    assert downloads.file_name("a.smith in x.smi", ".sdf") == "a_smith_in_x.sdf"
    assert downloads.file_name("drug 1.5", ".csv") == "drug_1_5.csv"


def test_the_shortlist_keeps_order_and_survives_damage(job):
    assert shortlist.add(job, [3, 1]) == 2
    assert shortlist.add(job, [1]) == 0
    assert list(shortlist.read(job)) == [3, 1]
    job.file("shortlist.json").write_text("[")
    assert shortlist.read(job) == {}


def test_the_table_shows_drawings_and_every_user_column(result):
    shown = table.shown(result.frame, result, dark=True)
    assert shown["structure"].str.startswith("data:image/svg+xml").all()
    assert "vendor <b>" in shown
    assert set(shown.columns) <= set(table.config(result))


def test_charts_are_valid_and_a_click_is_read(result):
    chart = charts.novelty(result.frame, 2).to_dict()
    assert len(chart["layer"]) == 2
    assert charts.space(result.chart, result.frame, None).to_dict()["layer"]
    assert charts.picked({"selection": {charts.PICK: [{"record": 4}]}}) == 4
    assert charts.picked({"selection": {}}) is None


def test_the_radar_copes_with_missing_and_huge_values():
    drawn = radar.radar({"mw": 9e9, "clogp": float("nan")}, {})
    assert "nan" not in drawn
    assert drawn.count("<polygon") == 6


def test_a_substructure_that_takes_too_long_is_refused_and_the_list_stays(result, monkeypatch):
    monkeypatch.setattr(hits, "SMARTS_SECONDS", 0.2)
    run = hits.CHEMISTRY.run
    monkeypatch.setattr(
        hits.CHEMISTRY, "run", lambda *_, seconds: run(time.sleep, 600, seconds=seconds)
    )
    with pytest.raises(TooLongError, match="ask for less"):
        Filter(smarts="[#6]~[#7]").apply(result)


def test_smarts_are_read_here_before_another_process_looks_for_them(result):
    with pytest.raises(UsageError, match="SMARTS"):
        Filter(smarts="((").apply(result)
