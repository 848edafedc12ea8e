"""``molsearch space``: outputs, what could not be used, refusals."""

from __future__ import annotations

import csv
import json

import pytest
from spaces import rows, write_space

QUERY = "O=C(NCc1ccccc1)c1ccc(Cl)cc1 amide"


@pytest.fixture
def space(molsearch, world, tmp_path):
    def run(*arguments, more=(), query=QUERY):
        path = write_space(tmp_path / "synthons.txt", *more)
        base = ("--encoder", world.encoder, "-n", 1, "--conformers", 0, "--similarity", 0.35)
        return molsearch("space", path, "-q", query, *base, *arguments)

    return run


def test_hits_name_reagents_and_reaction_and_are_ranked_by_the_default(space, tmp_path):
    out, page = tmp_path / "hits.csv", tmp_path / "hits.html"
    failures = tmp_path / "failed.csv"
    broken = ("C1CC\tx\t2\tamide", "CCO\ty\t2\tamide")
    result = space(
        "-o", out, "--html", page, "--failures", failures, "--json", "-k", 5, more=broken
    )
    assert result.code == 0, result.err
    assert "2 of 18 rows" in result.err
    with out.open() as handle:
        hits = list(csv.DictReader(handle))
    assert hits[0]["molecule_id"] == "a3;b1;amide"
    assert hits[0]["reaction"] == "amide"
    assert hits[0]["reagents"] == "a3; b1"
    assert hits[0]["is_query"] == "True"
    assert float(hits[0]["space_similarity"]) == 1.0
    assert {hit["source"] for hit in hits} == {str(tmp_path / "synthons.txt")}
    scores = [float(hit["score"]) for hit in hits]
    assert scores == sorted(scores, reverse=True)
    for hit in hits:
        parts = float(hit["molsearch_score"]) + float(hit["ecfp4_score"])
        assert float(hit["score"]) == pytest.approx(parts, abs=1e-4)
    assert "a3;b1;amide" in page.read_text()
    with failures.open() as handle:
        assert [row["row"] for row in csv.DictReader(handle)] == ["18", "19"]
    account = json.loads(result.out)
    told = account["space"]
    assert (told["n_in"], told["n_ok"], told["n_failed"]) == (18, 16, 2)
    assert (told["n_reactions"], told["n_products"]) == (2, 32)
    assert account["ranking"]
    record = json.loads((tmp_path / "hits.csv.run.json").read_text())
    assert record["verb"] == record["request"]["verb"] == "space"
    assert "molsearch-space-" not in json.dumps(record["request"])


def test_no_enrichment_is_foretold_of_products_like_the_query(molsearch, tmp_path):
    path = write_space(tmp_path / "s.txt")
    told = molsearch("space", path, "-q", QUERY, "-n", 1, "--similarity", 0.2,
                     "-o", tmp_path / "h.csv")  # fmt: skip
    assert told.code == 0, told.err
    why = "no enrichment can be foretold: the products were chosen for being like the queries"
    assert why in told.err
    assert "to expect among" not in told.err
    record = json.loads((tmp_path / "h.csv.run.json").read_text())
    assert record["trust"]["enrichment_1pct"] is None


def test_ids_that_two_products_share_are_told(space, tmp_path):
    assert "more than once" not in space("-o", tmp_path / "one.csv").err
    twin = "O=C([1*])c1ccc(F)cc1\ta3\t1\tamide"
    result = space("-o", tmp_path / "two.csv", "--quiet", more=(twin,))
    assert result.code == 0, result.err
    assert "'a3;b1;amide' (2×)" in result.err
    assert "more than once" in result.err
    with (tmp_path / "two.csv").open() as handle:
        ids = [row["molecule_id"] for row in csv.DictReader(handle)]
    assert ids.count("a3;b1;amide") == 2


def test_one_reaction_is_one(molsearch, world, tmp_path):
    path = tmp_path / "one.txt"
    lines = write_space(tmp_path / "s.txt").read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "peptide" not in line))
    result = molsearch("space", path, "-q", QUERY, "--encoder", world.encoder, "-n", 1,
                       "--conformers", 0, "-o", tmp_path / "h.csv")  # fmt: skip
    assert "one.txt: 8 synthons, 1 reaction, 16 products" in result.err


def test_a_vector_cannot_be_searched_with(space, tmp_path):
    import numpy as np

    np.save(tmp_path / "v.npy", np.ones(256, np.float32))
    result = space("-o", tmp_path / "h.csv", query=tmp_path / "v.npy")
    assert result.code == 2
    assert "query 'v' is an embedding without a structure" in result.line
    assert "give queries as structures" in result.line


def test_sdf_and_parquet_and_a_repeat_from_the_record(space, molsearch, tmp_path):
    import pandas as pd

    assert space("-o", tmp_path / "h.parquet").code == 0
    hits = pd.read_parquet(tmp_path / "h.parquet")
    assert hits["space_similarity"].dtype == float
    assert space("-o", tmp_path / "h.sdf", "--quiet").code == 0
    assert (tmp_path / "h.sdf").read_text().count("$$$$") == len(hits)
    again = molsearch("run", tmp_path / "h.parquet.run.json", "-o", tmp_path / "two.parquet")
    assert again.code == 0, again.err
    pd.testing.assert_frame_equal(hits, pd.read_parquet(tmp_path / "two.parquet"))


def test_standard_output_holds_the_table_and_standard_error_what_is_said(space):
    result = space("-o", "-", "-k", 3)
    assert [row["rank"] for row in csv.DictReader(result.out.splitlines())] == ["1", "2", "3"]
    assert "3 hits of " in result.err


def test_nothing_alike_is_one_line(space, tmp_path):
    result = space("-o", tmp_path / "h.csv", "--similarity", 0.9, query="CCCCCCCCCCCC")
    assert result.code == 3
    assert "lower --similarity" in result.line
    assert not (tmp_path / "h.csv").exists()


REFUSALS = {
    "no file": (("nowhere.txt", "-q", "CCO", "-o", "h.csv"), 3, "nowhere.txt"),
    "no query": (("{space}", "-q", "C1CC", "-o", "h.csv"), 3, "C1CC"),
    "no number": (
        ("{space}", "-q", "CCO", "-o", "h.csv", "--similarity", "nan"),
        2,
        "--similarity",
    ),
    "bad condition": (("{space}", "-q", "CCO", "-o", "h.csv", "--where", "mw<<4"), 2, "mw<<4"),
    "bad suffix": (("{space}", "-q", "CCO", "-o", "h.doc"), 2, "h.doc"),
    "both on stdout": (("{space}", "-q", "CCO", "-o", "-", "--json"), 2, "standard output"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_requests_that_cannot_work_are_one_line(molsearch, world, tmp_path, name):
    arguments, code, match = REFUSALS[name]
    path = write_space(tmp_path / "s.txt")
    given = [str(path) if one == "{space}" else one for one in arguments]
    given = [str(tmp_path / one) if one.startswith("h.") else one for one in given]
    result = molsearch("space", *given, "--encoder", world.encoder)
    assert result.code == code, result.err
    assert match in result.line


def test_the_space_of_the_tests_has_as_many_rows_as_they_say():
    assert len(rows()) == 16


def test_python_gives_the_same_hits(space, world, tmp_path):
    import pandas as pd

    import molsearch as ms

    assert space("-o", tmp_path / "h.parquet").code == 0
    with pytest.warns(UserWarning, match="far from the training chemistry"):
        hits = ms.search_space(
            tmp_path / "synthons.txt", QUERY, encoder=str(world.encoder), similarity=0.35,
            workers=1, prepare={"n_conformers": 0},
        )  # fmt: skip
    written = pd.read_parquet(tmp_path / "h.parquet")
    assert hits["molecule_id"].tolist() == written["molecule_id"].tolist()
    assert hits["reagents"].tolist() == written["reagents"].tolist()
