"""How strongly ligands act: each against those of its target that are clearly weaker."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molsearch.errors import UsageError
from molsearch.losses.reduction import weighted_mean

_ROUNDING = 1e-5  # of an activity in single precision


def listwise_loss(
    logits: Tensor,
    activities: Tensor,
    there: Tensor,
    *,
    gap: float = 0.5,
    n_processes: int = 1,
) -> Tensor:
    r"""Mean over lists of each ligand's cross-entropy against those at least `gap` weaker.

    In a list of ligands of one target, :math:`s_k` the logit of ligand k, :math:`a_k` its
    activity, :math:`W_k = \{j : a_j \le a_k - gap\}` and :math:`r_k` the number of stronger ones,

    .. math:: \ell = \Big(\sum_{k: W_k \ne \emptyset} \frac{1}{\log_2(r_k + 2)}\Big)^{-1}
              \sum_{k: W_k \ne \emptyset} \frac{1}{\log_2(r_k + 2)} \log\Big(1 +
              \sum_{j \in W_k} e^{s_j - s_k}\Big)

    Two ligands within `gap` are told apart by nothing but the noise of assays, and are never
    held against each other. The weights are those of discounted cumulative gain: the strongest
    matter most [1]_.

    References
    ----------
    .. [1] LigUnity, ranking within an assay: https://github.com/IDEA-XL/LigUnity

    Parameters
    ----------
    logits
        ``[G, L]``: similarity to the target over temperature.
    activities
        ``[G, L]``, -log10 molar.
    there
        Bool ``[G, L]``: false where a list is shorter.
    gap
        Log units, positive.
    n_processes
        Processes that share the lists.

    Returns
    -------
    Tensor
        Scalar; lists in which nothing is clearly weaker count for nothing.

    Raises
    ------
    UsageError
        On shapes that do not fit or a gap that is not positive.

    Examples
    --------
    >>> activities = torch.tensor([[8.0, 6.0]])
    >>> there = torch.ones(1, 2, dtype=torch.bool)
    >>> round(listwise_loss(torch.zeros(1, 2), activities, there).item(), 4)  # log 2
    0.6931
    """
    if logits.ndim != 2 or activities.shape != logits.shape or there.shape != logits.shape:
        raise UsageError(
            f"listwise_loss needs three [G, L] tensors, got {tuple(logits.shape)}, "
            f"{tuple(activities.shape)} and {tuple(there.shape)}"
        )
    if there.dtype != torch.bool or not gap > 0:
        raise UsageError(f"there must be bool and gap positive, got {there.dtype} and {gap}")
    both = there[:, :, None] & there[:, None, :]  # [G, k, j]
    step = activities[:, :, None] - activities[:, None, :]
    weaker = both & (step >= gap - _ROUNDING)
    # A large finite fill, not -inf: without a weaker ligand the gradient is zero, not NaN.
    fill = torch.finfo(logits.dtype).min / 2
    others = logits[:, None, :].expand_as(step).masked_fill(~weaker, fill).logsumexp(2)
    losses = nn.functional.softplus(others - logits, threshold=40)
    rank = (both & (step < 0)).sum(2)
    weights = weaker.any(2) / torch.log2(rank.to(logits.dtype) + 2)
    total = weights.sum(1)
    lists = (weights * losses).sum(1) / total.clamp_min(torch.finfo(logits.dtype).tiny)
    return weighted_mean(lists, (total > 0).to(logits.dtype), n_processes)
