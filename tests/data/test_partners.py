"""Hard positives against RDKit's similarities and a loop over the candidates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sparse
from families import ACIDS, AMINES, SULFONAMIDES, labelled
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.chem.counters import Buckets
from molsearch.chem.features import features
from molsearch.data.partners import N_BITS, Partners, fingerprints
from molsearch.data.sampler import PairSampler
from molsearch.data.store import GraphStore, build_store

SMILES = [*ACIDS, *AMINES, *SULFONAMIDES]
N = len(SMILES)


@pytest.fixture(scope="module")
def store() -> GraphStore:
    return build_store([features(s, Buckets(16_381, 53, 67)) for s in SMILES], [None] * N)


def _acts_on() -> sparse.csr_matrix:
    dense = np.zeros((N, 4), bool)
    for family in range(3):
        dense[4 * family : 4 * family + 4, family] = True
    dense[[0, 5], 3] = True  # a target of two ligands has one partner for each
    return sparse.csr_matrix(dense)


def _similarity(store: GraphStore) -> np.ndarray:
    bits = [
        {int(e) % N_BITS for e in store.environments[a:b].ravel() if e}
        for a, b in zip(store.atom_start[:-1], store.atom_start[1:], strict=True)
    ]
    return np.array([[len(x & y) / len(x | y) for y in bits] for x in bits])


def _naive(step: int, seed: int, n: int, similarity: np.ndarray) -> tuple[list[int], list[int]]:
    """The draws one by one, and the least similar of the candidates by a loop."""
    dense = _acts_on().toarray()
    count = dense.sum(0)
    random = np.random.default_rng([seed, step])
    drawn = random.choice(4, 4, replace=False, p=np.sqrt(count) / np.sqrt(count).sum())
    first = [random.integers(0, count[t]) for t in drawn]
    ahead = [[random.integers(1, count[t])] for t in drawn]
    for place, t in enumerate(drawn):
        ahead[place] += [random.integers(1, count[t]) for _ in range(n - 1)]
    firsts, seconds = [], []
    for t, one, further in zip(drawn, first, ahead, strict=True):
        ligands = np.flatnonzero(dense[:, t])
        candidates = [ligands[(one + k) % len(ligands)] for k in further]
        firsts.append(ligands[one])
        seconds.append(min(candidates, key=lambda c: similarity[ligands[one], c]))
    return firsts, seconds


def _sampler(store: GraphStore, n: int, seed: int = 3) -> PairSampler:
    partners = Partners(store, n, 16_381) if n > 1 else None
    return PairSampler(_acts_on(), 4, seed=seed, partners=partners)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_pairs_are_those_of_a_loop_over_the_candidates(store: GraphStore, n: int) -> None:
    similarity = _similarity(store)
    for step in range(50):
        batch = _sampler(store, n).draw(step)
        assert (batch.first.tolist(), batch.second.tolist()) == _naive(step, 3, n, similarity)


def test_fingerprints_are_rdkits_ecfp4_folded(store: GraphStore) -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(
        radius=2, includeChirality=True, fpSize=16_381
    )
    packed = fingerprints(store, np.arange(N)[::-1], 16_381)[::-1]
    for smiles, row in zip(SMILES, np.unpackbits(packed, axis=1), strict=True):
        bits = generator.GetFingerprint(Chem.MolFromSmiles(smiles)).GetOnBits()
        assert set(np.flatnonzero(row)) == {(bit + 1) % N_BITS for bit in bits}


def test_partners_are_less_alike_the_more_candidates_there_are(store: GraphStore) -> None:
    similarity = _similarity(store)
    means = []
    for n in (1, 2, 8):
        batches = [_sampler(store, n).draw(step) for step in range(200)]
        means.append(np.mean([similarity[b.first, b.second].mean() for b in batches]))
    assert means[0] > means[1] + 0.01 > means[2] + 0.02
    one, hard = _sampler(store, 1), _sampler(store, 8)
    for step in range(20):
        usual, harder = one.draw(step), hard.draw(step)
        # The first candidate is the usual partner, so the chosen one is never more alike.
        assert np.array_equal(usual.first, harder.first)
        assert (
            similarity[usual.first, usual.second] >= similarity[harder.first, harder.second]
        ).all()


def test_draw_depends_on_seed_and_step_alone(store: GraphStore) -> None:
    one, again, other = (_sampler(store, 4, seed) for seed in (5, 5, 6))
    one.draw(0)
    assert np.array_equal(one.draw(7).second, again.draw(7).second)
    assert any((one.draw(s).second != other.draw(s).second).any() for s in range(5))


def test_what_is_known_of_a_pair_is_that_of_the_chosen_partner(store: GraphStore) -> None:
    acts_on = _acts_on()
    values = sparse.csr_matrix(acts_on.multiply(np.arange(1.0, N + 1)[:, None]))
    sampler = PairSampler(acts_on, 4, seed=1, pchembl=values, partners=Partners(store, 4, 16_381))
    dense = acts_on.toarray().astype(int)
    for step in range(20):
        batch = sampler.draw(step)
        assert (batch.first != batch.second).all()
        assert np.array_equal(batch.shares_target, dense[batch.first] @ dense[batch.second].T > 0)
        assert np.array_equal(batch.pchembl, np.stack([batch.first, batch.second]) + 1)
        pair = batch.targets.tolist().index(3)
        assert {batch.first[pair], batch.second[pair]} == {0, 5}


def test_molecules_without_environments_and_equal_ones_are_no_trouble() -> None:
    store = labelled()
    none = np.zeros(0, np.uint16)
    empty = replace(store, bag_start=0 * store.bag_start, bag=none, counts=none.astype(np.uint8))
    candidates = np.array([[3, 1, 2], [2, 2, 2]])
    assert Partners(empty, 3, 16_381).choose(np.array([0, 5]), candidates).tolist() == [3, 2]
