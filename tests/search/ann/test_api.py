"""Approximate search from Python."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from fakes import FakeEncoder
from listed import indexed

import molsearch as ms
from molsearch.errors import UsageError
from molsearch.search.ann import measure


def test_an_index_is_made_ready_and_every_list_says_its_recall(tmp_path):
    index = ms.Index.open(indexed(tmp_path, 300).path, FakeEncoder(), device="cpu")
    vector = index.reader.embeddings(0)[:1]
    with pytest.raises(UsageError, match="make them with: molsearch index ann"):
        index.search(vectors=vector, k=20, recall=0.9)
    with patch.multiple(measure, RANKINGS=(("molsearch", 1),), _SINGLE=4):
        made = index.approximate(lists=8, on_progress=False)
    assert made["n_lists"] == 8
    with pytest.warns(UserWarning, match="of the 30 hits of an exact one are found"):
        near = index.search(vectors=vector, k=20, recall=0.9, progress=False)
    exact = index.search(vectors=vector, k=20, progress=False)
    scores = dict(zip(exact["molecule_id"], exact["score"], strict=True))
    both = [name for name in near["molecule_id"] if name in scores]
    assert len(both) >= 0.5 * len(near)
    kept = near[near["molecule_id"].isin(both)]
    assert np.array_equal(kept["score"], [scores[name] for name in kept["molecule_id"]])
