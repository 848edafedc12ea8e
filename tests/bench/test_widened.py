"""A default ranking that searches twice, in benchmarks as in screens."""

from __future__ import annotations

import numpy as np
import pytest
from command_line import make_encoder
from fakes import unit_rows

from molsearch.bench.methods import parse_methods
from molsearch.bench.views import Views
from molsearch.errors import UsageError

N, DIM = 130, 16


@pytest.fixture
def folder(tmp_path):
    return make_encoder(tmp_path / "e")


def given(folder, n_queries, own=()):
    """Scores of both parts, and what the encoder sees; `own` are rows that are the queries."""
    pool, queries = (unit_rows(n, DIM, seed).astype(np.float32) for n, seed in ((N, 1), (4, 2)))
    likeness = np.random.default_rng(3).uniform(0, 0.3, (4, N)).astype(np.float32)
    scores = {str(folder): queries @ pool.T, "ecfp4": likeness}
    mine = np.zeros((4, N), bool)
    mine[:, list(own)] = True
    return scores, Views(queries, pool, mine, str(folder)), np.arange(n_queries)


def naive(scores, views, folder, asked, weight, out=()):
    """By hand, one molecule after the other."""

    def total(vectors):
        found = []
        for row in range(N):
            best = sorted((float(vector @ views.pool[row]) for vector in vectors), reverse=True)
            alike = max(float(scores["ecfp4"][query, row]) for query in asked)
            found.append(np.mean(best[:2]) + weight * alike)
        return np.array(found)

    first = total(views.queries[asked].astype(float))
    order = [row for row in np.argsort(-first, kind="stable") if row not in out]
    hits = views.pool[order[: (N - len(out)) // 40]].astype(float).mean(axis=0)
    moved = views.queries[asked] + hits
    return total(moved / np.linalg.norm(moved, axis=1, keepdims=True))


@pytest.mark.parametrize(("n_queries", "weight"), [(1, 1.0), (2, 1.0)])
@pytest.mark.parametrize("own", [(), (3, 77, 101)])
def test_the_first_hits_of_a_pool_move_the_queries(folder, n_queries, weight, own):
    (method,) = parse_methods([f"balanced:{folder}"], device="cpu")
    scores, views, asked = given(folder, n_queries, own)
    found = method.ranked(scores, asked, views)
    due = naive(scores, views, folder, asked, weight, own)
    np.testing.assert_allclose(found, due, atol=1e-5)
    assert np.abs(found - method.ranked(scores, asked)).max() > 0.05


def test_more_queries_than_two_and_the_comparison_stay_as_they_are(folder):
    both = parse_methods([f"balanced:{folder}", f"unwidened:{folder}"], device="cpu")
    scores, views, asked = given(folder, 3)
    np.testing.assert_array_equal(
        both[0].ranked(scores, asked, views), both[1].ranked(scores, asked, views)
    )
    np.testing.assert_array_equal(
        both[1].ranked(scores, asked[:1], views), both[0].ranked(scores, asked[:1])
    )
    assert both[0].identity()["widened_by_hits"] == 20
    assert "widened_by_hits" not in both[1].identity()
    assert both[0].identity()["rules"] == both[1].identity()["rules"]


def test_a_molecule_without_a_score_moves_nothing(folder):
    (method,) = parse_methods([f"balanced:{folder}"], device="cpu")
    scores, views, asked = given(folder, 1)
    views.pool[5] = np.nan
    scores[str(folder)][:, 5] = np.nan
    found = method.ranked(scores, asked, views)
    assert found[5] == -np.inf
    assert np.isfinite(np.delete(found, 5)).all()


def test_nothing_but_the_default_ranking_is_compared_so(folder):
    with pytest.raises(UsageError, match="no method 'unwidened:'"):
        parse_methods(["unwidened:"], device="cpu")
