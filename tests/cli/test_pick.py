"""``molsearch pick``: from a hit list that `screen` wrote to files of a plate."""

from __future__ import annotations

import json

import pandas as pd
import pytest


@pytest.mark.parametrize("suffix", ["csv", "sdf", "parquet"])
def test_hit_lists_of_every_format_give_the_same_picks(screen, molsearch, tmp_path, suffix) -> None:
    hits = tmp_path / f"hits.{suffix}"
    assert screen("-k", 10, "-o", hits).code == 0
    out = tmp_path / "plate.csv"
    done = molsearch("pick", hits, "-n", 4, "--method", "score", "--controls", "-o", out)
    assert done.code == 0, done.err
    assert "given up" in done.err or "the same" in done.err
    plate = pd.read_csv(out)
    assert plate["role"].tolist() == ["pick"] * 4 + ["query"]
    assert plate["molecule_id"].tolist()[-1] == "aspirin"
    assert plate["rank"].dropna().is_monotonic_increasing
    assert "aspirin" not in plate["molecule_id"].tolist()[:4]
    record = json.loads((tmp_path / "plate.csv.run.json").read_text())
    assert record["verb"] == "pick"
    assert record["picks"]["picks"]["n"] == 4


def test_a_run_is_repeated_and_every_file_written(screen, molsearch, tmp_path) -> None:
    hits = tmp_path / "hits.csv"
    screen("-k", 10, "-o", hits)
    paths = [tmp_path / f"plate.{suffix}" for suffix in ("csv", "sdf", "parquet", "xlsx", "tsv.gz")]
    outputs = [part for path in paths for part in ("-o", path)]
    assert molsearch("pick", hits, "-n", 5, *outputs).code == 0
    assert all(path.stat().st_size for path in paths)
    again = tmp_path / "again.csv"
    assert molsearch("run", tmp_path / "plate.csv.run.json", "-o", again).code == 0
    assert again.read_bytes() == paths[0].read_bytes()


def test_refusals_write_nothing(screen, molsearch, tmp_path) -> None:
    hits = tmp_path / "hits.csv"
    screen("-k", 10, "-o", hits)
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "plate.csv"
    for options, code, words in (
        (["-n", "50"], 2, "50 picks of 10 hits"),
        (["-n", "500"], 2, "500 picks of 10 hits: make a longer hit list, or -n 10"),
        (["-n", "3", "--where", "nothing<3"], 2, "no column 'nothing'"),
        (["-n", "3", "-o", tmp_path / "plate.doc"], 2, "does not tell a format"),
        (["-n", "3", "-o", out], 2, "two outputs"),
        (["-n", "3", "--max-similarity", "nan"], 2, ""),
    ):
        done = molsearch("pick", hits, *options, "-o", out)
        assert done.code == code
        assert words in done.line
    text = hits.read_text().splitlines()
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join([text[0], text[1].replace(text[1].split(",")[3], "nan"), *text[2:]]))
    done = molsearch("pick", bad, "-n", 3, "-o", out)
    assert (done.code, "have no number" in done.line) == (3, True)
    bad.unlink()
    assert sorted(tmp_path.iterdir()) == before


LISTED = """molecule_id,smiles,score,lot,code,price,big,ok,dock
a,CCO,3,1.10,12E4,12345.67,12345678901234567890,TRUE,-9.10
b,c1ccncc1,2,1.1,77E2,1234567.89,9007199254740993,FALSE,-8.9
c,CCCCCN,1,007,,,,,-7
"""


def test_columns_of_a_list_come_out_as_they_were(molsearch, tmp_path) -> None:
    hits = tmp_path / "hits.csv"
    hits.write_text(LISTED)
    paths = [tmp_path / f"plate.{suffix}" for suffix in ("csv", "tsv", "sdf", "parquet", "xlsx")]
    outputs = [part for path in paths for part in ("-o", path)]
    ranked = ["-n", 3, "--by", "dock", "--lower-is-better"]
    assert molsearch("pick", hits, *ranked, *outputs).code == 0
    given = pd.read_csv(hits, dtype="str")
    mine = ["lot", "code", "big", "ok", "price", "dock"]
    for path, separator in zip(paths[:2], ",\t", strict=True):
        plate = pd.read_csv(path, sep=separator, dtype="str")
        pd.testing.assert_frame_equal(plate[mine], given[mine])
    assert "> <lot>\n1.10\n" in paths[2].read_text()
    assert "> <big>\n9007199254740993\n" in paths[2].read_text()
    for plate in (pd.read_parquet(paths[3]), pd.read_excel(paths[4], dtype=object)):
        # True numbers are numbers, and so is what ranks; what would be lost as one is text.
        assert plate["price"].tolist()[:2] == [12345.67, 1234567.89]
        assert plate["dock"].tolist() == [-9.1, -8.9, -7]
        assert plate["score"].tolist() == [3, 2, 1]
        assert plate["ok"].tolist()[:2] == ["TRUE", "FALSE"]
        assert plate["lot"].tolist() == ["1.10", "1.1", "007"]
        assert plate["big"].tolist()[:2] == ["12345678901234567890", "9007199254740993"]
    shown = molsearch("pick", hits, *ranked, "--where", "code>8000", "--plate", "none")
    assert "only 1 of 3 picks" in shown.line  # 77E2 is 7700
    shown = molsearch("pick", hits, *ranked[2:], "-n", 1, "--where", "lot=1.10")
    assert ",1.10,12E4," in shown.out


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_types_that_a_source_states_are_kept(molsearch, tmp_path, suffix) -> None:
    hits, csv, parquet = (tmp_path / name for name in (f"hits.{suffix}", "a.csv", "a.parquet"))
    listed = pd.DataFrame(
        {
            "molecule_id": ["1", "2"],
            "smiles": ["CCO", "c1ccncc1"],
            "score": [3.123456789, 2.5],
            "lot": ["1.10", "1.1"],
            "number": [12345.678, 0.5],
            "big": [9007199254740993, 5],
            "ok": [True, False],
        }
    )
    if suffix == "parquet":
        listed.to_parquet(hits)
    else:
        rows = listed.to_dict("records")
        hits.write_text("".join(json.dumps(row) + "\n" for row in rows))
    xlsx = tmp_path / "a.xlsx"
    done = molsearch("pick", hits, "-n", 2, "--plate", "none", "-o", csv, "-o", parquet, "-o", xlsx)
    assert done.code == 0, done.err
    texts = pd.read_csv(csv, dtype="str")
    assert texts["score"].tolist() == ["3.123456789", "2.5"]
    assert texts["lot"].tolist() == ["1.10", "1.1"]
    assert texts["number"].tolist() == ["12345.678", "0.5"]
    assert texts["big"].tolist() == ["9007199254740993", "5"]
    mine = ["score", "lot", "number", "big", "ok"]
    pd.testing.assert_frame_equal(pd.read_parquet(parquet)[mine], listed[mine])
    # A workbook keeps floats alone.
    assert pd.read_excel(xlsx, dtype=object)["big"].tolist() == ["9007199254740993", 5]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_list_of_a_screen_keeps_its_rounding_and_its_numbers(
    screen, molsearch, tmp_path, suffix
) -> None:
    hits, out = tmp_path / f"hits.{suffix}", tmp_path / "plate.csv"
    rounded = tmp_path / "rounded.csv"
    assert screen("-k", 10, "-o", hits).code == 0
    assert screen("-k", 10, "-o", rounded).code == 0
    book = tmp_path / "plate.xlsx"
    choose = ["-n", 4, "--method", "score", "--plate", "none"]
    assert molsearch("pick", hits, *choose, "-o", out, "-o", book).code == 0
    given = pd.read_csv(rounded, dtype="str").set_index("molecule_id")
    plate = pd.read_csv(out, dtype="str").set_index("molecule_id")
    for name in ("score", "molsearch_score", "mw"):
        assert plate[name].tolist() == given.loc[plate.index, name].tolist()
        assert pd.api.types.is_numeric_dtype(pd.read_excel(book)[name])


def test_controls_named_by_hand_stand_before_those_of_the_run(screen, molsearch, tmp_path) -> None:
    hits, out = tmp_path / "hits.csv", tmp_path / "plate.csv"
    screen("-k", 10, "-o", hits)
    done = molsearch(
        "pick", hits, "-n", 2, "--controls", "--positive", "CCCCC pent", "--control-wells", 1,
        "-o", out,
    )  # fmt: skip
    assert done.code == 0, done.err
    plate = pd.read_csv(out)
    assert plate.loc[plate["role"] == "query", "molecule_id"].tolist() == ["pent"]
    assert "1 of 2 controls has no well: --control-wells 2 gives each one" in done.err


def test_the_score_of_a_screen_is_the_higher_the_better(screen, molsearch, tmp_path) -> None:
    hits = tmp_path / "hits.csv"
    screen("-k", 10, "-o", hits)
    said = "--lower-is-better takes the worst hits"
    assert said in molsearch("pick", hits, "-n", 2, "--lower-is-better").err
    assert said not in molsearch("pick", hits, "-n", 2).err
    assert said not in molsearch("pick", hits, "-n", 2, "--lower-is-better", "--by", "mw").err
    docked = tmp_path / "docked.csv"
    docked.write_text(LISTED)
    assert said not in molsearch("pick", docked, "-n", 2, "--lower-is-better").err
