"""Structured batches against a loop, and that a step depends on seed and step alone."""

from __future__ import annotations

import numpy as np

from molsearch.data.neighbourhoods import Neighbourhoods, nearest, sketched


def _vectors(n: int) -> np.ndarray:
    rows = np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_nearest_are_those_of_a_loop() -> None:
    vectors = _vectors(37)
    found = nearest(vectors, 4)
    for row in range(37):
        products = vectors.astype(np.float64) @ vectors[row]
        products[row] = -np.inf
        assert found[row].tolist() == np.argsort(-products)[:4].tolist()


def test_there_are_never_more_neighbours_than_others() -> None:
    assert nearest(_vectors(3), 16).shape == (3, 2)


def test_sketches_are_about_as_alike_as_the_fingerprints() -> None:
    generator = np.random.default_rng(1)
    family = generator.random((150, 2048)) < 0.03
    bits = np.repeat(family, 10, axis=0)
    bits ^= generator.random(bits.shape) < 0.004  # relatives, some closer than others
    bits[7] = False
    lengths = np.sqrt(bits.sum(axis=1)).clip(1)
    expected = (bits.astype(np.float64) @ bits.T) / np.outer(lengths, lengths)
    sketches = sketched(np.packbits(bits, axis=1))
    found = sketches @ sketches.T
    assert np.abs(sketches[7]).max() == 0
    error = found - expected
    assert np.sqrt((error**2).mean()) < 0.08
    assert abs(error.mean()) < 0.01
    assert np.array_equal(sketches, sketched(np.packbits(bits, axis=1)))


def test_a_step_holds_anchors_of_both_kinds_and_their_own_neighbours() -> None:
    near = nearest(_vectors(200), 6)
    labelled = np.arange(200) < 150
    structure = Neighbourhoods(near, labelled, anchors=10, companions=3, seed=1)
    for step in range(20):
        rows = structure.draw(step)
        assert len(rows) == len(set(rows.tolist())) <= 40
        held = set(rows.tolist())
        # At least ten molecules have three of their six nearest beside them.
        full = [row for row in held if len(held & set(near[row].tolist())) >= 3]
        assert len(full) >= 10
        assert sum(labelled[full]) >= 5
        assert sum(~labelled[full]) >= 5


def test_draw_depends_on_seed_and_step_alone() -> None:
    near, labelled = nearest(_vectors(90), 6), np.ones(90, bool)
    one, again, other = (Neighbourhoods(near, labelled, 8, 2, seed) for seed in (3, 3, 4))
    one.draw(0)
    assert np.array_equal(one.draw(5), again.draw(5))
    assert not np.array_equal(one.draw(5), other.draw(5))
    assert not np.array_equal(one.draw(5), one.draw(6))
