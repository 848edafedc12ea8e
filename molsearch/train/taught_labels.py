"""Labels that frozen teachers give a step's molecules: plans among the step, or a memory too."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molsearch.config import SoftConfig
from molsearch.data.neighbourhoods import sketched
from molsearch.losses.neighbour_plan import neighbour_plan
from molsearch.losses.partial_plan import nearest_plan
from molsearch.losses.plan_stats import mean_entropy
from molsearch.losses.products import times_transposed
from molsearch.train.likeness import weighed_likeness

EPSILON = 0.05  # of the entropy, in cosines, unless soft.regularisation says otherwise


def epsilon_of(soft: SoftConfig) -> float:
    """Return the strength of the entropy: as set, or in proportion to what similarities span."""
    return soft.regularisation or EPSILON * (1 + soft.likeness)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the labels of a pool of N molecules are made of.

    Attributes
    ----------
    views
        float32 ``[N, d]``: what the teachers see, so that inner products are mean cosines.
    prints
        ECFP4, packed uint8 ``[N, bytes]``; None where it does not count.
    """

    views: Tensor
    prints: NDArray[np.uint8] | None = None

    def cosines(
        self, rows: NDArray[np.int64], others: NDArray[np.int64], device: torch.device
    ) -> Tensor:
        """Mean cosines of the teachers, float32 ``[n, m]``."""
        first, second = (self.views[torch.from_numpy(one)].to(device) for one in (rows, others))
        return times_transposed(first, second)

    def wide(self, weight: float) -> NDArray[np.float32]:
        """Vectors whose inner products are about mean cosine and weighed likeness together."""
        views: NDArray[np.float32] = self.views.numpy()
        if self.prints is None:
            return views
        return np.hstack([views, np.float32(weight**0.5) * sketched(self.prints)])


@dataclass(frozen=True, slots=True)
class TaughtLabels:
    """Labels of a step's n molecules.

    Attributes
    ----------
    plan
        float32 ``[n, n + m]``: to the step's molecules, then to those of the memory.
    weights
        float32 ``[n]``: zero where the teachers know nothing like the molecule.
    excluded
        Bool like `plan`: a molecule's own earlier embedding; None without a memory.
    report
        Figures to log.
    """

    plan: Tensor
    weights: Tensor
    excluded: Tensor | None
    report: dict[str, float]


def labels_among(
    seen: Seen,
    rows: NDArray[np.int64],
    memory: NDArray[np.int64],
    soft: SoftConfig,
    device: torch.device,
) -> TaughtLabels:
    """Transport a step's molecules by the teachers' mean cosine, and ECFP4 where it counts.

    Parameters
    ----------
    rows, memory
        Molecules of the step ``[n]``, and those remembered ``[m]``.
    """
    epsilon = epsilon_of(soft)
    others = np.concatenate([rows, memory])
    cosines = seen.cosines(rows, others, device)
    own = torch.from_numpy(rows[:, None] == others[None]).to(device)
    known = cosines.masked_fill(own, -torch.inf).amax(1)
    similarity = cosines
    if (prints := seen.prints) is not None:
        similarity = cosines + weighed_likeness(prints[rows], prints[others], soft.likeness, device)
    if len(memory):
        # One column may be a molecule's own, in the step and once in the memory.
        k = min(soft.memory_nearest, similarity.shape[1] - 2)
        found = nearest_plan(similarity.masked_fill(own, -torch.inf), epsilon, k)
    else:
        found = neighbour_plan(similarity, epsilon)
    weights = (known >= soft.confidence).to(found.plan.dtype)
    entropy = float(mean_entropy(found.plan))
    report = {
        "entropy": entropy,
        "neighbours": math.exp(entropy),
        "unconverged": float(not bool(found.converged)),
    }
    if soft.confidence > 0:
        report["confident"] = float(weights.mean())
    return TaughtLabels(found.plan, weights, own if len(memory) else None, report)
