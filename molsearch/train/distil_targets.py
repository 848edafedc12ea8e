"""What frozen teachers make of molecules, in as many dimensions as their student has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.nn.encoder import Encoder
from molsearch.words import counted

_AT_A_TIME = 16_384


def embedded(teachers: Sequence[Encoder], molecules: GraphStore) -> NDArray[np.float16]:
    """Embed molecules by each teacher, side by side: half precision ``[n, sum of dims]``.

    Each block is divided by the root of their number, so that inner products are the mean of the
    teachers' cosines.
    """
    bounds = np.cumsum([0, *(teacher.dim for teacher in teachers)])
    views = np.empty((len(molecules), bounds[-1]), np.float16)
    root = np.float32(np.sqrt(len(teachers)))
    for place, teacher in enumerate(teachers):
        views[:, bounds[place] : bounds[place + 1]] = teacher.encode_ensembles(molecules) / root
    return views


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
    axes = np.linalg.eigh(gram)[1][:, ::-1][:, :dim]
    # An axis has no direction of its own: its largest entry shall be positive.
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, np.arange(dim)])
    turn = torch.from_numpy(np.ascontiguousarray(axes)).float()
    targets = np.empty((len(views), dim), np.float16)
    for chunk in chunks:
        part = torch.from_numpy(views[chunk]).float() @ turn
        targets[chunk] = torch.nn.functional.normalize(part, dim=1).numpy()
    return targets
