"""The demo: real verbs on a small example, honest counts, a second run that reuses the first."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from fakes import FakeEncoder
from typer.testing import CliRunner

from molsearch import bundled
from molsearch.cli import demo, demo_report
from molsearch.errors import UsageError
from molsearch.scoring.ranking import ranking_of
from molsearch.service.demo import Demo
from molsearch.service.demo_pages import page_of
from molsearch.service.demo_tally import Example, Result, Tally, tally
from molsearch.service.requests import DemoRequest
from molsearch.service.session import Session

ROWS = [
    ("CC(C)NCC(O)COc1cccc2ccccc12", "M1", "propranolol", "beta-blocker", "known drug"),
    ("CC(C)NCC(O)COc1ccc(CC(N)=O)cc1", "M2", "atenolol", "beta-blocker", "known drug"),
    ("COCCc1ccc(OCC(O)CNC(C)C)cc1", "M3", "metoprolol", "beta-blocker", "known drug"),
    ("CC(=O)Oc1ccccc1C(=O)O", "M4", "aspirin", "COX inhibitor", "known drug"),
    ("CC(C)Cc1ccc(C(C)C(=O)O)cc1", "M5", "ibuprofen", "COX inhibitor", "known drug"),
    ("O=C(NCc1ccccc1)C1CCCCC1", "M6", "", "", "enumerated: amide"),
    ("c1ccc(cc1C(=O)N", "M7", "", "", "ring left open on purpose"),
]
QUERIES = [
    ("CC(C)NCC(O)COc1cccc2ccccc12", "propranolol", "beta-blocker"),
    ("CC(=O)Oc1ccccc1C(=O)O", "aspirin", "COX inhibitor"),
]


def write_csv(path: Path, head: str, rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(head.split(","))
        writer.writerows(rows)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "example"
    folder.mkdir()
    write_csv(folder / "library.csv", "smiles,molecule_id,name,drug_class,origin", ROWS)
    write_csv(folder / "queries.csv", "smiles,name,drug_class", QUERIES)
    monkeypatch.setenv("MOLSEARCH_KEEP_ALLOCATOR", "1")
    monkeypatch.setattr(bundled, "example", lambda: folder)
    monkeypatch.setattr(Session, "encoder", lambda *args, **kwargs: FakeEncoder(dim=32))
    return folder


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(demo.app, ["-n", "1", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_whole_way_and_second_run(example: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run("--out", str(out))
    assert "propranolol · beta-blocker (2 others of its class among 5 molecules" in first.stdout
    assert "1 of 7 rows could not be read, on purpose" in first.stdout
    assert "there from an earlier run" not in first.stdout
    for name in ("propranolol", "aspirin"):
        hits = pd.read_csv(out / f"{name}.csv")
        assert len(hits) == 6
        assert hits.loc[hits["is_query"], "name"].tolist() == [name]
        page = (out / f"{name}.html").read_text(encoding="utf-8")
        assert 'href="propranolol.html"' in page
        assert 'href="aspirin.html"' in page
    account = json.loads((out / "run.json").read_text())
    assert account["library"] == {"n_in": 7, "n_ok": 6}
    assert [query["members"] for query in account["queries"]] == [2, 1]
    before = (out / "propranolol.csv").read_bytes()
    stored = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}

    second = run("--out", str(out))
    assert "there from an earlier run" in second.stdout
    assert (out / "propranolol.csv").read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")} == stored


def test_changed_library_or_encoder_is_made_again(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run("--out", str(out), "-q")
    monkeypatch.setattr(Session, "encoder", lambda *args, **kwargs: FakeEncoder("other", dim=32))
    assert "there from an earlier run" not in run("--out", str(out)).stdout
    rows = [*ROWS, ("Cn1cnc2c1c(=O)n(C)c(=O)n2C", "M8", "caffeine", "xanthine", "known drug")]
    write_csv(example / "library.csv", "smiles,molecule_id,name,drug_class,origin", rows)
    run("--out", str(out))
    assert len(pd.read_csv(out / "aspirin.csv")) == 7


def test_json_is_alone_on_stdout(example: Path, tmp_path: Path) -> None:
    done = run("--out", str(tmp_path / "out"), "--json")
    assert json.loads(done.stdout)["library"]["n_ok"] == 6


def test_output_that_is_a_file_is_refused(example: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        run("--out", str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "mine"


def test_bundled_example_is_found_and_its_absence_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (bundled.example() / "queries.csv").is_file()
    monkeypatch.setattr(bundled, "_CHECKOUT", tmp_path)
    with pytest.raises(UsageError, match="install molsearch anew"):
        bundled.example()


def frame_of(classes: list[str], ecfp4: list[float], query: int) -> pd.DataFrame:
    n = len(classes)
    return pd.DataFrame(
        {
            "rank": range(1, n + 1),
            "molecule_id": [f"M{i:02d}" for i in range(n)],
            "ecfp4_similarity": ecfp4,
            "is_query": [i == query for i in range(n)],
            "drug_class": classes,
            "name": "",
            "origin": "enumerated",
            "score": [1 - i / n for i in range(n)],
            "background_percentile": float("nan"),
        }
    )


def test_tally_leaves_the_query_out_and_counts_both_rankings_alike() -> None:
    frame = frame_of(["a", "a", "b", "b", "a"], [1.0, 0.1, 0.5, 0.6, 0.9], query=0)
    counts = tally(frame, "a", depths=(1, 2, 4))
    assert counts == Tally(2, 4, (1, 2, 4), molsearch=(1, 1, 2), ecfp4=(1, 1, 2))
    counts = tally(frame, "b", depths=(1, 3))
    assert (counts.molsearch, counts.ecfp4) == ((0, 2), (0, 2))


def test_tally_does_not_flatter_either_side_on_ties() -> None:
    """Equal ECFP4 similarities go by id, as equal scores do, and not by the score's order."""
    frame = frame_of(["q", "a", "b", "b"], [1.0, 0.5, 0.5, 0.5], query=0)
    frame["molecule_id"] = ["q", "Z", "A", "B"]
    assert tally(frame, "a", depths=(1, 3)).molsearch == (1, 1)
    assert tally(frame, "a", depths=(1, 3)).ecfp4 == (0, 1)


def result_of(molsearch: tuple[int, int], ecfp4: tuple[int, int]) -> Result:
    frame = frame_of(["a", "a", "", "b"], [1.0, 0.2, 0.9, 0.1], query=0)
    hits: Any = SimpleNamespace(
        frame=frame,
        warnings=("far from the training chemistry",),
        ranking=ranking_of("balanced", 1),
    )
    return Result(
        Example("CCO", "ethanol", "a"), hits, Tally(7, 3, (10, 50), molsearch, ecfp4), 0.25
    )


def test_table_marks_the_class_and_shows_both_similarities() -> None:
    text = demo_report.hit_table(result_of((1, 2), (3, 4)), shown=3)
    lines = text.splitlines()
    assert sum("●" in line for line in lines) == 2
    assert "the query itself" in text
    assert "among the first 10: molsearch 1, ECFP4 3; among the first 50: molsearch 2" in text
    assert "nan" not in text


def test_summary_adds_up_and_never_hides_a_loss() -> None:
    text = demo_report.summary([result_of((1, 2), (3, 4)), result_of((5, 6), (0, 9))])
    total = text.splitlines()[-3].split()
    assert total == ["all", "14", "6", "3", "8", "13"]
    assert "no benchmark" in text


def test_page_says_which_ranking_found_more() -> None:
    result = result_of((1, 6), (3, 6))
    page = page_of(result, [result], encoder="small")
    ours, theirs = page["tally"]["rows"]
    assert [cell["best"] for cell in ours["cells"]] == [False, False]
    assert [cell["best"] for cell in theirs["cells"]] == [True, False]
    assert page["ranking"] == "cosine of the embeddings + ECFP4 similarity"
    assert page["warnings"] == ("far from the training chemistry",)


def test_demo_needs_no_work_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError):
        Demo(DemoRequest(output=str(tmp_path / "file")), Session())
