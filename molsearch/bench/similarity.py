"""The nearest of hundreds of thousands of fingerprints, exactly and soon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch.chem.fingerprints import Packed, as_words, popcounts

Floats = npt.NDArray[np.float32]

_BLOCK_ROWS = 1 << 15
_MANY = 256


def _fold(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """OR a fingerprint's quarters into one (all of it where it does not divide by four)."""
    n, width = words.shape
    if width % 4:
        return words
    return np.ascontiguousarray(np.bitwise_or.reduce(words.reshape(n, 4, width // 4), axis=1))


@dataclass(frozen=True)
class Neighbourhood:
    """Fingerprints arranged for exact nearest-neighbour similarity.

    A fingerprint folded to a quarter loses a known number of bits to collisions, so the bits two
    folded fingerprints share, plus that number, bound the bits they share unfolded. Most of a
    library is ruled out on the quarter; only the rest is compared whole.

    Attributes
    ----------
    words
        uint64 ``[n, n_words]``.
    folded
        uint64 ``[n_words / 4, n]``: one contiguous row a word, which is what numpy counts fastest.
    bits
        Popcount of each row of `words`.
    """

    words: npt.NDArray[np.uint64]
    folded: npt.NDArray[np.uint64]
    bits: npt.NDArray[np.int32]

    @classmethod
    def of(cls, packed: Packed) -> Neighbourhood:
        """Arrange packed fingerprints, uint8 ``[n, n_bytes]``."""
        words = as_words(packed)
        return cls(words, np.ascontiguousarray(_fold(words).T), popcounts(words))

    def nearest(self, queries: Packed) -> Floats:
        """Similarity of each query to its nearest neighbour, float32 ``[q]``; 0 where none is."""
        words = as_words(queries)
        folded = _fold(words)
        return np.array(
            [self._nearest(*query) for query in zip(words, folded, strict=True)],
            dtype=np.float32,
        )

    def _nearest(self, query: npt.NDArray[np.uint64], folded: npt.NDArray[np.uint64]) -> float:
        own = int(np.bitwise_count(query).sum())
        lost = own - int(np.bitwise_count(folded).sum())
        best = 0.0
        for start in range(0, len(self.bits), _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            common = np.zeros(len(self.bits[block]), dtype=np.uint16)
            for word, column in zip(folded, self.folded, strict=True):
                common += np.bitwise_count(column[block] & word)
            best = self._refine(query, own, common + lost, block, best)
        return best

    def _refine(
        self,
        query: npt.NDArray[np.uint64],
        own: int,
        most: npt.NDArray[Any],
        block: slice,
        best: float,
    ) -> float:
        """Compare whole fingerprints where `most`, the bits they can share, may beat `best`."""
        either = own + self.bits[block]
        # common / (either - common) > best, without the division
        rows = np.flatnonzero(most * (1.0 + best) > best * either)
        if rows.size > _MANY:
            likely = rows[np.argmax(most[rows] / either[rows])]
            best = max(best, self._exact(query, either, np.array([likely]), block))
            rows = rows[most[rows] * (1.0 + best) > best * either[rows]]
        return max(best, self._exact(query, either, rows, block))

    def _exact(
        self,
        query: npt.NDArray[np.uint64],
        either: npt.NDArray[np.int32],
        rows: npt.NDArray[np.int64],
        block: slice,
    ) -> float:
        words = self.words[block][rows]
        common = np.bitwise_count(query & words).sum(axis=1, dtype=np.int32)
        return float((common / np.maximum(either[rows] - common, 1)).max(initial=0.0))
