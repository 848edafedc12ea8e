"""How much of a benchmark can be won without knowing anything about binding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from molsearch.metrics.enrichment import auroc
from molsearch.metrics.ranking import products, rank

Floats = npt.NDArray[np.float64]
THRESHOLDS = np.linspace(0.0, 1.0, 101)
N_FOLDS = 5
RIDGE = 1e-2


def nearness(nearest: npt.ArrayLike) -> float:
    """Wallach and Heifets' H: mean over distances d of the share with a neighbour within d.

    Parameters
    ----------
    nearest
        Similarity (0 to 1) of each molecule to its nearest neighbour in the other set.
    """
    distances = np.sort(1.0 - np.asarray(nearest, dtype=np.float64))
    # The tolerance keeps a distance of exactly one threshold on the near side of it.
    within = np.searchsorted(distances, THRESHOLDS + 1e-9, side="right")
    return float(within.mean()) / distances.size if distances.size else float("nan")


def ave_bias(
    active_to_active: npt.ArrayLike,
    active_to_inactive: npt.ArrayLike,
    inactive_to_inactive: npt.ArrayLike,
    inactive_to_active: npt.ArrayLike,
) -> float:
    """Asymmetric validation embedding bias of a training/validation split.

    ``(H(AA) − H(AI)) + (H(II) − H(IA))`` (Wallach and Heifets, J. Chem. Inf. Model. 2018, 58,
    916): 0 where validation molecules lie as near to training molecules of the other class as
    to their own, up to 2 where a nearest neighbour tells the class.

    Parameters
    ----------
    active_to_active
        Similarity of each validation active to the nearest training active; the other three
        likewise (validation set first).
    """
    actives = nearness(active_to_active) - nearness(active_to_inactive)
    return actives + nearness(inactive_to_inactive) - nearness(inactive_to_active)


def property_auroc(
    properties: npt.ArrayLike, is_active: npt.ArrayLike, *, n_folds: int = N_FOLDS, seed: int = 0
) -> float:
    """AUROC of telling actives from decoys by simple properties, cross-validated.

    A ridge discriminant on the standardised properties and their squares: 0.5 where the decoys
    match the actives, 1 where the properties give the class away.

    Parameters
    ----------
    properties
        Shape ``[n, n_properties]``; rows with NaN take the column's median.
    is_active
        Shape ``[n]``.

    Returns
    -------
    float
        NaN with fewer than `n_folds` molecules of either class.
    """
    labels = np.asarray(is_active).astype(bool)
    if min(labels.sum(), (~labels).sum()) < n_folds:
        return float("nan")
    features = _expand(np.asarray(properties, dtype=np.float64))
    fold = _folds(labels, n_folds, np.random.default_rng(seed))
    values = []
    for held_out in range(n_folds):
        test = fold == held_out
        weights = _discriminant(features[~test], labels[~test])
        values.append(auroc(rank(products(features[test], weights), labels[test])))
    return float(np.mean(values))


def _expand(properties: Floats) -> Floats:
    filled = np.where(np.isnan(properties), np.nanmedian(properties, axis=0), properties)
    scale = filled.std(axis=0)
    standard = (filled - filled.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    return np.hstack([standard, standard**2])


def _folds(
    labels: npt.NDArray[np.bool_], n_folds: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Give each molecule a fold, each class spread evenly."""
    fold = np.empty(labels.size, dtype=np.int64)
    for value in (True, False):
        rows = np.flatnonzero(labels == value)
        fold[generator.permutation(rows)] = np.arange(rows.size) % n_folds
    return fold


def _discriminant(features: Floats, labels: npt.NDArray[np.bool_]) -> Floats:
    """Direction of Fisher's discriminant, both classes weighted alike."""
    shift = features[labels].mean(axis=0) - features[~labels].mean(axis=0)
    spread = np.cov(features[labels], rowvar=False) + np.cov(features[~labels], rowvar=False)
    ridge = RIDGE * max(float(np.trace(spread)) / spread.shape[0], 1e-12)
    return np.asarray(np.linalg.solve(spread + ridge * np.eye(spread.shape[0]), shift))
