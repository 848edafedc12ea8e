"""One product of joint vectors is the weighted sum that ranks, but for axes that are left out."""

from __future__ import annotations

import numpy as np
from listed import indexed

from molsearch.chem.fingerprints import unit_bits
from molsearch.index.ann.joint import Joint, principal_axes, sampled


def prints(n, seed=0):
    rng = np.random.default_rng(seed)
    heads = rng.random((5, 2048)) < 0.03
    return np.packbits(heads[rng.integers(0, 5, n)] ^ (rng.random((n, 2048)) < 0.005), axis=1)


def test_with_every_axis_a_product_is_weighted_cosine_plus_weighted_cosine_of_bits():
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((40, 16)).astype(np.float32)
    bits = prints(40)
    joint = Joint(principal_axes(bits, 2048))
    found = joint.queries(vectors[:3], bits[:3], (0.5, 2.0)) @ joint.rows(vectors, bits).T
    due = np.empty((3, 40))
    for i in range(3):
        for j in range(40):
            both = int(np.bitwise_count(bits[i] & bits[j]).sum())
            counts = [int(np.bitwise_count(bits[at]).sum()) for at in (i, j)]
            likeness = both / np.sqrt(counts[0] * counts[1])
            due[i, j] = 0.5 * float(vectors[i] @ vectors[j]) + 2.0 * likeness
    assert np.allclose(found, due, atol=1e-4)


def test_few_axes_keep_more_of_the_products_than_as_many_random_ones():
    bits = prints(400)
    exact = unit_bits(bits) @ unit_bits(bits).T

    def error(axes):
        projected = unit_bits(bits) @ axes.T
        return np.abs(projected @ projected.T - exact).mean()

    random = np.linalg.qr(np.random.default_rng(2).standard_normal((2048, 16)))[0].T
    assert error(principal_axes(bits, 16)) < 0.2 * error(random.astype(np.float32))


def test_fingerprints_that_do_not_rank_and_empty_ones_add_nothing():
    joint = Joint(principal_axes(prints(50), 8))
    vectors = np.ones((2, 4), np.float32)
    assert not joint.queries(vectors, None, (1.0, 0.0))[:, 4:].any()
    assert not joint.rows(vectors, np.zeros((2, 256), np.uint8))[:, 4:].any()


def test_a_sample_is_of_rows_of_every_shard_each_once(tmp_path):
    reader = indexed(tmp_path, 900, 400)
    vectors, drawn = sampled(reader, 500, 1)
    stored = np.concatenate([reader.embeddings(s) for s in range(reader.n_shards)])
    kept = np.concatenate([reader.fingerprints(s) for s in range(reader.n_shards)])
    assert len(vectors) == 500
    where = [int(np.flatnonzero((kept == one).all(axis=1))[0]) for one in drawn]
    assert where == sorted(set(where))
    assert np.array_equal(vectors, stored[where].astype(np.float32))
    assert np.bincount(np.array(where) // 400, minlength=3).min() > 30
    assert len(sampled(reader, 5000, 1)[0]) == 900
