"""How rare a molecule's like is among reference compounds, kept beside the rows of an index.

A few molecules lie near to everything: their cosine to any query is high, and says little. Rarity
tells them apart. It belongs to a molecule and the encoder alone, whatever the query and the
library, so that a score to which it is added still depends on nothing else.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numkong
import numpy as np
from numpy.typing import NDArray

from molsearch.errors import EncoderMismatchError, IndexCorruptError
from molsearch.index.companions import Companion, KeptRows
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.index.vectors.int8 import stepped
from molsearch.nn.lengths import of_unit_length
from molsearch.words import counted

#: Width of the kernel; chosen on the development screens (docs/encoder.md).
TEMPERATURE = 0.08
#: No molecule is rarer: what lies opposite to every reference compound has it.
MOST = 2.0
_ROWS_AT_ONCE = 128
_WORTH_THREADS = 8  # pieces; fewer take no longer than threads to start
_MOST_KNOWN = 8


@dataclass(frozen=True)
class Reference:
    """Compounds at large, as an encoder sees them.

    Attributes
    ----------
    vectors
        float16 ``[n, width]``, of unit length: embeddings, or their first dimensions where the
        encoder was trained so that these say nearly as much (a Matryoshka prefix).
    """

    vectors: NDArray[np.float16]

    def __reduce__(self) -> tuple[type[Reference], tuple[NDArray[np.float16]]]:
        """Leave out what is packed for the products of this process."""
        return Reference, (self.vectors,)

    @cached_property
    def key(self) -> str:
        """Changes whenever rarities would."""
        rows = np.ascontiguousarray(self.vectors, "<f2").tobytes()
        return hashlib.sha256(rows + f"rarity 2, {TEMPERATURE}".encode()).hexdigest()[:16]

    def rarity(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        r"""Rarity ``[n]`` of embeddings ``[n, dim]``: 0 where all compounds are like this, up to 2.

        A kernel density estimate on the sphere, as an energy:
        :math:`-\tau\log\frac1m\sum_j e^{(z\cdot r_j-1)/\tau}`, z being as wide as the compounds
        are, of unit length again. Cosines are products of whole numbers, one byte a dimension, so
        that they are the same in every bit wherever a row stands: equal rows tie. Of an embedding
        that is not finite it is not either.
        """
        pieces = [vectors[i : i + _ROWS_AT_ONCE] for i in range(0, len(vectors), _ROWS_AT_ONCE)]
        if len(pieces) < _WORTH_THREADS:
            found = [self._rarity(some) for some in pieces]
        else:
            import torch  # an encoder has made the vectors: it is there

            with ThreadPoolExecutor(torch.get_num_threads(), "rarity") as threads:
                # The first by itself: it packs the compounds, once.
                found = [self._rarity(pieces[0]), *threads.map(self._rarity, pieces[1:])]
        return np.concatenate([np.empty(0, np.float32), *found])

    def _rarity(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        codes, step = stepped(vectors[:, : self.vectors.shape[1]])
        own = step / (step * np.sqrt(np.square(codes, dtype=np.int32).sum(axis=1)))
        packed, scale = self._packed
        products = np.asarray(numkong.dots_packed(codes, packed))[:, : len(scale)]
        cosines = products.astype(np.float32) * scale
        cosines *= own.astype(np.float32)[:, None]
        cosines -= 1.0
        cosines /= np.float32(TEMPERATURE)
        density = np.exp(cosines, out=cosines).mean(axis=1, dtype=np.float64)
        return (-TEMPERATURE * np.log(density)).astype(np.float32)

    def of_same(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """As `rarity`, of an array that is asked for again and again: computed once."""
        known = self.__dict__.get("_same")
        if known is None or known[0] is not vectors:
            known = (vectors, self.rarity(vectors))
            self.__dict__["_same"] = known
        return np.asarray(known[1])

    @cached_property
    def _packed(self) -> tuple[Any, NDArray[np.float32]]:
        codes, scale = stepped(self.vectors)
        return numkong.dots_pack(codes), scale


#: Those of the encoders that were asked last, by the place of their vectors in memory.
_known: dict[int, Reference] = {}


def reference_of(embedder: Embedder) -> Reference | None:
    """Give the reference compounds of an encoder; None of one that brings none.

    Raises
    ------
    EncoderMismatchError
        They are no embeddings of the encoder's.
    """
    vectors = getattr(embedder, "reference", None)
    if vectors is None:
        return None
    found = _known.get(id(vectors))
    if found is None or found.vectors is not vectors:
        _check(vectors, embedder.dim)
        found = Reference(vectors)
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[id(vectors)] = found
    return found


def rarity_rows(reader: IndexReader, reference: Reference) -> KeptRows:
    """Rarity float32 ``[n, 1]`` of each shard's rows, computed where it is not there yet.

    It is kept beside the shards where these can be written, and else as long as the reader is.
    """
    key = reference.key

    def compute(rows: NDArray[np.floating]) -> NDArray[np.float32]:
        found = reference.rarity(rows)
        if not np.isfinite(found).all():
            raise IndexCorruptError(
                f"{reader.path} holds an embedding that is not finite; run: molsearch verify "
                f"{reader.path}"
            )
        return found[:, None]

    companion = Companion(
        name=f"rarity-{key}", version=key, width=1, dtype="float32", columns=(),
        compute=compute, of_embeddings=True,
    )  # fmt: skip
    return KeptRows(reader, companion)


def _check(vectors: NDArray[np.floating], dim: int) -> None:
    """Refuse what an embedder of somebody's own calls its reference, and is not."""
    wrong = None
    if vectors.ndim != 2 or not 0 < vectors.shape[1] <= dim or not len(vectors):
        wrong = f"are {vectors.shape}, not rows of {counted(dim, 'dimension')} or fewer"
    elif not np.isfinite(vectors).all():
        wrong = "hold values that are not finite"
    elif not of_unit_length(vectors).all():
        wrong = "are not of unit length"
    if wrong is not None:
        raise EncoderMismatchError(f"the reference compounds of this encoder {wrong}")
