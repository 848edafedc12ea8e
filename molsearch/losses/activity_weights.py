"""Weights of labelled pairs by how strongly their ligands act."""

from __future__ import annotations

import torch
from torch import Tensor

ORDINARY = 6.0  # the least -log10 molar value of an active
_HIGHEST = 10.0  # stronger ones are few and often mistakes of a unit


def activity_weights(pchembl: Tensor, slope: float) -> Tensor:
    r"""Weight pairs by :math:`e^{a (\bar p - 6)}`, the mean running over the ligands of a pair.

    The mean of logarithms is that of the geometric mean of the ligands' affinities. Values
    above 10 count as 10, unknown ones (0) as 6.

    Parameters
    ----------
    pchembl
        float ``[k, B]``: -log10 molar activities of the k ligands of each pair.
    slope
        Gain of the weight's logarithm a unit of activity; 0 makes all weights one.

    Returns
    -------
    Tensor
        ``[B]``, positive; a loss divides by their sum.

    Examples
    --------
    >>> activity_weights(torch.tensor([[6.0, 8.0], [6.0, 6.0]]), 1.0)
    tensor([1.0000, 2.7183])
    """
    known = torch.where(pchembl > 0, pchembl, ORDINARY).clamp(max=_HIGHEST)
    return torch.exp(slope * (known.mean(0) - ORDINARY))


def promiscuity_weights(n_targets: Tensor, exponent: float) -> Tensor:
    """Weight ligands by ``n ** -exponent`` in the number of targets they act on.

    What acts on fifty kinases says little of each of them.

    Examples
    --------
    >>> promiscuity_weights(torch.tensor([1, 4]), 0.5)
    tensor([1.0000, 0.5000])
    """
    return n_targets.clamp_min(1).float() ** -exponent
