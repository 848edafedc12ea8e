"""Reasons of several queries: which is nearest, which speak for a hit, and limits of time."""

from __future__ import annotations

import numpy as np
import pytest

from molsearch.nn.weights import load_encoder
from molsearch.reasons.atoms import AtomExplainer
from molsearch.reasons.reason import reasons, support_thresholds
from molsearch.reasons.weights import Weights

QUERIES = ["COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1", "CC(=O)Oc1ccccc1C(=O)O"]
HITS = ["C#Cc1cccc(Nc2ncnc3cc(OCCOC)c(OCCOC)cc23)c1", "O=C(O)c1ccccc1O"]


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("small", device="cpu")


@pytest.fixture(scope="module")
def explainer(encoder):
    return AtomExplainer(encoder, Weights(1, 2), QUERIES)


def test_each_hit_is_explained_for_its_nearest_query(explainer):
    found = reasons(HITS, explainer)
    assert [one.query for one in found] == [0, 1]
    for number, one in enumerate(found):
        assert one.each.shape == (2,)
        assert one.atoms.score == pytest.approx(one.each[number], abs=1e-5)
        assert one.each[number] == one.each.max()
        assert one.against == ()
        assert len(one.common) >= 10


def test_a_query_that_scores_a_hit_like_a_random_molecule_does_not_speak_for_it(explainer, encoder):
    limits = support_thresholds(explainer, encoder.background, encoder.background_ecfp4)
    scores = explainer.scores_of(encoder.background, encoder.background_ecfp4)
    assert (scores < limits).mean(axis=0) == pytest.approx([0.95, 0.95], abs=0.01)
    found = reasons(HITS, explainer, thresholds=limits)
    assert [one.against for one in found] == [(1,), (0,)]
    one = AtomExplainer(encoder, Weights(1, 2), QUERIES[:1])
    alone = reasons(HITS, one, thresholds=limits[:1])
    assert [one.against for one in alone] == [(), ()]


def test_without_a_background_nothing_is_said_of_who_speaks_for_a_hit(explainer, encoder):
    assert support_thresholds(explainer, None, None) is None
    assert support_thresholds(explainer, encoder.background, None) is None
    plain = AtomExplainer(encoder, Weights(1, 0), QUERIES)
    assert support_thresholds(plain, encoder.background, None).shape == (2,)


def test_when_the_time_is_over_common_parts_are_not_sought(explainer):
    found = reasons(HITS, explainer, common_seconds=0)
    assert [one.common for one in found] == [None, None]
    assert [len(one.atoms.hit) for one in found] == [29, 10]


def test_progress_is_told(explainer):
    seen = []
    reasons(HITS, explainer, common_seconds=0, on_done=seen.append)
    assert seen == [1, 2]
    assert np.isfinite(explainer.scores(HITS)).all()
