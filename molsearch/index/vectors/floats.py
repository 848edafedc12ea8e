"""Embeddings as they are stored: a scan of them is exact but for the rounding of its sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from molsearch.index.vectors.codec import Codec, Parts


class Floats(Codec):
    """Rows in ``float16`` or ``float32``.

    They are the rows that count, not a copy: the engine bounds the rounding of float32 sums itself.
    """

    wide = False

    def __init__(self, name: Literal["float16", "float32"]) -> None:
        self.name = name

    def layout(self, dim: int) -> Mapping[str, tuple[int, str]]:
        """See `Codec.layout`."""
        return {"": (dim, self.name)}

    def encode(self, vectors: NDArray[np.floating], shared: Parts) -> Parts:
        """See `Codec.encode`."""
        del shared
        return {"": vectors.astype(self.name)}

    def asked(self, matrix: NDArray[np.float32], shared: Parts) -> FloatQueries:
        """See `Codec.asked`."""
        del shared
        return FloatQueries(matrix)


class FloatQueries:
    """See `molsearch.index.vectors.codec.Asked`."""

    def __init__(self, matrix: NDArray[np.float32]) -> None:
        self._matrix = matrix.astype(np.float32)

    def products(self, parts: Parts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `molsearch.index.vectors.codec.Asked.products`."""
        found = parts[""].astype(np.float32) @ self._matrix
        return found, np.zeros(len(found), np.float32)
