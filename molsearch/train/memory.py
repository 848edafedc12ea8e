"""What taught remembers: the latest embeddings of the molecules of earlier steps."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molsearch.config import SoftConfig
from molsearch.errors import UsageError
from molsearch.train.state import TrainState
from molsearch.words import counted

_ROWS, _EMBEDDINGS = "rows", "embeddings"


def check_memory(soft: SoftConfig, n_molecules: int) -> None:
    """Refuse a memory larger than the data.

    Raises
    ------
    UsageError
        It would hold each molecule more than once.
    """
    if soft.memory > n_molecules:
        raise UsageError(
            f"soft.memory {soft.memory:,} is larger than what is taught on "
            f"({counted(n_molecules, 'molecule')}); lower it, or raise soft.pool"
        )


def remember(state: TrainState, rows: NDArray[np.int64], embeddings: Tensor, size: int) -> None:
    """Put a step's embeddings ``[n, d]`` before the older ones, of which `size` in all are kept.

    A molecule that is there already is replaced. While the learning rate is small, embeddings
    drift slowly, and old ones are good enough to be compared with [1]_.

    References
    ----------
    .. [1] Wang et al. 2020, cross-batch memory, https://arxiv.org/abs/1912.06798
    """
    new = torch.from_numpy(rows).to(embeddings.device)
    if _ROWS in state.memory:
        old = ~torch.isin(state.memory[_ROWS], new)
        new = torch.cat([new, state.memory[_ROWS][old]])
        embeddings = torch.cat([embeddings, state.memory[_EMBEDDINGS][old]])
    state.memory = {_ROWS: new[:size].clone(), _EMBEDDINGS: embeddings[:size].clone()}


def remembered(state: TrainState) -> NDArray[np.int64]:
    """Rows of the pool that are remembered, latest first; none at the start."""
    rows: Tensor = state.memory.get(_ROWS, torch.zeros(0, dtype=torch.int64))
    return rows.cpu().numpy().astype(np.int64)


def remembered_embeddings(state: TrainState) -> Tensor:
    """Their embeddings ``[m, d]``, without gradient."""
    return state.memory[_EMBEDDINGS]
