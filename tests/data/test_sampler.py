"""Pairs against the definition of what may be drawn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse

from molsearch.data.sampler import PairSampler
from molsearch.errors import InputError


def _acts_on(n_molecules: int = 60, n_targets: int = 12, seed: int = 0) -> sparse.csr_matrix:
    random = np.random.default_rng(seed)
    dense = random.random((n_molecules, n_targets)) < np.linspace(0.02, 0.4, n_targets)
    return sparse.csr_matrix(dense)


def test_pairs_are_two_ligands_of_one_target() -> None:
    acts_on = _acts_on()
    dense = acts_on.toarray()
    sampler = PairSampler(acts_on, 8, seed=1)
    for step in range(200):
        batch = sampler.draw(step)
        assert len(batch.first) == sampler.batch_size
        assert (batch.first != batch.second).all()
        assert (dense[batch.first] & dense[batch.second]).any(1).all()
        expected = dense[batch.first].astype(int) @ dense[batch.second].T.astype(int) > 0
        assert np.array_equal(batch.shares_target, expected)
        assert batch.shares_target.diagonal().all()


def test_draw_depends_on_seed_and_step_alone() -> None:
    one, again, other = (PairSampler(_acts_on(), 6, seed=s) for s in (5, 5, 6))
    for _ in range(3):
        one.draw(0)
    assert np.array_equal(one.draw(7).first, again.draw(7).first)
    assert not np.array_equal(one.draw(7).first, other.draw(7).first)
    assert not np.array_equal(one.draw(7).first, one.draw(8).first)


def test_targets_are_drawn_by_the_square_root_of_their_ligands() -> None:
    # Two targets of 100 and 4 ligands that share none: chances 10 to 2.
    dense = np.zeros((104, 3), bool)
    dense[:100, 0] = dense[100:, 1] = True
    dense[0, 2] = True  # one ligand: never drawn
    sampler = PairSampler(sparse.csr_matrix(dense), 1, seed=0)
    large = np.mean([sampler.draw(step).first[0] < 100 for step in range(3000)])
    assert abs(large - 10 / 12) < 0.03


def test_every_partner_is_equally_likely() -> None:
    dense = np.zeros((10, 2), bool)
    dense[:5, 0] = dense[5:, 1] = True
    sampler = PairSampler(sparse.csr_matrix(dense), 1, seed=0)
    pairs = [sampler.draw(step) for step in range(8000)]
    table = np.zeros((10, 10))
    for pair in pairs:
        table[pair.first[0], pair.second[0]] += 1
    inside = table[:5, :5][~np.eye(5, dtype=bool)]
    assert table.diagonal().sum() == 0
    assert inside.min() > 0.75 * inside.mean()


def test_targets_of_a_batch_are_those_that_its_ligands_act_on() -> None:
    dense = _acts_on().toarray()
    dense[:, 5] = False  # a target that is never drawn takes no number
    acts_on = sparse.csr_matrix(dense)
    dense = dense[:, dense.sum(0) >= 2]
    sampler = PairSampler(acts_on, 8, seed=1)
    assert sampler.n_targets == dense.shape[1]
    for step in range(20):
        batch = sampler.draw(step)
        assert dense[batch.first, batch.targets].all()
        assert dense[batch.second, batch.targets].all()
        assert len(set(batch.targets)) == len(batch.targets)
        assert np.array_equal(sampler.acts_on(batch.first), dense[batch.first])
        part = batch.part(slice(2, 5))
        assert np.array_equal(part.targets, batch.targets[2:5])
        assert np.array_equal(part.shares_target, batch.shares_target[2:5, 2:5])


def test_nothing_to_contrast_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to contrast"):
        PairSampler(sparse.csr_matrix(np.eye(4, dtype=bool)), 2, seed=0)
