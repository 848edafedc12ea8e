"""Queries looked for with the others: the same places as whole screens without each of them."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeEncoder, molecule, prepared_set
from rdkit import Chem

from molsearch.chem.fingerprints import ecfp4, tanimoto
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.index.writer import build_index
from molsearch.scoring.queryset import Against
from molsearch.scoring.ranking import ranking_of
from molsearch.search.inactives import read_inactives
from molsearch.search.leave_one_out import LeaveOneOut, Place, leave_one_out
from molsearch.search.queries import embed_queries, read_queries
from molsearch.search.screen import screen

QUERIES = ["c1ccccc1CCN one", "c1ccccc1CCNC two", "c1ccccc1CC(C)N three", "OCC(O)CO far"]
# The first stands in the library, and so do near relatives of three of the queries.
LIBRARY = ["c1ccccc1CCN", "c1ccccc1CCCN", "Cc1ccccc1CCN", "c1ccccc1", "CCO", "CCCCN", "OCCO"]
N = 400


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutual")
    rows = []
    for i in range(1, N + 1):
        smiles = Chem.CanonSmiles(LIBRARY[i % 7] if i < 50 else "C" * (1 + i % 11) + "O" * (i % 3))
        mol = Chem.MolFromSmiles(smiles)
        rows.append(molecule(i, parent_smiles=smiles, smiles=smiles, ecfp4=ecfp4(mol), user={}))
    return build_index(
        prepared_set(folder / "p", rows), FakeEncoder(), folder / "i", shard_rows=150
    )


def queries_of(texts):
    return read_queries(texts, ReadConfig(), PrepareConfig(n_conformers=0))


def by_whole_screens(reader, queries, **config):
    """Score each query by the list that the others give, and count what stands above it."""
    found = []
    for number, left_out in enumerate(queries):
        others = [one for i, one in enumerate(queries) if i != number]
        encoder = FakeEncoder()
        listed = screen(reader, encoder, others, ScreenConfig(k=N, expand=0, **config))
        frame = listed.frame
        is_query = frame.parent_smiles.isin([query.first.parent_smiles for query in queries])
        vector = embed_queries([left_out], encoder).vectors[0].astype(float)
        cosines = embed_queries(others, encoder).vectors.astype(float) @ vector
        prints = [one.fingerprint for one in others]
        alike = np.array([tanimoto(one, left_out.fingerprint[None])[0] for one in prints], float)
        own = listed.ranking.blend(np.stack(prints)).fused(cosines[None], alike[None])[0]
        scores = frame.score[~is_query].to_numpy()
        ties = np.isclose(scores, own, atol=1e-6)
        found.append(float(((scores > own) & ~ties).sum() + ties.sum() / 2) / len(scores))
    return found


@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("rank", ["balanced", "molsearch-mean", "ecfp4"])
def test_places_are_those_of_whole_screens_without_the_query(reader, rank, n):
    queries = queries_of(QUERIES[:n])
    hits = screen(reader, FakeEncoder(), queries, ScreenConfig(k=5, rank=rank))
    found = hits.leave_one_out
    assert [place.query_id for place in found.places] == ["one", "two", "three", "far"][:n]
    due = by_whole_screens(reader, queries, rank=rank)
    # A library's vectors are kept in half precision: a rank or two may change.
    np.testing.assert_allclose([place.above for place in found.places], due, atol=2.5 / N)
    assert found.n_compared == N - sum(LIBRARY[i % 7] == LIBRARY[0] for i in range(1, 50))
    assert not found.sampled


def test_one_query_has_nothing_to_be_looked_for_with(reader):
    hits = screen(reader, FakeEncoder(), queries_of(QUERIES[:1]), ScreenConfig(k=5))
    assert hits.leave_one_out is None


def test_what_is_like_an_inactive_falls_as_the_library_does(reader):
    queries = queries_of(QUERIES[:3])
    encoder = FakeEncoder()
    inactives = read_inactives(["c1ccccc1CCNC"], ReadConfig(), PrepareConfig(n_conformers=0))
    embedded = embed_queries(queries, encoder)
    ranking = ranking_of("molsearch", 3)
    against = Against(embed_queries(inactives.molecules, encoder), 2.0)
    free = leave_one_out(reader, queries, embedded, ranking)
    held = leave_one_out(reader, queries, embedded, ranking, against=against)
    assert free.places[1].above < held.places[1].above
    assert held.places[1].score == pytest.approx(free.places[1].score - 2.0, abs=1e-6)


def test_a_large_library_is_sampled_and_says_so(reader):
    queries = queries_of(QUERIES)
    embedded = embed_queries(queries, FakeEncoder())
    ranking = ranking_of("balanced", 4)
    whole = leave_one_out(reader, queries, embedded, ranking)
    part = leave_one_out(reader, queries, embedded, ranking, sample=200)
    assert part.sampled
    assert part.n_compared <= 200
    assert "drawn from it" in part.sentence()
    assert part == leave_one_out(reader, queries, embedded, ranking, sample=200)
    for one, other in zip(whole.places, part.places, strict=True):
        assert one.score == other.score
        assert other.above == pytest.approx(one.above, abs=0.1)


@pytest.mark.parametrize(
    ("above", "words"),
    [
        ([0.0, 0.001, 0.009], ["all 3 queries", "0.1 % of 1,000 molecules)"]),
        ([0.0, 0.0005, 0.4], ["2 of 3 queries", "under 0.1 %", "not found: q2 (40 %)"]),
        ([0.3, 0.2, 0.9, 0.4], ["none of 4", "q2 (90 %), q3 (40 %), q0 (30 %) and 1 more: the"]),
    ],
)
def test_the_sentence_names_who_is_not_found(above, words):
    places = tuple(Place(f"q{i}", 1.0, share) for i, share in enumerate(above))
    line = LeaveOneOut(places, 1000, False, "molsearch").sentence()
    for word in words:
        assert word in line
    assert ("trust the list less" in line) == (len(above) == 4)
    assert "\n" not in line


def test_of_fewer_than_a_hundred_molecules_there_is_no_first_one_per_cent():
    places = tuple(Place(f"q{i}", 1.0, 0.0) for i in range(4))
    few, enough = (LeaveOneOut(places, n, False, "molsearch").sentence() for n in (3, 100))
    assert few.startswith("the library holds 3 molecules beside the queries, too few to have")
    assert "all 4" not in few
    assert "all 4 queries stand among the first 1%" in enough


def test_a_library_of_queries_alone_says_that_it_tells_nothing():
    found = LeaveOneOut((Place("a", 1.0, float("nan")),), 0, False, "molsearch")
    assert "nothing but the queries" in found.sentence()
