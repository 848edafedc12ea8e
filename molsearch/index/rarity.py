"""How rare a molecule's like is among reference compounds, kept beside the rows of an index.

A few molecules lie near to everything: their cosine to any query is high, and says little. Rarity
tells them apart. It belongs to a molecule and the encoder alone, whatever the query and the
library, so that a score to which it is added still depends on nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numkong
import numpy as np
from numpy.typing import NDArray

from molsearch.index.blocks import Rows
from molsearch.index.companions import Companion, kept_rows
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.index.vectors.int8 import encode
from molsearch.progress import OnProgress

#: Width of the kernel; chosen on the development screens (docs/benchmarks.md).
TEMPERATURE = 0.1
#: No molecule is rarer: what lies opposite to every reference compound has it.
MOST = 2.0
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Reference:
    """Compounds at large, as an encoder sees them.

    Attributes
    ----------
    vectors
        float16 ``[n, dim]``, of unit length.
    """

    vectors: NDArray[np.float16]

    def __reduce__(self) -> tuple[type[Reference], tuple[NDArray[np.float16]]]:
        """Leave out what is packed for the products of this process."""
        return Reference, (self.vectors,)

    @cached_property
    def key(self) -> str:
        """Changes whenever rarities would."""
        rows = np.ascontiguousarray(self.vectors, "<f2").tobytes()
        return hashlib.sha256(rows + f"rarity 1, {TEMPERATURE}".encode()).hexdigest()[:16]

    def rarity(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        r"""Rarity ``[n]`` of embeddings ``[n, dim]``: 0 where all compounds are like this, up to 2.

        A kernel density estimate on the sphere, as an energy:
        :math:`-\tau\log\frac1m\sum_j e^{(z\cdot r_j-1)/\tau}`. Cosines are products of whole
        numbers, one byte a dimension, so that they are the same in every bit wherever a row
        stands: equal rows tie.
        """
        found = np.empty(len(vectors), np.float32)
        for first in range(0, len(vectors), _ROWS_AT_ONCE):
            block = encode(vectors[first : first + _ROWS_AT_ONCE])
            codes, packed, scale = np.ascontiguousarray(block.codes), *self._packed
            products = np.asarray(numkong.dots_packed(codes, packed))[:, : len(scale)]
            cosines = products.astype(np.float32) * scale
            cosines *= block.scale[:, None]
            cosines -= 1.0
            cosines /= np.float32(TEMPERATURE)
            density = np.exp(cosines, out=cosines).mean(axis=1, dtype=np.float64)
            some = -TEMPERATURE * np.log(density)
            found[first : first + _ROWS_AT_ONCE] = some
        return found

    @cached_property
    def _packed(self) -> tuple[Any, NDArray[np.float32]]:
        block = encode(self.vectors.astype(np.float32))
        return numkong.dots_pack(np.ascontiguousarray(block.codes)), block.scale


def reference_of(embedder: Embedder) -> Reference | None:
    """Give the reference compounds of an encoder; None of one that brings none."""
    vectors = getattr(embedder, "reference", None)
    return None if vectors is None else Reference(vectors)


def rarity_rows(
    reader: IndexReader, reference: Reference, on_progress: OnProgress | None = None
) -> Sequence[Rows]:
    """Rarity float32 ``[n, 1]`` of each shard's rows, computed now where it is not there yet.

    It is kept beside the shards where these can be written, and else as long as the reader is.
    """
    key = reference.key
    if key not in reader.beside:
        companion = Companion(
            name=f"rarity-{key}", version=key, width=1, dtype="float32", columns=(),
            compute=lambda rows: reference.rarity(rows)[:, None], of_embeddings=True,
        )  # fmt: skip
        reader.beside[key] = kept_rows(reader, companion, on_progress)
    return reader.beside[key]
