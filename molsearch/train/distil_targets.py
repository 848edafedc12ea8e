"""What frozen teachers make of molecules, in as many dimensions as their student has."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.data.axes import directed
from molsearch.errors import UsageError
from molsearch.words import counted

_AT_A_TIME = 16_384


def reduced(views: NDArray[np.float16], dim: int) -> NDArray[np.float16]:
    """Turn vectors so that the first of `dim` axes hold most, drop the rest, renormalise.

    The axes are the right singular vectors of the matrix as it is, not of deviations from its
    mean: of all matrices of that rank the product keeps inner products best (Eckart and Young),
    and so does each of its prefixes.

    Parameters
    ----------
    views
        ``[n, m]``, rows of unit length.
    dim
        At most m.

    Returns
    -------
    ndarray
        Half precision ``[n, dim]``, rows of unit length.

    Raises
    ------
    UsageError
        `dim` is above m.
    """
    width = views.shape[1]
    if dim > width:
        raise UsageError(
            f"distil.teachers: {counted(width, 'dimension')} together, the student has {dim}; set "
            "model.embedding_dim to as many at most, or name another teacher"
        )
    chunks = [slice(i, i + _AT_A_TIME) for i in range(0, len(views), _AT_A_TIME)]
    gram = np.zeros((width, width))
    for chunk in chunks:
        part = torch.from_numpy(views[chunk]).float()
        gram += (part.T @ part).double().numpy()
    axes = directed(np.linalg.eigh(gram)[1].T[::-1][:dim])
    turn = torch.from_numpy(np.ascontiguousarray(axes.T)).float()
    targets = np.empty((len(views), dim), np.float16)
    for chunk in chunks:
        part = torch.from_numpy(views[chunk]).float() @ turn
        targets[chunk] = torch.nn.functional.normalize(part, dim=1).numpy()
    return targets
