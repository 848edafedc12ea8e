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
