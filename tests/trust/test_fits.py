"""The fits: against other libraries, and on worlds whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from molsearch.bench.trust import (
    Draw,
    fitted_calibration,
    fitted_estimate,
    reliability,
    verified,
)
from molsearch.metrics.regression import logistic, logit, quantile_of_targets, ridge, sigmoid
from molsearch.trust import fitted as file


def test_ridge_is_the_minimum_of_its_sum() -> None:
    rng = np.random.default_rng(0)
    design, values = rng.standard_normal((40, 3)), rng.standard_normal(40)

    def loss(x):
        return ((values - x[0] - design @ x[1:]) ** 2).sum() + 2.5 * (x[1:] ** 2).sum()

    due = minimize(loss, np.zeros(4), tol=1e-12).x
    np.testing.assert_allclose(ridge(design, values, 2.5), due, atol=1e-4)


def test_logistic_is_the_minimum_of_its_sum() -> None:
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(300), rng.standard_normal((300, 2))])
    labels = rng.random(300) < sigmoid(design @ np.array([-2.0, 1.0, -0.5]))

    def loss(x):
        odds = design @ x
        return (np.logaddexp(0, odds) - labels * odds).sum() + 0.5 * (x[1:] ** 2).sum()

    due = minimize(loss, np.zeros(3), tol=1e-12).x
    np.testing.assert_allclose(logistic(design, labels, 1.0), due, atol=1e-3)


def test_targets_of_many_rows_weigh_as_others() -> None:
    residuals = np.array([0.0] * 90 + [1.0, 2.0, 3.0])
    targets = np.array([0] * 90 + [1, 2, 3])
    assert quantile_of_targets(residuals, targets, 0.6) == 2.0
    assert quantile_of_targets(residuals, targets, 0.9) == 3.0


@given(st.floats(1e-6, 1 - 1e-6))
def test_odds_and_shares_are_inverse(share) -> None:
    assert sigmoid(logit(share)) == pytest.approx(share, rel=1e-6)


def _draws(n_targets=40, n_queries=1, seed=3, calibrated=True):
    """Screens in which nearness makes enrichment, up to chance, and cosines make actives."""
    rng = np.random.default_rng(seed)
    for target in range(n_targets):
        ease = rng.standard_normal()
        noise = 0.6 * rng.standard_normal()
        for _ in range(3):
            is_active = np.arange(620) < 20
            cosine = rng.normal(0.2, 0.1, 620)
            cosine[:20] += 0.15 * (2 + ease + noise)
            features = {"nearness": ease, "fingerprint_nearness": 0.1 * rng.standard_normal()}
            yield Draw(
                f"t{target}", n_queries, features, cosine, np.full(620, 0.1), np.empty(0), is_active
            )


def test_rarity_is_part_of_what_finds_where_the_encoder_tells_it() -> None:
    (draw, *_) = _draws(n_targets=1)
    told = np.where(draw.is_active, 1.0, 0.0)
    assert 0.6 < draw.found < 0.96
    assert replace(draw, rarity=told).found > 0.97
    assert replace(draw, rarity=-told).found < 0.1


def test_the_interval_covers_its_share_and_the_features_narrow_it() -> None:
    estimate, tried = fitted_estimate([*_draws()])
    assert 0.68 <= tried["coverage"] <= 0.92
    assert tried["r2_held_out"] > 0.4
    assert tried["width_of_log_odds"] < tried["width_without_features"]
    easy = estimate.enrichment({"nearness": 1.0, "fingerprint_nearness": 0.0})
    hard = estimate.enrichment({"nearness": -1.0, "fingerprint_nearness": 0.0})
    assert easy[0] > hard[0]
    assert 0 <= hard[1] < hard[0] < hard[2] <= 100


def test_features_that_say_nothing_leave_a_wide_interval() -> None:
    rng = np.random.default_rng(9)
    draws = [
        Draw(d.target, 1, {"nearness": float(rng.standard_normal()),
                           "fingerprint_nearness": float(rng.standard_normal())},
             d.cosine, d.alike, d.rarity, d.is_active)
        for d in _draws()
    ]  # fmt: skip
    estimate, tried = fitted_estimate(draws)
    assert not tried["features_help"]
    told = [
        estimate.enrichment({"nearness": x, "fingerprint_nearness": -x}) for x in (-1.0, 0.0, 2.0)
    ]
    assert told[0] == told[1] == told[2]
    assert tried["coverage"] >= 0.68


def test_what_lies_beyond_all_that_was_seen_is_named() -> None:
    estimate, _ = fitted_estimate([*_draws()])
    assert estimate.beyond({"nearness": 0.0, "fingerprint_nearness": 0.0}) is None
    assert estimate.beyond({"nearness": 9.0, "fingerprint_nearness": 0.0}) == ("nearness", True)
    low = {"nearness": 0.0, "fingerprint_nearness": -9.0}
    assert estimate.beyond(low) == ("fingerprint_nearness", False)


def test_probabilities_are_calibrated_and_follow_the_base_rate() -> None:
    calibration, tried = fitted_calibration([*_draws()])
    assert tried["all"]["error"] < 0.02
    cosine, alike = np.array([0.1, 0.4, 0.7]), np.full(3, 0.1)
    design = file.design(cosine, alike, 1, 10)
    low = calibration.probability(design, 0.001)
    same = calibration.probability(design, calibration.prior)
    high = calibration.probability(design, 0.5)
    assert (low < same).all()
    assert (same < high).all()
    assert low[0] < low[1] < low[2]
    np.testing.assert_allclose(logit(high) - logit(low), logit(0.5) - logit(0.001))


def test_reliability_sees_overconfidence() -> None:
    rng = np.random.default_rng(2)
    true = rng.uniform(0.05, 0.6, 20_000)
    labels = rng.random(20_000) < true
    assert reliability(true, labels)["error"] < 0.02
    assert reliability(sigmoid(logit(true) * 3), labels)["error"] > 0.1


def _known(draws):
    estimate, _ = fitted_estimate(draws)
    calibration, _ = fitted_calibration(draws)
    return file.Fitted(
        format=file.FORMAT, encoder="mine", rank="balanced", n_targets=40,
        estimates={"alone": estimate, "several": estimate},
        calibrations={"alone": calibration, "several": calibration},
    )  # fmt: skip


def test_verification_sees_what_holds_elsewhere_and_what_does_not() -> None:
    known = _known([*_draws()])
    others = [*_draws(n_targets=60, seed=11)]
    told = verified(known, others)
    assert 0.65 <= told["coverage"] <= 0.95
    assert told["coverage"] + told["below"] + told["above"] == pytest.approx(1.0, abs=1e-3)
    assert told["tiers"][0]["error"] < 0.02
    assert told["base_rate"] == pytest.approx(20 / 620, abs=1e-5)
    narrow = known.estimates["alone"].model_copy(update={"low": -0.1, "high": 0.1})
    sure = known.model_copy(update={"estimates": {"alone": narrow, "several": narrow}})
    assert verified(sure, others)["coverage"] < 0.4
    # Screens unlike all that were seen are counted, and have no part in the coverage.
    strange = [
        Draw(
            d.target, 1, {**d.features, "nearness": 99.0}, d.cosine, d.alike, d.rarity, d.is_active
        )
        for d in others[:6]
    ]
    assert verified(known, [*others, *strange])["nothing_said"] == told["nothing_said"] + 6
