"""An index as the queries: the hits are those of every pair compared."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, molecule, prepared_set

from molsearch.config import ScreenConfig
from molsearch.errors import EncoderMismatchError, UsageError
from molsearch.index.writer import build_index
from molsearch.search import of_index
from molsearch.search.of_index import is_index, screen_by_index
from molsearch.search.screen import screen

SMILES = ["CCO", "c1ccccc1O", "CCN", "CC(=O)O", "c1ccncc1", "CCCl", "OCCO", "CCCCC"]


def made(folder, n, first, encoder=None, shard_rows=90):
    rows = [
        molecule(
            i,
            seed=i + first,
            parent_smiles=SMILES[i % 8],
            smiles=SMILES[i % 8],
            mw=float(i),
            molecule_id=f"{first}-{i:03d}",
        )
        for i in range(1, n + 1)
    ]
    prepared = prepared_set(folder / "p", rows)
    return build_index(prepared, encoder or FakeEncoder(), folder / "i", shard_rows=shard_rows)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    return made(folder / "library", 300, 0), made(folder / "others", 170, 250)


def run(reader, other, **config):
    def ranked(queries, found):
        return screen(reader, FakeEncoder(), queries, found)

    return screen_by_index(reader, other, ScreenConfig(**config), ranked)


def brute(reader, other):
    """Best cosine of every row, and the ids of those that have it."""
    mine, theirs = (
        np.concatenate([one.embeddings(i) for i in range(one.n_shards)]).astype(np.float64)
        for one in (reader, other)
    )
    products = mine @ theirs.T
    return products.max(axis=1), products


def test_hits_move_none_of_so_many_queries(pair):
    """Which queries are tried depends on how many hits are asked for; their place must not."""
    every = run(*pair, k=300, expand=0).frame
    assert run(*pair, k=10).frame.score.tolist() == every.score.tolist()[:10]
    assert run(*pair, k=10, expand=5).frame.score.tolist() == every.score.tolist()[:10]


@pytest.mark.parametrize("block", [7, 64, 1024])
@pytest.mark.parametrize("k", [1, 20, 299, 300, 1000])
def test_hits_are_the_nearest_to_any(pair, monkeypatch, block, k):
    reader, other = pair
    monkeypatch.setattr(of_index, "_BLOCK", block)
    best, products = brute(reader, other)
    frame = run(reader, other, k=k).frame
    assert len(frame) == min(k, 300)
    np.testing.assert_allclose(frame.score, np.minimum(np.sort(best)[::-1][:k], 1), atol=1e-9)
    rows = frame.record_number.to_numpy() - 1
    np.testing.assert_allclose(np.minimum(best[rows], 1), frame.score, atol=1e-9)
    ids = [f"250-{i:03d}" for i in range(1, 171)]
    nearest = [ids.index(name) for name in frame.nearest_query]
    np.testing.assert_allclose(products[rows, nearest], best[rows], atol=1e-9)
    # Molecules of both, by structure: likeness comes from the fingerprints that are stored.
    assert frame.ecfp4_similarity.notna().all()


@pytest.mark.parametrize(
    "config", [{"where": ("mw>250",)}, {"threshold": 0.9}, {"unique": "parent"}, {"k": 5}]
)
def test_filters_go_as_deep_as_they_must(pair, config):
    reader, other = pair
    best, _ = brute(reader, other)
    found = run(reader, other, **{"k": 12, **config}).frame
    every = run(reader, other, k=300, **{n: v for n, v in config.items() if n != "k"}).frame
    assert found.molecule_id.tolist() == every.molecule_id.head(config.get("k", 12)).tolist()
    rows = found.record_number.to_numpy() - 1
    np.testing.assert_allclose(np.minimum(best[rows], 1), found.score, atol=1e-9)


def test_an_index_against_itself_finds_each_molecule(pair):
    reader, _ = pair
    frame = run(reader, reader, k=300).frame
    np.testing.assert_allclose(frame.score, 1, atol=1e-3)


def test_the_queries_that_count_are_told(pair):
    reader, other = pair
    notes = run(reader, other, k=3).warnings
    assert any("the 170 molecules of" in line for line in notes)


def test_indexes_of_two_encoders_or_too_many_queries_are_one_line(pair, tmp_path, monkeypatch):
    reader, other = pair
    strange = made(tmp_path, 20, 5, encoder=FakeEncoder("another"))
    with pytest.raises(EncoderMismatchError, match="different encoders"):
        run(reader, strange, k=3)
    monkeypatch.setattr(of_index, "_MOST", 2)
    with pytest.raises(UsageError, match="ask for fewer hits"):
        run(reader, other, k=100)


def test_what_is_an_index(pair, tmp_path):
    reader, _ = pair
    assert is_index(reader.path)
    assert is_index(str(reader.path))
    for other in ("CCO", "", tmp_path, "-", "x" * 5000, "a\0b", None):
        assert not is_index(other)
