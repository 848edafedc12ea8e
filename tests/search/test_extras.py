"""Rankings with components that an index does not hold: computed once, the same everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder
from ranked import QUERIES, SMILES, built, hits
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molsearch.errors import UsageError
from molsearch.index import companions
from molsearch.index.reader import open_index
from molsearch.scoring.extra import column_of
from molsearch.scoring.ranking import ranking_of
from molsearch.search import extras as opening


def test_whole_shards_and_appended_give_the_same_scores(tmp_path):
    whole = hits(built(tmp_path / "whole", SMILES)).frame
    shards = hits(built(tmp_path / "shards", SMILES, shard_rows=7)).frame
    # A library of fewer molecules, in another order: what is there scores as before.
    fewer = hits(built(tmp_path / "fewer", SMILES[::-1][:20], shard_rows=6)).frame
    assert whole["molecule_id"].tolist() == shards["molecule_id"].tolist()
    columns = ["molecule_id", "score", "molsearch_score", "ecfp4_score", "fcfp4_score",
               "torsion_score", "nearest_query"]  # fmt: skip
    np.testing.assert_array_equal(whole[columns].values, shards[columns].values)
    mine = whole[whole["molecule_id"].isin(fewer["molecule_id"])]
    np.testing.assert_array_equal(mine[columns].values, fewer[columns].values)
    assert len(fewer) == 20


def test_the_score_is_the_sum_of_its_columns_and_each_that_of_rdkit(tmp_path):
    frame = hits(built(tmp_path, SMILES)).frame
    total = (
        frame["molsearch_score"] + 2 * frame["ecfp4_score"] + 0.5 * frame["fcfp4_score"]
        + frame["torsion_score"]
    )  # fmt: skip
    np.testing.assert_allclose(frame["score"], total, atol=1e-3)  # vectors of half precision
    make = rdFingerprintGenerator.GetTopologicalTorsionGenerator(fpSize=2048).GetFingerprint
    asked = [make(Chem.MolFromSmiles(text.split()[0])) for text in QUERIES]
    for smiles, score in zip(frame["parent_smiles"], frame["torsion_score"], strict=True):
        mine = make(Chem.MolFromSmiles(smiles))
        due = max(DataStructs.TanimotoSimilarity(mine, one) for one in asked)
        assert score == pytest.approx(due)


def test_what_inactives_change_is_in_the_score_and_not_in_the_sum_before(tmp_path):
    reader = built(tmp_path, SMILES, shard_rows=7)
    plain = hits(reader).frame.set_index("molecule_id")
    frame = hits(reader, against=("OC(=O)c1ccccc1 acid",), inactives_weight=0.7).frame
    before = plain.loc[frame["molecule_id"]]
    np.testing.assert_allclose(frame["similarity_score"], before["score"], atol=1e-12)
    due = before["score"].to_numpy() - 0.7 * frame["inactive_score"]
    np.testing.assert_allclose(frame["score"], due, atol=1e-3)  # vectors of half precision
    assert frame["score"].is_monotonic_decreasing
    assert frame["molecule_id"].tolist() != plain.index.tolist()


def test_the_best_are_found_and_filters_hold(tmp_path):
    reader = built(tmp_path, SMILES, shard_rows=7)
    every, few = hits(reader).frame, hits(reader, k=9).frame
    assert few["molecule_id"].tolist() == every["molecule_id"].tolist()[:9]
    light = hits(reader, k=9, where=("mw<150",)).frame
    assert (light["mw"] < 150).all()
    assert light["molecule_id"].tolist() == every[every["mw"] < 150]["molecule_id"].tolist()[:9]


def test_what_was_computed_is_kept_and_what_is_damaged_made_again(tmp_path, monkeypatch):
    reader = built(tmp_path, SMILES, shard_rows=20)
    first = hits(reader).frame
    files = sorted((tmp_path / "i").rglob("print-fcfp4.npy"))
    assert len(files) == reader.n_shards
    written = []
    write = companions._write
    monkeypatch.setattr(
        companions, "_write", lambda *given: (written.append(given[1]), write(*given))
    )
    again = open_index(tmp_path / "i")
    assert hits(again).frame.equals(first)
    assert written == []
    content = bytearray(files[1].read_bytes())
    content[-3] ^= 4
    files[1].write_bytes(content)
    assert hits(open_index(tmp_path / "i")).frame.equals(first)
    assert written == [1]


def test_a_folder_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    reader = built(tmp_path, SMILES)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(companions, "_write", refuse)
    with pytest.raises(UsageError, match=r"lacks print-fcfp4.*Permission denied"):
        hits(reader)


def test_a_second_encoder_adds_its_cosine(tmp_path, monkeypatch):
    reader = built(tmp_path, SMILES, shard_rows=9)
    other = FakeEncoder("other")
    other.sees_geometry = False
    other.embed_table = lambda table: _vectors(table, 5)
    other.embed_conformers = lambda table: (_vectors(table, 5), np.arange(table.num_rows))
    monkeypatch.setattr(opening, "is_encoder", lambda name: name == "second")
    monkeypatch.setattr("molsearch.search.screen.is_encoder", lambda name: name == "second")
    monkeypatch.setattr("molsearch.nn.weights.load_encoder", lambda *_, **__: other)
    frame = hits(reader, "molsearch+3*second").frame
    np.testing.assert_allclose(
        frame["score"], frame["molsearch_score"] + 3 * frame["second_score"], atol=1e-2
    )
    assert frame["score"].is_monotonic_decreasing


def _vectors(table, seed):
    smiles = table.column("parent_smiles").to_pylist()
    rows = [np.random.default_rng([seed, *one.encode()]).standard_normal(16) for one in smiles]
    found = np.array(rows, np.float32).reshape(len(smiles), 16)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        ("molsearch+unheard", "no encoder and no fingerprint is called 'unheard'"),
        ("balanced+fcfp4", "stands alone"),
        ("fcfp4+fcfp4", "twice"),
        ("nan*fcfp4", "no positive number"),
    ],
)
def test_bad_expressions_are_one_line(rank, words):
    with pytest.raises(UsageError, match=words) as refused:
        ranking_of(rank, 1)
    assert "\n" not in str(refused.value)


def test_columns_are_words():
    assert column_of("small-held-out") == "small_held_out_score"
    assert column_of("runs/Mine 2/") == "mine_2_score"
