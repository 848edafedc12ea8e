"""Machine code finds what plain NumPy finds in float64, one row after the other."""

from __future__ import annotations

import numpy as np
import pytest
from brute import examples
from hypothesis import given
from hypothesis import strategies as st

from molsearch.search.engine.fused import words_of
from molsearch.search.engine.kernels import TILE, reaching

FUSE = {
    0: lambda m: m.max(axis=1),
    1: lambda m: m.mean(axis=1),
    2: lambda m: np.sort(m, axis=1)[:, -2:].mean(axis=1),
}


@pytest.fixture(scope="module", autouse=True)
def _with_and_without_machine_code():
    """With it."""


def scores_of(case):
    """Scores ``[n, lists]`` in float64, as the documentation of `reaching` says."""
    products = case["codes"].astype(np.float64) @ case["asked"].T.astype(np.float64)
    products *= case["steps"] * case["scales"][:, :1].astype(np.float64)
    own, asked = (np.unpackbits(case[name], axis=1).astype(int) for name in ("prints", "known"))
    both = own @ asked.T if len(asked) else np.zeros((len(products), 0))
    either = own.sum(axis=1)[:, None] + asked.sum(axis=1) - both if len(asked) else both
    similar = both / np.maximum(either, 1)
    columns = []
    for one, weights in zip(case["lists"], case["weights"].astype(np.float64), strict=True):
        total = weights[0] * FUSE[one[2]](products[:, one[0] : one[1]])
        if one[4] > one[3]:
            total = total + weights[1] * FUSE[one[5]](similar[:, one[3] : one[4]])
        if one[7] > one[6]:
            total = total - weights[2] * products[:, one[6] : one[7]].max(axis=1)
        if len(case["rarity"]):
            total = total + weights[3] * case["rarity"][:, 0]
        columns.append(total)
    return np.stack(columns, axis=1)


def found_in(case, least, excluded=None):
    """Call the machine code, and give what it wrote."""
    room = max(1, len(case["codes"]) * len(case["lists"]))
    written = [np.empty(room, kind) for kind in (np.int64, np.int64, np.float32, np.float32)]
    known = words_of(case["known"])
    n = reaching(
        *(case[name] for name in ("codes", "scales", "asked", "steps")),
        *(words_of(case["prints"]), known, np.bitwise_count(known).sum(axis=1, dtype=np.uint64)),
        *(case["rarity"], case["lists"], case["weights"], least, np.float32(2), np.float32(0.25)),
        *(np.empty(0, bool) if excluded is None else excluded, *written),
    )
    return n, [one[: max(n, 0)] for one in written]


def made(seed, n, dim, m, p, n_bytes, n_lists):
    rng = np.random.default_rng(seed)

    def share(width):
        first, last = np.sort(rng.choice(width + 1, 2, replace=False))
        return [first, last, rng.integers(0, 3)]

    lists = [
        [*share(m), *(share(p) if p and rng.random() < 0.8 else [0, 0, 0])]
        + (share(m)[:2] if rng.random() < 0.5 else [0, 0])
        for _ in range(n_lists)
    ]
    prints = rng.integers(0, 256, (n, n_bytes), dtype=np.uint8)
    prints[rng.random(n) < 0.2] = 0
    known = rng.integers(0, 256, (p, n_bytes), dtype=np.uint8)
    known[rng.random(p) < 0.2] = 0
    scales = (rng.random((n, 2)) / 100).astype(np.float32)
    scales[rng.random(n) < 0.1, 0] = 0
    weights = rng.random((n_lists, 4)).astype(np.float32)
    rarity = rng.random((n, 1), np.float32)
    if rng.random() < 0.5:
        rarity, weights[:, 3] = rarity[:0], 0
    return {
        "codes": rng.integers(-127, 128, (n, dim), dtype=np.int8),
        "scales": scales,
        "asked": rng.integers(-32767, 32768, (m, dim), dtype=np.int16),
        "steps": (rng.random(m) / 2**15).astype(np.float32),
        "prints": prints if p else prints[:, :0],
        "known": known,
        "lists": np.array(lists, np.int64),
        "weights": weights,
        "rarity": rarity,
    }


@examples(60)
@given(
    seed=st.integers(0, 10**6),
    n=st.sampled_from([0, 1, 7, TILE - 1, TILE, TILE + 1, 2 * TILE + 77]),
    dim=st.sampled_from([1, 3, 16, 31, 64, 129, 256]),
    m=st.integers(1, 5),
    p=st.integers(0, 4),
    n_bytes=st.sampled_from([8, 24, 256]),
    n_lists=st.integers(1, 4),
    part=st.sampled_from([0.0, 0.5, 0.99]),
    masked=st.booleans(),
)
def test_rows_with_their_bounds_are_those_of_float64(
    seed, n, dim, m, p, n_bytes, n_lists, part, masked
):
    case = made(seed, n, dim, m, p, n_bytes, n_lists)
    rng = np.random.default_rng(seed + 1)
    excluded = rng.random(n) < 0.5 if masked else None
    due = scores_of(case)
    wrong = 2 * case["scales"][:, 1] + 0.25
    highest = due + wrong[:, None]
    least = np.array([np.quantile(one, part) if n else 0 for one in highest.T], np.float32)
    count, (rows, lists, upper, lower) = found_in(case, least, excluded)
    slack = 1e-5 * (1 + np.abs(due).max(initial=0))
    np.testing.assert_allclose(upper, highest[rows, lists], rtol=0, atol=slack)
    np.testing.assert_allclose(upper - lower, 2 * wrong[rows], rtol=0, atol=slack)
    mine = np.zeros(due.shape, bool)
    mine[rows, lists] = True
    assert mine.sum() == count  # none twice
    there = np.ones(n, bool) if excluded is None else ~excluded
    assert not mine[~there].any()
    clear = np.abs(highest - least) > slack
    assert np.array_equal(mine[there] & clear[there], (highest >= least)[there] & clear[there])


def test_what_equals_the_threshold_is_found():
    case = made(0, 40, 16, 1, 0, 8, 1)
    for name in ("codes", "scales", "rarity"):
        case[name][:] = case[name][:1]
    _, (_, _, upper, _) = found_in(case, np.full(1, -np.inf, np.float32))
    count, (rows, *_) = found_in(case, upper[:1].copy())
    assert count == 40
    assert rows.tolist() == list(range(40))


@pytest.mark.parametrize("excluded", [False, True])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", [0, 1])
def test_rows_that_are_not_finite_are_told(excluded, bad, column):
    case = made(1, TILE + 9, 16, 2, 1, 8, 2)
    case["rarity"] = np.ones((TILE + 9, 1), np.float32)
    case["scales"][TILE + 3, column] = bad
    mask = np.zeros(TILE + 9, bool)
    mask[TILE + 3] = excluded
    least = np.full(2, 1e30, np.float32)
    assert found_in(case, least)[0] == -1
    assert found_in(case, least, mask)[0] == -1
    case["scales"][TILE + 3, column] = 0
    assert found_in(case, least, mask)[0] == 0
    case["rarity"][TILE + 3] = bad
    assert found_in(case, least)[0] == -1
