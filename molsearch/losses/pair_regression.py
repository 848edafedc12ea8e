"""A figure of pairs of molecules, read off their embeddings."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from molsearch.errors import UsageError


def pair_regression(
    first: Tensor, second: Tensor, map_: Tensor, line: Tensor, values: Tensor, *, spread: float
) -> Tensor:
    r"""Mean squared error of a line through cosines of mapped embeddings, over the variance.

    .. math:: L = \frac{1}{n \sigma^2} \sum_i (\alpha + \beta \cos(W z_i, W z'_i) - y_i)^2

    One is what the mean alone would give; one less the loss is the share of the variance that is
    explained.

    Parameters
    ----------
    first, second
        ``[n, d]``.
    map_
        W, ``[k, d]``.
    line
        ``[2]``: alpha and beta.
    values
        ``[n]``: y.
    spread
        Standard deviation of y, positive.

    Raises
    ------
    UsageError
        On shapes that do not fit or a spread that is not positive.

    Examples
    --------
    >>> z, w = torch.eye(2), torch.eye(2)
    >>> line, values = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.5])
    >>> pair_regression(z, z, w, line, values, spread=0.5).item()
    0.5
    """
    n, dim = len(values), map_.shape[-1]
    shapes = (n, dim), (n, dim), (2,), (n,)
    if (first.shape, second.shape, line.shape, values.shape) != shapes or not spread > 0:
        raise UsageError(
            f"pair_regression needs two [n, {dim}] embeddings, a line [2], [n] values and a "
            f"positive spread, got {tuple(first.shape)}, {tuple(second.shape)}, "
            f"{tuple(line.shape)}, {tuple(values.shape)} and {spread}"
        )
    dtype = torch.promote_types(first.dtype, torch.float32)
    with torch.autocast(first.device.type, enabled=False):
        mapped = [nn.functional.normalize(z.to(dtype) @ map_.T, dim=1) for z in (first, second)]
        found = line[0] + line[1] * torch.linalg.vecdot(*mapped)
    return (found - values.to(dtype)).square().mean() / spread**2
