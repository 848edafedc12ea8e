"""Cross-entropy of rows among many columns, with its gradients in one pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from molsearch.losses.products import times_transposed


def entropy_sum(
    rows: Tensor,
    columns: Tensor,
    own: Tensor,
    left_out: Tensor,
    weights: Tensor,
    temperature: float,
) -> Tensor:
    r"""Sum over rows of :math:`w_i (\log \sum_t e^{s_{it}} - s_{iy_i})`.

    :math:`s_{it} = z_i \cdot p_t / \tau`, over the columns that are not left out of a row. With
    thousands of columns most of the time goes into writing arrays ``[n, m]`` and reading them
    again. Here there is one, in which logits become shares and these the gradient; it is used for
    the gradients of `rows` and `columns` at once, and forgotten. As the sum is a scalar, the
    backward pass has but to multiply these two.

    Parameters
    ----------
    rows, columns
        float32 or float64 ``[n, d]`` and ``[m, d]``.
    own
        int64 ``[n]``: column :math:`y_i`, which counts whatever `left_out` says.
    left_out
        Bool ``[n, m]``.
    weights
        ``[n]``, constants.
    temperature
        Positive.

    Returns
    -------
    Tensor
        Scalar.
    """
    found: Tensor = _EntropySum.apply(  # type: ignore[no-untyped-call]
        rows, columns, own, left_out, weights, temperature
    )
    return found


def soft_entropy_sum(
    rows: Tensor,
    columns: Tensor,
    fixed: Tensor,
    labels: Tensor,
    left_out: Tensor | None,
    weights: Tensor,
    temperature: float,
) -> Tensor:
    r"""Sum over rows of :math:`w_i (\log \sum_j e^{s_{ij}} - \sum_j q_{ij} s_{ij})`.

    As `entropy_sum`, with labels q in place of one column a row, and further columns that get no
    gradient.

    Parameters
    ----------
    rows, columns, fixed
        float32 or float64 ``[n, d]``, ``[m, d]`` and ``[k, d]``.
    labels
        ``[n, m + k]``: rows of sum one, zero where left out; what a row of weight zero has does not
        count.
    left_out
        Bool ``[n, m + k]``; None: nothing is.
    weights
        ``[n]``, constants.
    temperature
        Positive.

    Returns
    -------
    Tensor
        Scalar.
    """
    found: Tensor = _SoftEntropySum.apply(  # type: ignore[no-untyped-call]
        rows, columns, fixed, labels, left_out, weights, temperature
    )
    return found


class _WithGradients(torch.autograd.Function):
    """Keeps the gradients of its first two inputs, which a scalar but has to multiply."""

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        of_rows, of_columns = ctx.saved_tensors
        none = (None,) * (len(ctx.needs_input_grad) - 2)
        return factor * of_rows, factor * of_columns, *none


class _EntropySum(_WithGradients):
    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        columns: Tensor,
        own: Tensor,
        left_out: Tensor,
        weights: Tensor,
        temperature: float,
    ) -> Tensor:
        wanted = any(ctx.needs_input_grad[:2])
        of_rows, of_columns = rows.new_empty(0), rows.new_empty(0)
        y, w = own[:, None], weights[:, None]
        with torch.autocast(rows.device.type, enabled=False):
            logits = times_transposed(rows, columns).div_(temperature)
            of_own = logits.gather(1, y)
            # A large finite fill, not -inf: where all is left out the gradient is zero, not NaN.
            logits.masked_fill_(left_out, torch.finfo(logits.dtype).min / 2).scatter_(1, y, of_own)
            highest = logits.amax(1, keepdim=True)
            shares = logits.sub_(highest).exp_()
            sums = shares.sum(1, keepdim=True)
            total = (w * (sums.log() + highest - of_own)).sum()
            if wanted:
                shares.div_(sums).scatter_add_(1, y, shares.new_full(y.shape, -1.0))
                shares.mul_(w / temperature)
                of_rows = times_transposed(shares, columns.T)
                # Of the transposed, whose strides oneDNN reads faster.
                of_columns = times_transposed(rows.T, shares.T).T
        ctx.save_for_backward(of_rows, of_columns)
        return total


class _SoftEntropySum(_WithGradients):
    @staticmethod
    def forward(
        ctx: Any,
        rows: Tensor,
        columns: Tensor,
        fixed: Tensor,
        labels: Tensor,
        left_out: Tensor | None,
        weights: Tensor,
        temperature: float,
    ) -> Tensor:
        of_rows, of_columns = rows.new_empty(0), rows.new_empty(0)
        with torch.autocast(rows.device.type, enabled=False):
            every = torch.cat([columns, fixed]) if len(fixed) else columns
            logits = times_transposed(rows, every).div_(temperature)
            if left_out is not None:  # finite, as above: a label of zero takes nothing of it
                logits.masked_fill_(left_out, torch.finfo(logits.dtype).min / 2)
            of_labels = torch.linalg.vecdot(labels, logits)
            highest = logits.amax(1, keepdim=True)
            shares = logits.sub_(highest).exp_()
            sums = shares.sum(1, keepdim=True)
            total = (weights * ((sums.log() + highest)[:, 0] - of_labels)).sum()
            if any(ctx.needs_input_grad[:2]):
                shares.div_(sums).sub_(labels).mul_(weights[:, None] / temperature)
                of_rows = times_transposed(shares, every.T)
                of_columns = times_transposed(rows.T, shares[:, : len(columns)].T).T
        ctx.save_for_backward(of_rows, of_columns)
        return total
