"""Products of a codec's copy of the rows, with its bound, and of some rows as they are stored."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.errors import UsageError
from molsearch.index.vectors.codec import Asked
from molsearch.index.vectors.copies import CopyRows
from molsearch.scoring.plan import ScanPlan
from molsearch.search.engine.backend import Approximate
from molsearch.search.engine.floats import full_precision


class AskedOnce:
    """Queries made ready for the shards of one scan: once, unless shards have arrays of their own.

    Parameters
    ----------
    matrix
        That of a plan, ``[dim, m]``.
    """

    def __init__(self, matrix: torch.Tensor) -> None:
        self._matrix = matrix.cpu().numpy()
        self._ready: dict[str, Asked] = {}

    def of(self, copy: CopyRows) -> Asked:
        """Give the queries for a shard's copy."""
        codec = copy.codec
        if copy.shared:
            return codec.asked(self._matrix, copy.shared)
        if codec.name not in self._ready:
            self._ready[codec.name] = codec.asked(self._matrix, copy.shared)
        return self._ready[codec.name]


class CopyBackend:
    """See `Backend`; `refine` gives the products of some rows with the stored embeddings."""

    def __init__(
        self, copy: CopyRows, plan: ScanPlan, matrix: torch.Tensor, asked: AskedOnce
    ) -> None:
        self._copy, self._plan, self._matrix = copy, plan, matrix
        self._asked = asked.of(copy)
        codec = copy.codec
        self.refines = codec.wide and codec.bounded and copy.vectors is not None

    def __len__(self) -> int:
        return len(self._copy)

    def score(self, start: int, stop: int) -> Approximate:
        """See `Backend.score`.

        Raises
        ------
        UsageError
            The codec has a bound, and does not state it.
        """
        products, error = self._asked.products(self._copy.rows(start, stop))
        cosines = self._plan.reduce(torch.from_numpy(products))
        codec = self._copy.codec
        if not codec.bounded:
            return Approximate(cosines)
        if error is None:
            raise UsageError(f"the codec {codec.name} says that it has a bound, and states none")
        return Approximate(cosines, float(error.max()), error)

    def refine(self, rows: NDArray[np.int64]) -> Approximate:
        """Score some rows as they are stored."""
        assert self._copy.vectors is not None
        wide = torch.from_numpy(self._copy.vectors.take(rows).astype(np.float32))
        with full_precision():
            return Approximate(self._plan.reduce(wide @ self._matrix))
