"""Fits what is said of a screen's trust, and tries it on targets that are held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch.metrics.regression import logistic, logit, quantile_of_targets, ridge, sigmoid
from molsearch.scoring.added import added, fused_of
from molsearch.scoring.default import RARITY, balanced
from molsearch.scoring.protocols import Scores
from molsearch.scoring.ranking import MOLSEARCH, STORED
from molsearch.trust import fitted as file
from molsearch.trust.features import ALONE, MOST, SEVERAL

Floats = npt.NDArray[np.float64]
PENALTY = 8.0  # rows
LOGISTIC_PENALTY = 0.3
TIERS = ((0.0, 0.2), (0.2, 0.3), (0.3, file.MOST_ALIKE + 1e-9))
LEAST_ACTIVES = 200
_BINS = 10
_WORTH = 0.95  # of the variance of held-out targets: more than chance gains


@dataclass(frozen=True)
class Draw:
    """One screen of a development target.

    Attributes
    ----------
    features
        Of its queries.
    cosine, alike, rarity
        Components of the scores of the pool, without the queries: cosines to the queries as their
        first hits have widened them; rarity is nowhere where the encoder cannot tell it.
    """

    target: str
    n_queries: int
    features: Mapping[str, float]
    cosine: Floats
    alike: Floats
    rarity: Floats
    is_active: npt.NDArray[np.bool_]

    @property
    def found(self) -> float:
        """Share of actives above all but 1 % of the inactives, away from 0 and 1; ties halve."""
        scores = summed(self.n_queries, self.cosine, self.alike, self.rarity)
        bad = np.sort(scores[~self.is_active])[::-1]
        least = bad[max(1, round(file.FIRST * len(bad))) - 1]
        good = scores[self.is_active]
        n = (good > least).sum() + 0.5 * (good == least).sum()
        return float((n + 0.5) / (len(good) + 1))


def summed(n_queries: int, cosine: Floats, alike: Floats, rarity: Floats) -> Scores:
    """Add what `components` gives, and rarity where there is some, as `balanced` does."""
    fused = {MOLSEARCH: cosine, STORED: alike, RARITY: rarity}
    terms = balanced(n_queries, rarity=bool(len(rarity))).terms
    return added(terms, lambda name, _: fused[name])


def components(
    scores: Mapping[str, npt.NDArray[Any]], queries: npt.NDArray[np.int64], encoder: str
) -> tuple[Floats, Floats]:
    """Fuse cosines and similarities ``[q, n]`` of some queries as `balanced` does."""
    fused = fused_of(scores, queries)
    ways = {term.name: term.fusion or "max" for term in balanced(len(queries)).terms}
    return fused(encoder, ways[MOLSEARCH]), fused(STORED, ways[STORED])


def fitted_estimate(draws: Sequence[Draw]) -> tuple[file.Estimate, dict[str, Any]]:
    """Fit the enrichment on all targets; try its interval on each when it is held out."""
    names = ALONE if draws[0].n_queries == 1 else SEVERAL
    raw = np.array([[draw.features[name] for name in names] for draw in draws])
    values = logit(np.array([draw.found for draw in draws]))
    targets = np.unique([draw.target for draw in draws], return_inverse=True)[1]
    seen = raw
    residuals, plain = (_held_out(some, values, targets) for some in (raw, 0 * raw))
    helps = bool((residuals**2).mean() < _WORTH * (plain**2).mean())
    if not helps:
        # What says nothing of targets that are held out would only feign knowledge.
        raw, residuals = 0 * raw, plain
    low, high = _ends(residuals, targets)
    inside = _inside(raw, values, targets, residuals)
    mean, scale, coefficients = _fit(raw, values)
    estimate = file.Estimate(
        names=names,
        mean=_rounded(mean),
        scale=_rounded(scale),
        coefficients=_rounded(coefficients),
        low=round(low, 5),
        high=round(high, 5),
        least=_rounded(seen.min(axis=0)),
        most=_rounded(seen.max(axis=0)),
    )
    return estimate, {
        "n_targets": len(np.unique(targets)),
        "n_draws": len(draws),
        "level": file.LEVEL,
        "features_help": helps,
        "coverage": _of_targets(inside, targets),
        "coverage_by_queries": {
            str(n): _of_targets(inside[chosen], targets[chosen])
            for n in sorted({draw.n_queries for draw in draws})
            if (chosen := np.array([draw.n_queries == n for draw in draws])).any()
        },
        "r2_held_out": round(1 - float((residuals**2).mean() / values.var()), 4),
        "width_of_log_odds": round(high - low, 4),
        "width_without_features": round(
            float(np.subtract(*np.quantile(values - values.mean(), [0.9, 0.1]))), 4
        ),
    }


def tried_features(raw: Floats, found: Floats, targets: Sequence[str]) -> dict[str, Any]:
    """Try what some features foretell on targets that are held out.

    Parameters
    ----------
    raw
        Features of each draw, ``[n, f]``.
    found
        Share of actives found by each, `Draw.found`.
    targets
        Target of each.

    Returns
    -------
    dict
        ``coverage`` of the 80 % interval on held-out targets, its ``width_of_log_odds``, and
        ``r2_held_out``, the share of the variance that is explained.
    """
    values, numbers = logit(found), np.unique(targets, return_inverse=True)[1]
    residuals = _held_out(raw, values, numbers)
    low, high = _ends(residuals, numbers)
    return {
        "coverage": _of_targets(_inside(raw, values, numbers, residuals), numbers),
        "width_of_log_odds": round(high - low, 4),
        "r2_held_out": round(1 - float((residuals**2).mean() / values.var()), 4),
    }


def fitted_calibration(draws: Sequence[Draw]) -> tuple[file.Calibration, dict[str, Any]]:
    """Fit probabilities on all targets; compare those of held-out targets with what is active."""
    rows = [file.design(d.cosine, d.alike, d.n_queries, MOST) for d in draws]
    design = np.concatenate(rows)
    labels = np.concatenate([draw.is_active for draw in draws])
    sizes = [len(draw.is_active) for draw in draws]
    names = np.repeat(np.array([draw.target for draw in draws]), sizes)
    every = np.concatenate([draw.alike for draw in draws])
    known = np.isfinite(design).all(axis=1) & (every <= file.MOST_ALIKE)
    design, labels, names = design[known], labels[known], names[known]
    # Actives of several draws are the same molecules.
    alike = every[known]
    molecule = np.concatenate([np.arange(size) for size in sizes])[known]
    coefficients = logistic(design, labels, LOGISTIC_PENALTY)
    told = np.empty(len(labels))
    for target in np.unique(names):
        mine = names == target
        others = logistic(design[~mine], labels[~mine], LOGISTIC_PENALTY, coefficients)
        told[mine] = sigmoid(design[mine] @ others)
    calibration = file.Calibration(
        coefficients=_rounded(coefficients), prior=round(float(labels.mean()), 6)
    )
    tiers = []
    for low, high in TIERS:
        mine = (alike >= low) & (alike < high)
        active = mine & labels
        n_actives = len(set(zip(names[active].tolist(), molecule[active].tolist(), strict=True)))
        tiers.append(
            {"ecfp4": [low, round(high, 3)], "n": int(mine.sum()), "n_actives": n_actives,
             **reliability(told[mine], labels[mine])}
        )  # fmt: skip
    return calibration, {
        "prior": calibration.prior,
        "n": len(labels),
        "most_alike": file.MOST_ALIKE,
        "all": reliability(told, labels),
        "tiers": tiers,
    }


def verified(known: file.Fitted, draws: Sequence[Draw]) -> dict[str, Any]:
    """Compare what was fitted elsewhere with screens that it has not seen.

    The base rate that probabilities are told for is the share of actives in these screens.
    """
    estimate = known.estimates[file.kind(draws[0].n_queries)]
    model = known.calibrations[file.kind(draws[0].n_queries)]
    said = [draw for draw in draws if not estimate.beyond(draw.features)]
    targets = np.array([draw.target for draw in said])
    ends = np.array([estimate.enrichment(draw.features) for draw in said]).reshape(-1, 3)
    found = np.array([draw.found for draw in said]) / file.FIRST
    below, above = found < ends[:, 1], found > ends[:, 2]
    labels = np.concatenate([draw.is_active for draw in draws])
    design = [file.design(draw.cosine, draw.alike, draw.n_queries, MOST) for draw in draws]
    told = model.probability(np.concatenate(design), float(labels.mean()))
    alike = np.concatenate([draw.alike for draw in draws])
    known_of = np.isfinite(told)
    tiers = []
    for low, high in TIERS:
        mine = known_of & (alike >= low) & (alike < high)
        tiers.append(
            {"ecfp4": [low, round(high, 3)], "n": int(mine.sum()),
             "n_actives": int((mine & labels).sum()), **reliability(told[mine], labels[mine])}
        )  # fmt: skip
    return {
        "n_targets": len({draw.target for draw in draws}),
        "n_draws": len(draws),
        "nothing_said": len(draws) - len(said),
        "coverage": _of_targets(~(below | above), targets),
        "below": _of_targets(below, targets),
        "above": _of_targets(above, targets),
        "enrichment": round(float(found.mean()), 2),
        "expected": round(float(ends[:, 0].mean()), 2),
        "base_rate": round(float(labels.mean()), 5),
        "tiers": tiers,
    }


def reliability(told: Floats, labels: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Give the expected calibration error over bins of equal numbers, and the curve."""
    if not len(told):
        return {"error": None, "curve": []}
    order = np.argsort(told, kind="stable")
    curve = []
    error = 0.0
    for part in np.array_split(order, min(_BINS, len(order))):
        mean, seen = float(told[part].mean()), float(labels[part].mean())
        error += abs(mean - seen) * len(part) / len(order)
        curve.append([round(mean, 5), round(seen, 5), len(part)])
    return {"error": round(error, 5), "curve": curve}


def _fit(raw: Floats, values: Floats) -> tuple[Floats, Floats, Floats]:
    mean, scale = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-6)
    return mean, scale, ridge((raw - mean) / scale, values, PENALTY)


def _held_out(raw: Floats, values: Floats, targets: npt.NDArray[np.int64]) -> Floats:
    """Residuals of each target by a fit on the others."""
    residuals = np.empty(len(values))
    for target in np.unique(targets):
        mine = targets == target
        mean, scale, coefficients = _fit(raw[~mine], values[~mine])
        told = coefficients[0] + (raw[mine] - mean) / scale @ coefficients[1:]
        residuals[mine] = values[mine] - told
    return residuals


def _inside(
    raw: Floats, values: Floats, targets: npt.NDArray[np.int64], residuals: Floats
) -> npt.NDArray[np.bool_]:
    """Whether each draw lies within an interval that knows nothing of its target."""
    inside = np.zeros(len(values), dtype=bool)
    for target in np.unique(targets):
        mine = targets == target
        inner = _held_out(raw[~mine], values[~mine], targets[~mine])
        below, above = _ends(inner, targets[~mine])
        inside[mine] = (residuals[mine] >= below) & (residuals[mine] <= above)
    return inside


def _ends(residuals: Floats, targets: npt.NDArray[np.int64]) -> tuple[float, float]:
    tail = (1 - file.LEVEL) / 2
    return (
        quantile_of_targets(residuals, targets, tail),
        quantile_of_targets(residuals, targets, 1 - tail),
    )


def _of_targets(inside: npt.NDArray[np.bool_], targets: npt.NDArray[np.int64]) -> float:
    """Share inside, each target weighing the same."""
    means = [inside[targets == target].mean() for target in np.unique(targets)]
    return round(float(np.mean(means)), 4)


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
