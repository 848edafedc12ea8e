"""Choosing: as RDKit's pickers without limits; within every limit always."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import DataStructs
from rdkit.SimDivFilters import rdSimDivPickers

from molsearch.chem.fingerprints import ecfp4_of_smiles, tanimoto_matrix
from molsearch.picks.choose import as_diverse_as_fits, down_the_list, farthest
from molsearch.picks.limits import Limits

SMILES = [
    *(f"{'C' * n}c1ccc({group})cc1" for n in range(1, 6) for group in ("O", "N", "Cl", "C(=O)O")),
    *(f"O=C(N{'C' * n})c1ccncc1" for n in range(1, 8)),
    *("CC(=O)Oc1ccccc1C(=O)O", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "C1CCCCC1", "CCO", "NCC(=O)O"),
]
PRINTS = np.stack([ecfp4_of_smiles(one) for one in SMILES])


def _vectors():
    bits = np.unpackbits(PRINTS, axis=1)
    vectors = []
    for row in bits:
        vector = DataStructs.ExplicitBitVect(len(row))
        vector.SetBitsFromList(np.flatnonzero(row).tolist())
        vectors.append(vector)
    return vectors


@pytest.mark.parametrize("most", [0.2017, 0.3989, 0.6007, 0.7993])
def test_sphere_exclusion_is_that_of_rdkit(most) -> None:
    vectors = _vectors()
    leader = rdSimDivPickers.LeaderPicker()
    theirs = list(leader.LazyBitVectorPick(vectors, len(vectors), 1 - most))
    ours = down_the_list(PRINTS, len(SMILES), Limits(len(SMILES)), max_similarity=most).picks
    assert ours == theirs
    assert 1 < len(ours) < len(SMILES)


def test_maxmin_is_that_of_rdkit_up_to_ties() -> None:
    vectors = _vectors()
    theirs = list(
        rdSimDivPickers.MaxMinPicker().LazyBitVectorPick(vectors, len(vectors), 12, [0], 7)
    )
    ours = farthest(PRINTS, 12, Limits(12)).picks

    def gaps(picks):
        # Similarity of each pick to the nearest of those before it.
        similar = tanimoto_matrix(PRINTS[picks], PRINTS[picks])
        return [similar[i, :i].max() for i in range(1, len(picks))]

    assert ours[0] == theirs[0] == 0
    assert gaps(ours)[:5] == pytest.approx(gaps(theirs)[:5])
    assert sum(gaps(ours)) <= sum(gaps(theirs)) * 1.1


def test_nothing_is_drawn_by_chance() -> None:
    assert farthest(PRINTS, 9, Limits(9)).picks == farthest(PRINTS, 9, Limits(9)).picks


def test_the_lowest_similarity_that_fills_the_plate_is_taken() -> None:
    few = as_diverse_as_fits(PRINTS, 5, lambda: Limits(5))
    many = as_diverse_as_fits(PRINTS, 30, lambda: Limits(30))
    assert few.max_similarity == 0.6
    assert many.max_similarity > 0.6
    less = round(many.max_similarity - 0.02, 2)
    assert len(down_the_list(PRINTS, 30, Limits(30), max_similarity=less).picks) < 30


def test_what_must_be_picked_comes_first_whatever_it_resembles() -> None:
    chosen = down_the_list(PRINTS, 4, Limits(4), first=[20, 21], max_similarity=0.3)
    assert chosen.picks[:2] == [20, 21]
    assert len(set(chosen.picks)) == 4
    assert farthest(PRINTS, 4, Limits(4), first=[20, 21]).picks[:2] == [20, 21]


@given(
    prices=st.lists(st.one_of(st.floats(0, 100), st.just(float("nan"))), min_size=32, max_size=32),
    n=st.integers(1, 20),
    budget=st.floats(1, 900),
    n_known=st.integers(0, 20),
    per_scaffold=st.integers(1, 3),
    diverse=st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_picks_keep_every_limit(prices, n, budget, n_known, per_scaffold, diverse) -> None:
    scaffolds = [f"s{place % 7}" if place % 5 else "" for place in range(len(PRINTS))]
    known = np.arange(len(PRINTS)) % 3 == 0
    array = np.array(prices)
    limits = Limits(
        n,
        scaffolds=scaffolds,
        per_scaffold=per_scaffold,
        known=(known, n_known),
        prices=(array, budget),
    )
    chosen = (farthest if diverse else down_the_list)(PRINTS, n, limits)
    picks = chosen.picks
    assert len(picks) == len(set(picks)) <= n
    assert not np.isnan(array[picks]).any()
    assert array[picks].sum() <= budget * (1 + 1e-9)
    assert known[picks].sum() <= n_known
    mine = [scaffolds[one] for one in picks if scaffolds[one]]
    assert all(mine.count(one) <= per_scaffold for one in mine)


@given(prices=st.lists(st.floats(0.5, 100), min_size=32, max_size=32), n=st.integers(1, 32))
@settings(deadline=None, max_examples=100)
def test_a_budget_for_the_cheapest_always_fills_the_plate(prices, n) -> None:
    array = np.array(prices)
    budget = float(np.sort(array)[:n].sum()) * 1.0000001
    chosen = down_the_list(PRINTS, n, Limits(n, prices=(array, budget)))
    assert len(chosen.picks) == n
