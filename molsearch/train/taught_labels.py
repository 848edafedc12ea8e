"""Labels that frozen teachers give a step's molecules: plans among the step, or a memory too."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molsearch.config import SoftConfig
from molsearch.losses.neighbour_plan import neighbour_plan
from molsearch.losses.partial_plan import nearest_plan
from molsearch.losses.plan_stats import mean_entropy
from molsearch.losses.products import times_transposed

EPSILON = 0.05  # of the entropy, in cosines, unless soft.regularisation says otherwise


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
    views: Tensor,
    rows: NDArray[np.int64],
    memory: NDArray[np.int64],
    soft: SoftConfig,
    device: torch.device,
) -> TaughtLabels:
    """Transport a step's molecules by the teachers' mean similarity.

    Parameters
    ----------
    views
        float32 ``[N, d]``: what the teachers see of the pool.
    rows, memory
        Molecules of the step ``[n]``, and those remembered ``[m]``.
    """
    epsilon = soft.regularisation or EPSILON
    seen = views[torch.from_numpy(rows)].to(device)
    similarity = times_transposed(seen, seen)
    excluded = None
    if len(memory):
        older = views[torch.from_numpy(memory)].to(device)
        same = torch.from_numpy(rows[:, None] == memory[None]).to(device)
        own = torch.eye(len(rows), dtype=torch.bool, device=device)
        excluded = torch.cat([own, same], 1)
        further = times_transposed(seen, older)
        similarity = torch.cat([similarity, further], 1).masked_fill(excluded, -torch.inf)
        # One column may be a molecule's own, in the step and once in the memory.
        k = min(soft.memory_nearest, similarity.shape[1] - 2)
        found = nearest_plan(similarity, epsilon, k)
    else:
        found = neighbour_plan(similarity, epsilon)
        similarity = similarity.fill_diagonal_(-torch.inf)
    weights = (similarity.amax(1) >= soft.confidence).to(found.plan.dtype)
    entropy = float(mean_entropy(found.plan))
    report = {
        "entropy": entropy,
        "neighbours": math.exp(entropy),
        "unconverged": float(not bool(found.converged)),
    }
    if soft.confidence > 0:
        report["confident"] = float(weights.mean())
    return TaughtLabels(found.plan, weights, excluded, report)
