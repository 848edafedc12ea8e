"""Several lists of one pass are those of a pass each."""

from __future__ import annotations

import numpy as np
import pytest
from brute import STORED, N, brute_force, numbers_of, queries_of

from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import Wanted, search, search_each, search_lists


def test_each_query_by_itself_equals_its_own_search(readers):
    reader = readers[128]
    queries = queries_of(11, 6, 3, conformer_fusion="max")
    lists = search_each(reader, queries, 40, chunk_rows=90)
    assert len(lists) == 6
    for query, found in enumerate(lists):
        rows = queries.groups == query
        alone = QuerySet(
            queries.vectors[rows], np.zeros(rows.sum(), np.int64), conformer_fusion="max"
        )
        numbers, scores, _ = brute_force(reader, alone, 40)
        assert numbers_of(reader, found) == numbers
        np.testing.assert_allclose(found.scores, scores, rtol=0, atol=1e-12)
        assert found.query_scores.shape == (40, 1)


@pytest.mark.parametrize("rows", sorted(STORED))
def test_lists_of_one_pass_are_those_of_a_pass_each(readers, rows):
    reader, rng = readers[rows], np.random.default_rng(4)
    prints = np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)])
    nothing = np.zeros_like(prints[:1])
    for likenesses in (
        [prints[rng.integers(0, N, 1)] for _ in range(4)],
        [prints[:1], prints[5:8], nothing, None],
        [None, None, None, None],
    ):
        wanted = [
            Wanted(
                queries_of(n, 1 if known is None else len(known), 1 + n % 2),
                (7, 40, N, 1)[n],
                None
                if known is None
                else Blend(0.4 + n, "top2", Likeness(known, 0.1 * n, "mean" if n % 2 else "max")),
                (None, None, 0.3, None)[n],
            )
            for n, known in enumerate(likenesses)
        ]
        found = search_lists(reader, wanted, chunk_rows=90)
        for one, mine in zip(wanted, found, strict=True):
            lone = search(reader, one.queries, one.k, blend=one.blend, least=one.least)
            for name in ("shards", "rows", "scores", "query_scores", "likeness"):
                assert np.array_equal(getattr(mine, name), getattr(lone, name)), name
