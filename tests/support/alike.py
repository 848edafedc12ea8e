"""Results of two searches, held against each other bit for bit."""

from __future__ import annotations

import numpy as np

from molsearch.search.engine import Candidates


def same(found: Candidates, due: Candidates) -> None:
    """Assert that the same rows come in the same order, with the same scores."""
    assert found.shards.tolist() == due.shards.tolist()
    assert found.rows.tolist() == due.rows.tolist()
    assert np.array_equal(found.scores, due.scores)
    assert np.array_equal(found.query_scores, due.query_scores)
    assert np.array_equal(found.likeness, due.likeness)
    assert np.array_equal(found.rarity, due.rarity)
