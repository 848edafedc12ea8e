"""``molsearch benchmark``, ``report`` and ``data verify``, from a user's own folder."""

from __future__ import annotations

import json

import pytest

ACTIVES = [f"O=C(Nc1ccc({x})cc1)c1ccccn1" for x in ("F", "Cl", "Br", "C", "OC", "C#N", "CC", "O")]
DECOYS = [f"C{'C' * n}N1CCN(C{'C' * m})CC1" for n in range(5) for m in range(5)]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Stand in a user's own folder with two targets, and no data beside them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOLSEARCH_DATA", "/nonexistent")
    monkeypatch.setenv("MOLSEARCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("one", "two"):
        folder = tmp_path / "mine" / name
        folder.mkdir(parents=True)
        (folder / "actives.smi").write_text("\n".join(ACTIVES))
        (folder / "decoys.smi").write_text("\n".join(DECOYS))
        (folder / "queries.smi").write_text("O=C(Nc1ccc(I)cc1)c1ccccn1 q1\n")
    return tmp_path


def test_own_folder_from_run_to_report(molsearch, own):
    done = molsearch(
        "benchmark", "mine", "--methods", "ecfp4,usrcat,random", "-o", "r/mine.json", "-n", "1",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "drawing at most 40 actives and 2,000 decoys" in done.err
    assert "targets: 1 of 2 · one: BEDROC ecfp4 1.000" in done.err
    assert "| ecfp4 " in done.out
    assert "query: < 0.35" in done.out
    assert "not at hand" in done.err
    again = molsearch(
        "benchmark", "mine", "--methods", "ecfp4", "--limit-actives", "40", "--limit-decoys",
        "2000", "-o", "r/mine.json", "--json",
    )  # fmt: skip
    assert again.code == 0, again.err
    assert json.loads(again.out)["means"]["auroc"]["ecfp4"] == 1.0
    page = molsearch("report", "r")
    assert page.code == 0, page.err
    html = (own / "r" / "report.html").read_text()
    assert "<svg" in html
    assert "https://" not in html.split("Published by others")[0]
    assert "| usrcat" in (own / "r" / "report.md").read_text()
    kept = molsearch("report", "r", "--keep")
    assert kept.code == 2
    mine = own / "mine.md"
    mine.write_text("# Mine\n<!-- RESULTS: begin -->\nold\n<!-- RESULTS: end -->\nthe end\n")
    for _ in range(2):
        assert molsearch("report", "r", "--into", "mine.md").code == 0
        head, rest = mine.read_text().split("<!-- RESULTS: begin -->\n")
        table, tail = rest.split("<!-- RESULTS: end -->")
        assert (head, tail) == ("# Mine\n", "\nthe end\n")
        assert table == (own / "r" / "report.md").read_text()
    mine.write_text("no markers")
    refused = molsearch("report", "r", "--into", "mine.md")
    assert (refused.code, refused.err.count("\n")) == (3, 1)
    assert "RESULTS: begin" in refused.err


def test_several_numbers_of_drawn_queries_give_a_file_each(molsearch, own):
    done = molsearch(
        "benchmark", "mine", "--methods", "ecfp4,ecfp4-top2", "--queries", "1,3", "--draws", "2",
        "--training", "none",
    )  # fmt: skip
    assert done.code == 0, done.err
    for number in (1, 3):
        record = json.loads((own / "results" / f"mine-queries-{number}.json").read_text())
        assert {row["n_queries"] for row in record["results"]} == {number}
        assert {row["n_draws"] for row in record["results"]} == {2}
    assert "3 actives drawn as queries together, 2 draws a target" in done.out
    one = molsearch(
        "benchmark", "mine", "--methods", "ecfp4", "--queries", "2", "-o", "r/x.json",
        "--training", "none", "--quiet",
    )  # fmt: skip
    assert one.code == 0, one.err
    assert (own / "r" / "x.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["benchmark", "nope"], 2, "no benchmark 'nope'"),
        (["benchmark", "own.csv"], 2, "or name a folder with actives.smi and decoys.smi"),
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
def test_mistakes_are_one_line_with_their_code(molsearch, own, arguments, code, words):
    done = molsearch(*arguments)
    assert done.code == code, done.err
    lines = done.err.strip().splitlines()
    assert words in lines[-1]
    assert lines[-1].startswith("molsearch: ")
    assert "Traceback" not in done.err
    assert not list(own.glob("results*"))


@pytest.mark.data
@pytest.mark.usefixtures("shared_data")
def test_verify_real_counts(molsearch):
    good = molsearch("data", "verify", "muv")
    assert good.code == 0
    assert "all 17 of 17" in good.out
    bad = molsearch("data", "verify", "litpcba", "-q")
    assert bad.code == 3
    assert "rows are not as published" in bad.err
