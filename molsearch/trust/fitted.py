"""What was fitted, as ``results/trust.json`` holds it, and what it says of a screen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from molsearch.bundled import path as bundled_path
from molsearch.config import Config
from molsearch.errors import InputError
from molsearch.metrics.regression import Floats, logit, sigmoid

FORMAT = "molsearch-trust-1"
FIRST = 0.01  # share of the inactives
LEVEL = 0.8
_SLACK = 0.1  # of the range that was seen, beyond it on either side
# Decoys of the development screens are less alike than this to every active: beyond it there is
# nothing that a probability could be learnt from.
MOST_ALIKE = 0.4


class Estimate(Config):
    """Regression of the log odds of the share of actives found among the first 1 %.

    Attributes
    ----------
    low, high
        Residuals of held-out targets that bound the interval.
    least, most
        Range of each feature on the development screens.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    low: float
    high: float
    least: tuple[float, ...]
    most: tuple[float, ...]

    @property
    def looks(self) -> bool:
        """Whether it looks at the features: where they foretold nothing, all are told the same."""
        return any(self.coefficients[1:])

    def beyond(self, features: Mapping[str, float]) -> tuple[str, bool] | None:
        """Name a feature far from all that was seen, and whether it lies above; None if none is."""
        for name, least, most in zip(self.names, self.least, self.most, strict=True):
            slack = _SLACK * (most - least)
            if not least - slack <= features[name] <= most + slack:
                return name, features[name] > most
        return None

    def odds(self, features: Mapping[str, float]) -> float:
        """Log odds that are expected."""
        values = np.array([features[name] for name in self.names])
        scaled = (values - np.array(self.mean)) / np.array(self.scale)
        return float(self.coefficients[0] + scaled @ np.array(self.coefficients[1:]))

    def enrichment(self, features: Mapping[str, float]) -> tuple[float, float, float]:
        """Enrichment among the first 1 %: expected, and the ends of the interval."""
        odds = self.odds(features)
        shares = sigmoid(np.array([odds, odds + self.low, odds + self.high]))
        middle, low, high = (float(one) / FIRST for one in shares)
        return middle, low, high


class Calibration(Config):
    """Logistic regression of being active on what ranks.

    Attributes
    ----------
    prior
        Share of actives in what it was fitted on.
    """

    coefficients: tuple[float, ...]
    prior: float = Field(gt=0, lt=1)

    def probability(self, design: Floats, base_rate: float) -> Floats:
        """Probability of being active where a share `base_rate` of the library is.

        NaN for what is more alike to a query than `MOST_ALIKE`.
        """
        odds = design @ np.array(self.coefficients)
        told = sigmoid(odds - float(logit(self.prior)) + float(logit(base_rate)))
        return np.where(design[:, _ALIKE] > MOST_ALIKE, np.nan, told)


class Tier(Config):
    """Probabilities of held-out targets, of hits this much alike to the nearest query.

    Attributes
    ----------
    error
        Expected calibration error.
    curve
        Mean probability as told, share that was active, and number of molecules, bin by bin.
    """

    ecfp4: tuple[float, float]
    n_actives: int
    error: float | None
    curve: tuple[tuple[float, float, int], ...]


class Held(Config):
    """How what is said held on targets that were held out.

    Attributes
    ----------
    coverage
        Share of them inside the interval, by their number of queries.
    """

    coverage: dict[str, float]
    tiers: tuple[Tier, ...]


class Fitted(Config):
    """Everything of the file that a screen reads."""

    format: Literal["molsearch-trust-1"]
    encoder: str
    rank: Literal["balanced"]
    n_targets: int
    estimates: dict[Literal["alone", "several"], Estimate]
    calibrations: dict[Literal["alone", "several"], Calibration]
    held: dict[Literal["alone", "several"], Held] = Field(default_factory=dict)


def kind(n_queries: int) -> Literal["alone", "several"]:
    """Which of the two models speaks of so many queries."""
    return "alone" if n_queries == 1 else "several"


_ALIKE = 2  # column of `design`
# Where the share of actives may begin to rise faster with likeness, and a scale for that.
_KNOTS, _STEEPER = (0.2, 0.25, 0.3, 0.35), 10.0


def design(cosine: Floats, alike: Floats, n_queries: int, most: int) -> NDArray[np.float64]:
    """Columns from which a probability is told: fused cosine, and ECFP4 similarity piecewise.

    Parameters
    ----------
    cosine, alike
        As they enter the score, ``[n]``.
    most
        Number of queries from which on they count as so many.
    """
    cosine, alike = np.minimum(cosine, 1.0), np.minimum(alike, 1.0)
    columns = [np.ones(len(cosine)), cosine, alike, cosine**2, cosine * alike]
    columns += [_STEEPER * np.maximum(alike - knot, 0.0) for knot in _KNOTS]
    if n_queries > 1:
        log_n = float(np.log(min(n_queries, most)))
        columns += [np.full(len(cosine), log_n), log_n * cosine, log_n * alike]
    return np.column_stack(columns)


@cache
def read(place: Path | None = None) -> Fitted | None:
    """Read the committed file, or another; None where there is none.

    Raises
    ------
    InputError
        The file is damaged.
    """
    path = place or bundled_path("results", "trust.json")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Fitted.model_validate({**content["fitted"], "held": _held(content)})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise InputError(f"{path}: no fitted trust; restore it, or remove it") from error


def _held(content: Mapping[str, Any]) -> dict[str, Any]:
    """Take from the file what came of trying the fits on held-out targets."""
    return {
        name: {
            "coverage": tried["coverage_by_queries"],
            "tiers": [
                {key: tier[key] for key in ("ecfp4", "n_actives", "error", "curve")}
                for tier in content["calibration"][name]["tiers"]
            ],
        }
        for name, tried in content["estimate"].items()
    }
