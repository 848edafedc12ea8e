"""The committed file: what screens are told from, and whether it keeps what it promises."""

from __future__ import annotations

import json

import numpy as np
import pytest

from molsearch.bundled import path
from molsearch.nn.weights import CARD_FILE, encoder_folder
from molsearch.trust.features import ALONE, SEVERAL
from molsearch.trust.fitted import read
from molsearch.trust.said import Trust


@pytest.fixture(scope="module")
def record():
    return json.loads(path("results", "trust.json").read_text())


@pytest.mark.parametrize("kind", ["alone", "several"])
def test_intervals_hold_on_held_out_targets(record, kind) -> None:
    tried = record["estimate"][kind]
    assert tried["level"] == 0.8
    assert tried["n_targets"] >= 30
    assert 0.70 <= tried["coverage"] <= 0.90
    for n, coverage in tried["coverage_by_queries"].items():
        assert coverage >= 0.70, f"overconfident for {n} queries"


@pytest.mark.parametrize("kind", ["alone", "several"])
def test_probabilities_are_those_of_held_out_targets(record, kind) -> None:
    found = record["calibration"][kind]
    least = record["calibration"]["least_actives"]
    assert least == 200
    assert found["all"]["error"] <= 0.05
    large = [tier for tier in found["tiers"] if tier["n_actives"] >= least]
    assert large
    for tier in large:
        assert tier["error"] <= 0.05, tier["ecfp4"]
        # The error is that of the curve beside it.
        told, seen, n = np.array(tier["curve"]).T
        assert tier["error"] == pytest.approx((np.abs(told - seen) * n).sum() / n.sum(), abs=1e-3)


def test_the_file_is_read_by_screens(record) -> None:
    known = read()
    assert known is not None
    assert known.encoder == record["encoder"]["identity"]
    # Another encoder that ships needs: python benchmarks/fit_trust.py -o results/trust.json
    card = json.loads((encoder_folder(None) / CARD_FILE).read_text())
    assert known.encoder == card["identity"]
    assert known.estimates["alone"].names == ALONE
    assert known.estimates["several"].names == SEVERAL
    for estimate in known.estimates.values():
        assert estimate.low < 0 < estimate.high


def test_screens_are_told_how_it_held(record) -> None:
    known = read()
    for kind, held in known.held.items():
        assert held.coverage == record["estimate"][kind]["coverage_by_queries"]
        tiers = record["calibration"][kind]["tiers"]
        assert [tier.error for tier in held.tiers] == [tier["error"] for tier in tiers]
        assert [len(tier.curve) for tier in held.tiers] == [len(tier["curve"]) for tier in tiers]
    assert set(known.held) == {"alone", "several"}


@pytest.fixture(scope="module")
def verified():
    return json.loads(path("results", "trust-verified.json").read_text())


def test_on_actives_in_series_no_more_is_promised_than_comes(verified) -> None:
    fitted = json.loads(path("results", "trust-held-out.json").read_text())
    # An encoder that has met the targets would verify itself.
    assert verified["encoder"] == fitted["encoder"]
    assert verified["encoder"]["name"] == "small-held-out"
    for kind in ("alone", "several"):
        assert 0.70 <= fitted["estimate"][kind]["coverage"] <= 0.90
        found = verified["benchmarks"]["dude"][kind]
        assert found["n_targets"] >= 30
        assert found["below"] <= 0.10, "overconfident"
        assert found["tiers"][0]["error"] <= 0.05


def test_where_it_promises_too_much_the_sentence_says_of_what_it_speaks(verified) -> None:
    too_much = [
        name
        for name, kinds in verified["benchmarks"].items()
        if any(one["below"] > 0.20 for one in kinds.values())
    ]
    assert too_much == ["muv"]
    assert "actives that come in series" in Trust((50.0, 20.0, 80.0), "", 39).sentence()
