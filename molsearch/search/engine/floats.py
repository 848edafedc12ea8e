"""Products with the stored embeddings as they are, in float32."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from molsearch.index.blocks import Rows
from molsearch.scoring.plan import ScanPlan
from molsearch.search.engine.backend import Approximate

_CACHED_VALUES = 2**18  # 1 MiB of float32


class FloatBackend:
    """See `Backend`.

    Parameters
    ----------
    vectors
        Embeddings of a shard.
    matrix
        That of `plan`.
    """

    def __init__(self, vectors: Rows, plan: ScanPlan, matrix: torch.Tensor) -> None:
        self._vectors, self._plan, self._matrix = vectors, plan, matrix

    def __len__(self) -> int:
        return len(self._vectors)

    def score(self, start: int, stop: int) -> Approximate:
        """See `Backend.score`."""
        block = self._vectors.rows(start, stop)
        with warnings.catch_warnings():
            # Mapped read-only, and only read.
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            mapped = torch.from_numpy(block)
        with full_precision():
            return Approximate(self._products(mapped))

    def _products(self, mapped: torch.Tensor) -> torch.Tensor:
        # Widened and multiplied while in the cache: five times faster than a chunk at once.
        step = max(1, _CACHED_VALUES // mapped.shape[1])
        wide = torch.empty(min(step, len(mapped)), mapped.shape[1])
        parts = []
        for first in range(0, len(mapped), step):
            some = mapped[first : first + step]
            parts.append(self._plan.reduce(wide[: len(some)].copy_(some) @ self._matrix))
        return torch.cat(parts)


@contextmanager
def full_precision() -> Iterator[None]:
    """Keep float32 products in float32: the error bound does not hold for TF32 or bfloat16."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
