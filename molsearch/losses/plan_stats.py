"""What a plan says: how many neighbours, how much of a row stays with itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

# Entropic plans have no exact zeros; an entry below this is none for the count.
_NON_ZERO = 1e-6


@dataclass(frozen=True, slots=True)
class PlanStatistics:
    """Means over the rows of one or more plans.

    Attributes
    ----------
    entropy
        Shannon entropy of a row in nats: 0 for the identity, log n for the uniform plan.
    neighbours
        ``exp(entropy)``, the effective number of molecules a row points at, itself included.
    diagonal_mass
        Share of a row that stays with the molecule itself.
    non_zeros
        Entries of a row above 1e-6.
    """

    entropy: float
    neighbours: float
    diagonal_mass: float
    non_zeros: float


def plan_statistics(plan: Tensor) -> PlanStatistics:
    """Statistics of one or several plans.

    Parameters
    ----------
    plan
        ``[..., n, n]`` with rows that sum to one; logged beside the losses, since a plan that
        collapses to the identity teaches instance discrimination and nothing else.

    Examples
    --------
    >>> plan_statistics(torch.full((4, 4), 0.25)).neighbours
    4.0
    """
    plan = plan.detach()
    entropy = mean_entropy(plan)
    values = torch.stack(
        [
            entropy.mean(),
            plan.diagonal(dim1=-2, dim2=-1).mean().to(entropy.dtype),
            (plan > _NON_ZERO).sum(-1).to(entropy.dtype).mean(),
        ]
    ).tolist()
    return PlanStatistics(values[0], math.exp(values[0]), values[1], values[2])


def mean_entropy(plan: Tensor) -> Tensor:
    """Mean row entropy of each plan, ``[..., n, n]`` to ``[...]`` float64, in nats."""
    precise = plan if plan.device.type == "mps" else plan.to(torch.float64)
    return torch.special.entr(precise.clamp_min(0)).sum(-1).mean(-1)
