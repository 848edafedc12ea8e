from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.scoring.fusion import FUSIONS, fuse
from molsearch.scoring.queryset import fuse_coarsely

NAIVE = {
    "max": max,
    "mean": lambda values: sum(values) / len(values),
    "top2": lambda values: sum(sorted(values)[-2:]) / min(2, len(values)),
}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 7), st.integers(1, 9), st.integers(0, 10**6), st.floats(0, 1),
    st.sampled_from(FUSIONS), st.sampled_from([np.float32, np.float64]),
)  # fmt: skip
def test_fusions_leave_missing_scores_to_the_others(n, width, seed, missing, how, kind):
    rng = np.random.default_rng(seed)
    scores = rng.integers(-3, 4, (n, width)).astype(kind)
    scores[rng.random((n, width)) < missing] = np.nan
    found = fuse(scores, how)
    assert found.dtype == kind
    for row, value in zip(scores, found, strict=True):
        known = [one for one in row.tolist() if one == one]
        if not known:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(NAIVE[how](known), rel=1e-6)


@pytest.mark.parametrize("how", FUSIONS)
@pytest.mark.parametrize("width", [1, 2, 6])
def test_the_scan_fuses_alike(how, width):
    scores = np.random.default_rng(width).standard_normal((50, width)).astype(np.float32)
    coarse = fuse_coarsely(torch.from_numpy(scores), how).numpy()
    assert coarse.shape == (50, 1)
    np.testing.assert_allclose(coarse[:, 0], fuse(scores, how), rtol=1e-6, atol=1e-6)
