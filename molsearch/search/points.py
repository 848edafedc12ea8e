"""Molecules as points: what their similarity is computed of, and how, some thousand at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.likeness import TANIMOTO_ERROR, TanimotoScan
from molsearch.index.blocks import Rows
from molsearch.index.reader import IndexReader

BLOCK = 1024
Compare = Callable[[NDArray[Any]], NDArray[np.float32]]


class Measure(Protocol):
    """A similarity.

    Attributes
    ----------
    error
        How wrong a float32 value may be.
    """

    error: float

    def ready(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Make rows as they are stored ready to be compared."""
        ...

    def to(self, others: NDArray[Any]) -> Compare:
        """Compare with `others` ``[m]``, which are ready: rows ``[n]`` to float32 ``[n, m]``."""
        ...


class Cosine:
    """Cosine of embeddings."""

    error = 0.0

    def ready(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Bring to unit length, in float32."""
        block = rows.astype(np.float32)
        return np.asarray(block / np.linalg.norm(block, axis=1, keepdims=True))

    def to(self, others: NDArray[Any]) -> Compare:
        """Products."""
        return lambda rows: np.asarray(rows @ others.T)


class Tanimoto:
    """Tanimoto similarity of packed fingerprints; 0 of two that are empty."""

    error = 2 * TANIMOTO_ERROR

    def ready(self, rows: NDArray[Any]) -> NDArray[np.uint8]:
        """Copy from the disk."""
        return np.ascontiguousarray(rows)

    def to(self, others: NDArray[Any]) -> Compare:
        """Count bits."""
        return TanimotoScan(others)


@dataclass(frozen=True)
class Held:
    """Rows that lie in memory; see `molsearch.index.blocks.Rows`."""

    array: NDArray[Any]

    def __len__(self) -> int:
        return len(self.array)

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Rows ``start .. stop - 1``."""
        return self.array[start:stop]

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Scattered rows."""
        return self.array[rows]


@dataclass(frozen=True)
class Points:
    """Molecules, one shard after the other, and how they are compared."""

    shards: Sequence[Rows]
    measure: Measure

    @classmethod
    def embeddings(cls, reader: IndexReader) -> Points:
        """Molecules of an index by their embeddings."""
        return cls([reader.checked_embeddings(i) for i in range(reader.n_shards)], Cosine())

    @classmethod
    def fingerprints(cls, reader: IndexReader) -> Points:
        """Molecules of an index by their ECFP4."""
        return cls([reader.checked_fingerprints(i) for i in range(reader.n_shards)], Tanimoto())

    def __len__(self) -> int:
        return sum(len(shard) for shard in self.shards)

    def blocks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the number of the first, and some points ready to be compared, in their order."""
        start = 0
        for shard in self.shards:
            for first in range(0, len(shard), BLOCK):
                last = min(first + BLOCK, len(shard))
                yield start + first, self.measure.ready(shard.rows(first, last))
            start += len(shard)

    def one(self, number: int) -> NDArray[Any]:
        """One point ``[1, width]``, ready to be compared."""
        for shard in self.shards:
            if number < len(shard):
                return self.measure.ready(shard.take(np.array([number])))
            number -= len(shard)
        raise IndexError(number)
