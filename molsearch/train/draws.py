"""Which molecules a step sees, of those with labels and those without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def mixed_rows(
    stream: Sequence[int], ends: tuple[int, int], n: int, labelled_share: float
) -> NDArray[np.int64]:
    """Draw n molecules, all different, by the stream alone.

    Parameters
    ----------
    stream
        Seed of the draw.
    ends
        Where those with labels end, and where all do.
    labelled_share
        Of n, from those with labels; all where there are no others.
    """
    labelled, end = ends
    random = np.random.default_rng(stream)
    wanted = n if end == labelled else round(n * labelled_share)
    parts = [
        first + random.choice(count, min(share, count), replace=False)
        for first, count, share in (
            (0, labelled, wanted),
            (labelled, end - labelled, n - wanted),
        )
        if share
    ]
    return np.concatenate(parts).astype(np.int64)
