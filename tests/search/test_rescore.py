"""Shape looks at the first of a list: their order changes, their scores are their own."""

from __future__ import annotations

import numpy as np
import pytest
from ranked import SMILES, built, hits

from molsearch.errors import UsageError
from molsearch.scoring.ranking import ranking_of

RANK = "ecfp4+0.5*shape"
QUERY = ["O=C(NCC)c1ccncc1 amide"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return built(tmp_path_factory.mktemp("whole"), SMILES)


def test_the_first_are_ranked_anew_and_the_sum_is_that_of_the_columns(whole):
    before = hits(whole, rank="ecfp4", queries=QUERY, k=8).frame
    found = hits(whole, rank=RANK, queries=QUERY, k=8, depth=8)
    after = found.frame
    assert sorted(after["molecule_id"]) == sorted(before["molecule_id"])
    np.testing.assert_allclose(
        after["score"], after["ecfp4_score"] + 0.5 * after["shape_score"], atol=1e-9
    )
    assert after["score"].is_monotonic_decreasing
    assert after["shape_score"].between(0, 1).all()
    # The query itself is in the library, and lies on itself.
    assert after.iloc[0]["parent_smiles"] == "O=C(NCC)c1ccncc1"
    assert after.iloc[0]["shape_score"] > 0.7
    assert any("first 8 of 47" in line for line in found.warnings)


def test_a_score_does_not_depend_on_depth_library_or_shards(whole, tmp_path):
    deep = hits(whole, rank=RANK, queries=QUERY, k=6, depth=20).frame
    flat_ = hits(whole, rank=RANK, queries=QUERY, k=6, depth=6).frame
    parts = hits(
        built(tmp_path, SMILES[::-1], shard_rows=7), rank=RANK, queries=QUERY, k=6, depth=20
    ).frame
    columns = ["molecule_id", "score", "shape_score"]
    np.testing.assert_array_equal(deep[columns].values, parts[columns].values)
    merged = deep[columns].merge(flat_[columns], on="molecule_id")
    np.testing.assert_array_equal(merged["score_x"], merged["score_y"])
    assert len(merged) >= 3


def test_shape_needs_a_list_and_no_penalty(whole):
    with pytest.raises(UsageError, match="looks at the first of a list"):
        ranking_of("shape", 1)
    with pytest.raises(UsageError, match="does not go with --threshold"):
        hits(whole, rank=RANK, queries=QUERY, threshold=0.3)
