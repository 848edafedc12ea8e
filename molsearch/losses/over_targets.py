"""Cross-entropy of molecules' similarities to target vectors against transported labels."""

from __future__ import annotations

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.reduction import weighted_mean
from molsearch.losses.similarity import scaled_cosines


def label_loss(
    embeddings: Tensor,
    vectors: Tensor,
    labels: Tensor,
    *,
    temperature: float | Tensor = 0.07,
    n_processes: int = 1,
) -> Tensor:
    r"""Mean cross-entropy over targets, a molecule counting by how much of it was moved.

    .. math:: L = -\frac{\sum_{it} Q_{it} \log \mathrm{softmax}_t(z_i \cdot p_t / \tau)}
              {\sum_{it} Q_{it}}

    What goes nowhere says nothing of a molecule: neither that it is like a target nor unlike.

    Parameters
    ----------
    embeddings, vectors
        ``[n, d]`` and ``[T, d]``, unit length.
    labels
        ``[n, T]``, non-negative; no gradient flows into them. All zero gives a loss of zero.
    temperature
        Positive number or learned scalar.
    n_processes
        Processes that share the batch.

    Raises
    ------
    UsageError
        On shapes that do not fit or a temperature that is not positive.

    Examples
    --------
    >>> round(label_loss(torch.eye(2), torch.eye(2), torch.eye(2), temperature=1.0).item(), 4)
    0.3133
    """
    if labels.shape != (len(embeddings), len(vectors)):
        raise UsageError(
            f"labels must be [{len(embeddings)}, {len(vectors)}], got {tuple(labels.shape)}"
        )
    logits = scaled_cosines(embeddings, vectors, temperature)
    labels = labels.detach().to(logits.dtype)
    mass = labels.sum(1)
    each = labels / mass.clamp_min(torch.finfo(logits.dtype).tiny)[:, None]
    return weighted_mean(-(each * logits.log_softmax(1)).sum(1), mass, n_processes)


def sharpened(plan: Tensor, power: float) -> Tensor:
    r"""Sharpen rows and keep their sums: :math:`P_{it}^{1/s}`, scaled back.

    Parameters
    ----------
    plan
        ``[n, T]``.
    power
        s in (0, 1]; 1 leaves the plan as it is. PAWS [1]_ takes 0.25.

    References
    ----------
    .. [1] Assran et al. 2021, https://arxiv.org/abs/2104.13963

    Examples
    --------
    >>> sharpened(torch.tensor([[0.2, 0.1]]), 0.5)
    tensor([[0.2400, 0.0600]])
    """
    if not 0 < power <= 1:
        raise UsageError(f"power must lie in (0, 1], got {power}")
    if power == 1:
        return plan
    mass = plan.sum(1, keepdim=True)
    # Relative to the largest entry: a power of a small number would vanish.
    sharp = (plan / plan.amax(1, keepdim=True).clamp_min(1e-30)) ** (1 / power)
    return mass * sharp / sharp.sum(1, keepdim=True).clamp_min(1e-30)
