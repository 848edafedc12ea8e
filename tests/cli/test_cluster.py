"""``molsearch cluster``: an index, and hit lists that `screen` wrote."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from fakes import FakeEncoder

import molsearch as ms
from molsearch.errors import InputError

OURS = ["molecule_id", "smiles", "cluster", "cluster_size", "leader", "is_leader",
        "leader_similarity"]  # fmt: skip
ODD = "=cmd|calc"  # an id that is kept as it is


@pytest.mark.parametrize("suffix", ["csv", "tsv.gz", "parquet"])
def test_an_index_is_clustered_into_files_of_every_format(molsearch, world, tmp_path, suffix):
    out = tmp_path / f"clusters.{suffix}"
    done = molsearch("cluster", world.index, "--by", "ecfp4", "-t", 0.3, "-o", out)
    assert done.code == 0, done.err
    read = pd.read_parquet if suffix == "parquet" else pd.read_table
    frame = read(out) if suffix != "csv" else pd.read_csv(out)
    assert list(frame.columns) == OURS
    assert ODD in frame["molecule_id"].tolist()
    assert frame.groupby("cluster")["is_leader"].sum().eq(1).all()
    leaders = frame[frame["is_leader"]].set_index("cluster")["molecule_id"]
    assert frame["leader"].tolist() == leaders[frame["cluster"]].tolist()
    assert frame["cluster_size"].tolist() == frame["cluster"].map(
        frame["cluster"].value_counts()
    ).tolist()  # fmt: skip
    salts = frame.set_index("molecule_id").loc[["aspirin", "thrice"], "cluster"]
    assert len(set(salts)) == 1
    record = json.loads((tmp_path / f"clusters.{suffix}.run.json").read_text())
    assert (record["verb"], record["n_clusters"]) == ("cluster", len(leaders))
    assert f"in {len(leaders)} clusters" in done.err


def test_a_hit_list_keeps_its_columns_and_its_best_hits_lead(screen, molsearch, world, tmp_path):
    hits, out = tmp_path / "hits.csv", tmp_path / "clusters.csv"
    assert screen("-k", 10, "-o", hits).code == 0
    done = molsearch("cluster", hits, "-t", 0.5, "-o", out)
    assert done.code == 0, done.err
    frame, given = pd.read_csv(out), pd.read_csv(hits)
    assert frame["molecule_id"].tolist() == given["molecule_id"].tolist()
    assert frame["rank"].tolist() == given["rank"].tolist()
    assert set(given.columns) <= set(frame.columns)
    assert frame["is_leader"].iloc[0]
    assert (frame[frame["is_leader"]]["rank"] <= frame.groupby("cluster")["rank"].min().max()).all()
    # The encoder is that of the screen, not the bundled one.
    record = json.loads((tmp_path / "clusters.csv.run.json").read_text())
    assert record["encoder"] == json.loads((tmp_path / "hits.csv.run.json").read_text())["encoder"]
    # Once more: its own columns stand beside those of the first time.
    again = tmp_path / "again.csv"
    assert molsearch("cluster", out, "--by", "ecfp4", "-n", 2, "--top", 5, "-o", again).code == 0
    twice = pd.read_csv(again)
    assert len(twice) == 5
    assert twice["_cluster"].tolist() == frame["cluster"].tolist()[:5]
    assert twice["cluster"].max() == 2


def test_columns_of_a_hit_list_come_out_as_they_were(molsearch, tmp_path):
    hits, csv, parquet = (tmp_path / name for name in ("hits.csv", "a.csv", "a.parquet"))
    hits.write_text(
        "molecule_id,smiles,score,lot,code,price,big,ok,leader\n"
        "a,CCO,3,1.10,12E4,12345.67,12345678901234567890,TRUE,1.0\n"
        "b,CCN,2,1.1,77E2,1234567.89,9007199254740993,FALSE,1.00\n"
    )
    by = ("--by", "ecfp4", "-t", 0.5)
    shown = molsearch("cluster", hits, *by)
    for path in (csv, parquet):
        assert molsearch("cluster", hits, *by, "-o", path).code == 0
    lines = csv.read_text().splitlines()
    assert shown.out.splitlines() == lines
    given = [line.split(",", 2)[2] for line in hits.read_text().splitlines()]
    assert [line.split(",", len(OURS))[-1] for line in lines[1:]] == given[1:]
    frame = pd.read_parquet(parquet)
    assert frame["price"].tolist() == [12345.67, 1234567.89]
    assert frame["lot"].tolist() == ["1.10", "1.1"]
    assert frame["big"].tolist()[1] == "9007199254740993"
    assert frame["_leader"].tolist() == ["1.0", "1.00"]
    assert ms.cluster(hits, by="ecfp4")["score"].tolist() == [3, 2]


def test_more_clusters_than_molecules_are_told_as_such(molsearch, tmp_path):
    hits = tmp_path / "hits.csv"
    hits.write_text("molecule_id,smiles\na,CCO\nb,CCN\nc,CCN\n")
    said = "not 9 clusters: there are only 3 molecules"
    copies = "the other molecules are copies of the leaders"
    assert f"{said}, and {copies}" in molsearch("cluster", hits, "--by", "ecfp4", "-n", 9).err
    assert f"not 3 clusters: {copies}" in molsearch("cluster", hits, "--by", "ecfp4", "-n", 3).err
    hits.write_text("molecule_id,smiles\na,CCO\nb,CCN\n")
    done = molsearch("cluster", hits, "--by", "ecfp4", "-n", 9)
    assert "there are only 2 molecules" in done.err
    assert "copies" not in done.err


def test_the_formats_that_a_refusal_names_are_written(molsearch, world, tmp_path):
    for name in ("a.xlsx", "a.sdf"):
        done = molsearch("cluster", world.index, "-o", tmp_path / name)
        assert "sdf" not in done.line.removeprefix(f"molsearch: {tmp_path / name}").split(":", 1)[1]


def test_leaders_alone_on_standard_output_and_a_row_without_a_structure_is_told(
    molsearch, tmp_path
):
    given = tmp_path / "hits.csv"
    given.write_text("molecule_id,smiles\n007,CCO\n=1,CCO\nx,C1CC\ny,c1ccncc1\n")
    done = molsearch("cluster", given, "--by", "ecfp4", "-t", 1, "--leaders-only")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].split(",")[: len(OURS)] == OURS
    assert [line.split(",")[:4] for line in lines[1:]] == [
        ["007", "CCO", "1", "2"],
        ["y", "c1ccncc1", "2", "1"],
    ]
    assert "1 row of the hit list left out" in done.err


def test_a_run_is_repeated_to_the_byte(molsearch, world, tmp_path):
    out, again = tmp_path / "clusters.csv", tmp_path / "again.csv"
    assert molsearch("cluster", world.index, "-n", 3, "-o", out).code == 0
    assert molsearch("run", tmp_path / "clusters.csv.run.json", "-o", again).code == 0
    assert again.read_bytes() == out.read_bytes()
    assert pd.read_csv(out)["cluster"].nunique() == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-n", 3, "-t", 0.5], "give one of them"),
        (["-t", 1.5], "--similarity"),
        (["--top", 5], "--top is for hit lists"),
        (["-o", "clusters.sdf"], "clusters are a table"),
        (["-o", "clusters.doc"], "does not tell a format"),
    ],
)
def test_refusals_are_one_line(molsearch, world, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    done = molsearch("cluster", world.index, *words)
    assert done.code != 0
    assert said in done.line
    assert not list(tmp_path.iterdir())


def test_other_sources_are_refused_by_what_they_are(molsearch, world, tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_text("molecule_id,smiles\nx,C1CC\n")
    for source, said in (
        (world.prepared, "molsearch index"),
        (tmp_path / "none.csv", "none.csv"),
        (world.encoder, "is not an index"),
        (empty, "no row holds a readable structure"),
    ):
        assert said in molsearch("cluster", source).line


def test_python_gives_what_the_command_gives(molsearch, world, tmp_path):
    out = tmp_path / "clusters.parquet"
    assert molsearch("cluster", world.index, "-t", 0.9, "-o", out).code == 0
    index = ms.Index.open(world.index, encoder=world.encoder)
    pd.testing.assert_frame_equal(index.cluster(0.9), pd.read_parquet(out))
    pd.testing.assert_frame_equal(ms.cluster(world.index, 0.9), pd.read_parquet(out))
    hits = index.search("CC(=O)Oc1ccccc1C(=O)O", k=8)
    found = ms.cluster(hits, by="ecfp4", n=4, top=6)
    assert found["molecule_id"].tolist() == hits["molecule_id"].tolist()[:6]
    assert np.isfinite(found["leader_similarity"]).all()
    assert found["cluster"].nunique() == 4


def test_a_hit_without_an_embedding_is_named():
    class Broken(FakeEncoder):
        def embed_table(self, table):
            vectors = super().embed_table(table)
            vectors[1] = np.nan
            return vectors

    hits = pd.DataFrame({"molecule_id": ["a", "b"], "smiles": ["CCO", "CCN"]})
    with pytest.raises(InputError, match="the encoder gives no embedding of 'b'; take it"):
        ms.cluster(hits, encoder=Broken())
