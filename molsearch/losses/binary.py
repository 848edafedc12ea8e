"""Actives and measured inactives of a target, told apart by its vector and a threshold."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molsearch.errors import UsageError
from molsearch.losses.reduction import weighted_mean
from molsearch.losses.similarity import scaled_cosines


def binary_loss(
    embeddings: Tensor,
    vectors: Tensor,
    bias: Tensor,
    targets: Tensor,
    is_active: Tensor,
    *,
    temperature: float | Tensor = 0.07,
    margins: Tensor | None = None,
    n_processes: int = 1,
) -> Tensor:
    r"""Class-balanced binary cross-entropy of molecules against the target they were tested on.

    With actives :math:`A_t` and inactives :math:`I_t` of target t in the batch, margins
    :math:`m^A_t, m^I_t` and :math:`\sigma_+(x) = \log(1 + e^x)`,

    .. math:: \ell_t = \frac{1}{2|A_t|} \sum_{i \in A_t} \sigma_+(-x^A_i)
              + \frac{1}{2|I_t|} \sum_{i \in I_t} \sigma_+(x^I_i), \quad
              x^{A, I}_i = (z_i \cdot p_t \mp m^{A, I}_t) / \tau + b_t

    and the loss is the mean over targets of which there are both. A molecule is held against no
    target but the one it was measured on: nothing is said of what nobody measured. Half of a
    target's loss is that of its actives however many inactives a screen has found.

    Parameters
    ----------
    embeddings
        ``[N, d]``, unit length.
    vectors, bias
        ``[T, d]`` of unit length and ``[T]``: one a target.
    targets
        int64 ``[N]``: on which each molecule was measured.
    is_active
        Bool ``[N]``.
    margins
        ``[2, T]``, non-negative cosines: of inactives, then of actives. None: no margin.
    n_processes
        Processes that share the targets, none of which is on two of them.

    Returns
    -------
    Tensor
        Scalar; the mean over processes is the loss of the whole batch. Zero where no target has
        both classes.

    Raises
    ------
    UsageError
        On shapes that do not fit or a temperature that is not positive.

    Examples
    --------
    >>> z, target = torch.eye(2), torch.zeros(2, dtype=torch.int64)
    >>> loss = binary_loss(
    ...     z, z[:1], torch.zeros(1), target, torch.tensor([True, False]), temperature=1.0
    ... )
    >>> round(loss.item(), 4)  # (log(1 + 1 / e) + log 2) / 2
    0.5032
    """
    _check(embeddings, vectors, bias, targets, is_active, margins)
    label = is_active.to(torch.int64)
    own, place = torch.unique(targets, return_inverse=True)  # the step's targets, [t]
    cosines = scaled_cosines(embeddings, vectors[own], 1.0).gather(1, place[:, None])[:, 0]
    if margins is not None:
        cosines = cosines + (1 - 2 * label) * margins[label, targets].to(cosines.dtype)
    logits = cosines / temperature + bias[targets].to(cosines.dtype)
    losses = nn.functional.softplus(torch.where(is_active, -logits, logits), threshold=40)
    cell = label * len(own) + place
    count = torch.bincount(cell, minlength=2 * len(own)).to(losses.dtype)
    total = losses.new_zeros(2 * len(own)).index_add(0, cell, losses)
    mean = (total / count.clamp_min(1)).view(2, -1)
    both = (count.view(2, -1) > 0).all(0).to(losses.dtype)
    return weighted_mean(0.5 * mean.sum(0), both, n_processes)


def class_margins(n_inactives: Tensor, n_actives: Tensor, margin: float) -> Tensor:
    r"""Margins ``[2, T]`` of each target's classes, :math:`m\,n^{-1/4}`: the fewer the wider.

    A rare class is the easier to overrun [1]_; screens hold thousands of inactives of a target
    with ten known actives. An empty class has the margin of one.

    References
    ----------
    .. [1] Cao et al. 2019, label-distribution-aware margins, https://arxiv.org/abs/1906.07413

    Examples
    --------
    >>> class_margins(torch.tensor([10_000]), torch.tensor([16]), 0.4)
    tensor([[0.0400],
            [0.2000]])
    """
    return margin * torch.stack([n_inactives, n_actives]).clamp_min(1).float() ** -0.25


def partly_detached(tensor: Tensor, share: float) -> Tensor:
    """Return the tensor as it is, through which `share` of its gradient passes.

    Examples
    --------
    >>> x = torch.ones(1, requires_grad=True)
    >>> partly_detached(x, 0.25).backward()
    >>> x.grad
    tensor([0.2500])
    """
    still = tensor.detach()
    return tensor if share == 1 else still + share * (tensor - still)


def _check(
    embeddings: Tensor,
    vectors: Tensor,
    bias: Tensor,
    targets: Tensor,
    is_active: Tensor,
    margins: Tensor | None,
) -> None:
    n, t = len(embeddings), len(vectors)
    if embeddings.ndim != 2 or vectors.ndim != 2 or bias.shape != (t,):
        raise UsageError(
            "binary_loss needs [N, d] embeddings, [T, d] vectors and [T] bias, got "
            f"{tuple(embeddings.shape)}, {tuple(vectors.shape)} and {tuple(bias.shape)}"
        )
    if targets.shape != (n,) or targets.dtype != torch.int64:
        raise UsageError(f"targets must be int64 [{n}], got {targets.dtype} {tuple(targets.shape)}")
    if is_active.shape != (n,) or is_active.dtype != torch.bool:
        raise UsageError(
            f"is_active must be bool [{n}], got {is_active.dtype} {tuple(is_active.shape)}"
        )
    if margins is not None and margins.shape != (2, t):
        raise UsageError(f"margins must be [2, {t}], got {tuple(margins.shape)}")
