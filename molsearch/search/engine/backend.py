"""What a scan asks of the form in which embeddings are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Approximate:
    """Reduced products of some rows.

    Attributes
    ----------
    cosines
        float32 ``[n, lists]``, and one more column where there are inactives: as
        `molsearch.scoring.plan.ScanPlan.reduce` gives them.
    largest
        Bound on the difference of any product from the product with the stored row in float32.
    error
        float32 ``[n]``: the same row by row; None where the products are with the stored rows, or
        where nothing is known of them (`molsearch.search.engine.copied`).
    """

    cosines: torch.Tensor
    largest: float = 0.0
    error: NDArray[np.float32] | None = None


class Backend(Protocol):
    """Scores rows of one shard."""

    def __len__(self) -> int:
        """Count the shard's rows."""
        ...

    def score(self, start: int, stop: int) -> Approximate:
        """Score rows ``start .. stop - 1``; may be called from several threads."""
        ...
