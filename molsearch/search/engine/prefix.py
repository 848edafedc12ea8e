"""Products of what rows have in their shard's first axes, with a bound on what they have outside.

With ``A`` the axes: ``|v·x - (Av)·x'| ≤ |Av| |Ax - x'| + |v - A'Av| |x - A'Ax|``, with ``x'`` the
rounded prefix of a row; both lengths of the row's are kept with it. Rows that may still be of use
are then multiplied as they are stored.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.index.vectors.prefix import PrefixRows
from molsearch.scoring.plan import ScanPlan
from molsearch.search.engine.backend import Approximate
from molsearch.search.engine.floats import full_precision
from molsearch.search.engine.int8 import Int8Queries

_SLACK = np.float32(1 + 2.0**-16)
_ROUNDING = 2.0**-30  # of axes that are orthonormal to float64's last bits


class PrefixBackend:
    """See `Backend`; `refine` gives the products of some rows with the stored embeddings."""

    def __init__(self, rows: PrefixRows, plan: ScanPlan, matrix: torch.Tensor) -> None:
        self._rows, self._plan, self._matrix = rows, plan, matrix
        exact = matrix.cpu().numpy().astype(np.float64)
        inside = rows.axes @ exact
        outside = np.linalg.norm(exact - rows.axes.T @ inside, axis=0).max()
        longest = np.linalg.norm(exact, axis=0).max()
        self._outside = np.float32(outside + _ROUNDING * longest) * _SLACK
        self._rounded = np.float32(2.0**-23 * longest)
        self._queries = Int8Queries(torch.from_numpy(inside))

    def __len__(self) -> int:
        return len(self._rows)

    def score(self, start: int, stop: int) -> Approximate:
        """See `Backend.score`."""
        block = self._rows.rows(start, stop)
        cosines = self._plan.reduce(torch.from_numpy(self._queries.products(block.inside)))
        error = self._queries.error(block.inside.distance)
        error += self._outside * block.rest * _SLACK + self._rounded
        return Approximate(cosines, float(error.max()), error)

    def refine(self, rows: NDArray[np.int64]) -> Approximate:
        """Score some rows as they are stored."""
        wide = torch.from_numpy(self._rows.vectors.take(rows).astype(np.float32))
        with full_precision():
            return Approximate(self._plan.reduce(wide @ self._matrix))
