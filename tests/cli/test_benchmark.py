from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACTIVES = [f"O=C(Nc1ccc({x})cc1)c1ccccn1" for x in ("F", "Cl", "Br", "C", "OC", "C#N", "CC", "O")]
DECOYS = [f"C{'C' * n}N1CCN(C{'C' * m})CC1" for n in range(5) for m in range(5)]


def molsearch(*arguments, cwd, data="/nonexistent"):
    return subprocess.run(
        [sys.executable, "-m", "molsearch", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={
            "PYTHONPATH": str(ROOT),
            "MOLSEARCH_DATA": str(data),
            "MOLSEARCH_CACHE": str(cwd / "cache"),
            "HOME": str(cwd),
        },
    )


@pytest.fixture
def own(tmp_path):
    """A user's own folder with two targets."""
    for name in ("one", "two"):
        folder = tmp_path / "mine" / name
        folder.mkdir(parents=True)
        (folder / "actives.smi").write_text("\n".join(ACTIVES))
        (folder / "decoys.smi").write_text("\n".join(DECOYS))
        (folder / "queries.smi").write_text("O=C(Nc1ccc(I)cc1)c1ccccn1 q1\n")
    return tmp_path


def test_own_folder_from_run_to_report(own):
    done = molsearch(
        "benchmark", "mine", "--methods", "ecfp4,usrcat,random", "-o", "r/mine.json", "-n", "1",
        cwd=own,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "drawing at most 40 actives and 2,000 decoys" in done.stderr
    assert "targets: 1 of 2 · one: BEDROC ecfp4 1.000" in done.stderr
    assert "| ecfp4 " in done.stdout
    assert "query: < 0.35" in done.stdout
    assert "not at hand" in done.stderr
    again = molsearch(
        "benchmark", "mine", "--methods", "ecfp4", "--limit-actives", "40", "--limit-decoys",
        "2000", "-o", "r/mine.json", "--json", cwd=own,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["means"]["auroc"]["ecfp4"] == 1.0
    page = molsearch("report", "r", cwd=own)
    assert page.returncode == 0, page.stderr
    html = (own / "r" / "report.html").read_text()
    assert "<svg" in html
    assert "https://" not in html.split("Published by others")[0]
    assert "| usrcat" in (own / "r" / "report.md").read_text()
    kept = molsearch("report", "r", "--keep", cwd=own)
    assert kept.returncode == 2
    mine = own / "mine.md"
    mine.write_text("# Mine\n<!-- RESULTS: begin -->\nold\n<!-- RESULTS: end -->\nthe end\n")
    for _ in range(2):
        assert molsearch("report", "r", "--into", "mine.md", cwd=own).returncode == 0
        head, rest = mine.read_text().split("<!-- RESULTS: begin -->\n")
        table, tail = rest.split("<!-- RESULTS: end -->")
        assert (head, tail) == ("# Mine\n", "\nthe end\n")
        assert table == (own / "r" / "report.md").read_text()
    mine.write_text("no markers")
    refused = molsearch("report", "r", "--into", "mine.md", cwd=own)
    assert (refused.returncode, refused.stderr.count("\n")) == (3, 1)
    assert "RESULTS: begin" in refused.stderr


def test_several_numbers_of_drawn_queries_give_a_file_each(own):
    done = molsearch(
        "benchmark", "mine", "--methods", "ecfp4,ecfp4-top2", "--queries", "1,3", "--draws", "2",
        "--training", "none", cwd=own,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for number in (1, 3):
        record = json.loads((own / "results" / f"mine-queries-{number}.json").read_text())
        assert {row["n_queries"] for row in record["results"]} == {number}
        assert {row["n_draws"] for row in record["results"]} == {2}
    assert "3 actives drawn as queries together, 2 draws a target" in done.stdout
    one = molsearch(
        "benchmark", "mine", "--methods", "ecfp4", "--queries", "2", "-o", "r/x.json",
        "--training", "none", "--quiet", cwd=own,
    )  # fmt: skip
    assert one.returncode == 0, one.stderr
    assert (own / "r" / "x.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["benchmark", "nope"], 2, "no benchmark 'nope'"),
        (["benchmark", "mine", "--methods", "ecfp4", "--queries", "0"], 2, "whole numbers from 1"),
        (["benchmark", "mine", "--methods", "ecfp4", "--queries", "1,x"], 2, "whole numbers"),
        (["benchmark", "mine", "--methods", "ecfp4", "--queries", "9"], 2, "a smaller --queries"),
        (["benchmark", "mine", "--methods", "nope"], 2, "no method 'nope'"),
        (["benchmark", "mine", "--methods", "random", "--targets", "x"], 2, "no target 'x'"),
        (["benchmark", "dude"], 3, "datasets/dude.md"),
        (["report", "absent.json"], 3, "absent.json"),
        (["data", "verify", "mine"], 2, "no published counts"),
        (["data", "verify", "muv"], 3, "datasets/muv.md"),
        (["benchmark", "mine", "--methods", "random", "--training", "gone.csv"], 3, "gone.csv"),
    ],
)
def test_mistakes_are_one_line_with_their_code(own, arguments, code, words):
    done = molsearch(*arguments, cwd=own)
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert words in lines[-1]
    assert lines[-1].startswith("molsearch: ")
    assert "Traceback" not in done.stderr
    assert not list(own.glob("results*"))


@pytest.mark.data
def test_verify_real_counts(tmp_path, shared_data):
    good = molsearch("data", "verify", "muv", cwd=tmp_path, data=shared_data)
    assert good.returncode == 0
    assert "all 17 of 17" in good.stdout
    bad = molsearch("data", "verify", "litpcba", "-q", cwd=tmp_path, data=shared_data)
    assert bad.returncode == 3
    assert "rows are not as published" in bad.stderr
