"""An index grows from Python too."""

from __future__ import annotations

import pandas as pd
import pytest
from fakes import FakeEncoder

import molsearch as ms
from molsearch.errors import UsageError


@pytest.fixture
def index(tmp_path):
    (tmp_path / "a.smi").write_text("CCO ethanol\nCCN ethylamine\nc1ccccc1O phenol\n")
    return ms.Index.build(
        tmp_path / "a.smi", FakeEncoder(), tmp_path / "i", workers=1, n_conformers=0
    )


def test_an_open_index_sees_what_it_was_given(index, tmp_path):
    other = ms.Index.open(index.path, FakeEncoder())
    (tmp_path / "b.csv").write_text("smiles,code\nCCOC,ether\nOCC,twin\nC1C,bad\n")
    told = index.add(tmp_path / "b.csv", skip_duplicates=True, workers=1, id_column="code")
    assert (told["n_added"], told["n_failed_now"], told["n_known_parents"]) == (1, 2, 1)
    assert (len(index), len(other)) == (4, 3)
    assert sorted(index.failures()["stage"]) == ["duplicate", "parse"]
    told = index.drop(["ethanol", "nobody"])
    assert (told["n_dropped_now"], told["unknown_ids"]) == (1, ["nobody"])
    assert index.compact()["n_shards"] == 1
    hits = index.search("CCOC", k=10)
    assert hits["molecule_id"].iloc[0] == "ether"
    assert "ethanol" not in set(hits["molecule_id"])
    with pytest.raises(UsageError, match="none of 1 ids"):
        index.drop("ethanol")


def test_indexes_are_merged(index, tmp_path):
    (tmp_path / "b.smi").write_text("CCCC butane\n")
    other = ms.Index.build(
        tmp_path / "b.smi", FakeEncoder(), tmp_path / "j", workers=1, n_conformers=0
    )
    both = ms.Index.merge([index, other.path], tmp_path / "m", FakeEncoder())
    assert len(both) == 4
    assert both.verify() == []


def test_an_index_is_clustered_by_embedding(index):
    told = []
    found = index.cluster(0.999, on_progress=lambda *given: told.append(given))
    assert found.columns.tolist() == [
        "molecule_id", "smiles", "cluster", "cluster_size", "leader", "is_leader",
        "leader_similarity",
    ]  # fmt: skip
    assert found["molecule_id"].tolist() == ["ethanol", "ethylamine", "phenol"]
    assert found.loc[found["is_leader"], "leader_similarity"].eq(1.0).all()
    assert (told[0], told[-1]) == ((0, 0), (len(index), 0))
    one = index.cluster(-0.99)
    assert one["cluster"].tolist() == [1, 1, 1]
    assert one["leader"].tolist() == ["ethanol"] * 3
    assert one["cluster_size"].tolist() == [3, 3, 3]
    with pytest.raises(UsageError, match="is not at most 1"):
        index.cluster(2)


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ([], "no ids are given: name the molecules to drop"),
        (None, "ids are one molecule_id or several, not None"),
        (5, "ids are one molecule_id or several, not 5"),
        ([5], r"ids\.0: 5 is no text"),
    ],
)
def test_ids_that_are_none_are_refused_in_words_of_the_call(index, ids, said):
    with pytest.raises(UsageError, match=said):
        index.drop(ids)


def test_a_table_is_added_with_its_column_named(index):
    table = pd.DataFrame({"x": ["CCOC"], "smiles": ["CCCC"]})
    assert index.add(table, smiles_column="x", workers=1)["n_added"] == 1
    assert index.search("CCOC", k=1)["smiles"].tolist() == ["CCOC"]
