"""What a codec's copy of a shard loses, and whether its bound holds, on rows of the shard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import UsageError
from molsearch.index.blocks import Rows
from molsearch.index.vectors.codec import LONGEST
from molsearch.index.vectors.copies import CopyRows, DecodedRows
from molsearch.index.vectors.int8 import Int8
from molsearch.index.vectors.prefix import Prefix

#: Candidates that are kept for each hit where a codec has no bound.
DEEPER = 4
_ROWS, _QUERIES, _NEAREST = 65_536, 32, 100


def measured_recall(vectors: Rows, copy: CopyRows) -> float:
    """Which part of the nearest rows by `vectors` are found by their copy.

    Rows of the shard, evenly spread, are the queries; ties beyond the last place count as found.
    Where the rows themselves stay, the copy gives `DEEPER` times as many candidates, of which the
    rows choose, as in a search.
    """
    n = min(len(vectors), _ROWS)
    if not n:
        return 1.0
    exact = vectors.rows(0, n).astype(np.float32)
    chosen = exact[_spread(n)]
    k = min(_NEAREST, n)
    alone = copy.codec.bounded  # then it is measured because the rows go
    given = _decoded(copy, n, chosen) if alone else _products(copy, n, chosen)[0]
    deep = k if alone else min(DEEPER * k, n)
    found = []
    for query, scores in zip(chosen, given.T, strict=True):
        due = exact @ query
        nearest = np.argpartition(-scores, deep - 1)[:deep]
        least = np.partition(due, n - k)[n - k]
        found.append(min(1.0, np.sum(due[nearest] >= least) / k))
    return float(np.mean(found))


def check_bound(vectors: Rows, copy: CopyRows) -> None:
    """Compare an added codec's scores of rows of the shard with the exact ones.

    Raises
    ------
    UsageError
        One is further off than its bound: a search that believes it would miss hits.
    """
    codec, n = copy.codec, min(len(vectors), _ROWS)
    if not codec.bounded or isinstance(codec, (Int8, Prefix)) or not n:
        return
    exact = vectors.rows(0, n).astype(np.float32)
    chosen = exact[_spread(n)]
    given, error = _products(copy, n, chosen)
    if error is None:
        raise UsageError(f"the codec {codec.name} says that it has a bound, and states none")
    # Float32's own rounding, which searches add to every bound.
    rounding = (chosen.shape[1] + 8) * 2.0**-23 * LONGEST**2
    off = np.abs(given.astype(np.float64) - exact.astype(np.float64) @ chosen.T.astype(np.float64))
    wrong = (off > error[:, None] + rounding).any(axis=1) | ~np.isfinite(error)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise UsageError(
            f"the codec {codec.name} states a bound of {error[row]:.3g} for a row whose score is "
            f"off by {off[row].max():.3g}: a search would miss hits; mend the bound, or say "
            "bounded = False"
        )


def _spread(n: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, n - 1, _QUERIES).astype(np.int64))


def _decoded(copy: CopyRows, n: int, queries: NDArray[np.float32]) -> NDArray[np.float32]:
    rounded = DecodedRows(copy).rows(0, n)
    return np.stack([rounded @ query for query in queries], axis=1)


def _products(
    copy: CopyRows, n: int, queries: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Products ``[n, m]`` of the copy's first rows, and their bounds."""
    asked = copy.codec.asked(np.ascontiguousarray(queries.T), copy.shared)
    return asked.products(copy.rows(0, n))
