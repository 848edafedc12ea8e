"""Rows of a shard in a byte a dimension, with a scale a row: half the bytes that a scan reads.

The copy is made with the shard, or once for an index that is older than it, and can be made again
from ``embeddings.npy`` at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.index.layout import INT8, INT8_ABOUT, INT8_SCALES
from molsearch.index.vectors.codec import Asked, Codec, Parts

FILES = (INT8, INT8_SCALES, INT8_ABOUT)
CODES, SCALES = "", "scales"
_LARGEST = 127


@dataclass(frozen=True)
class Int8Block:
    """Some rows: ``scale * codes`` lies no further than `distance` from the stored embedding.

    Attributes
    ----------
    codes
        int8 ``[n, dim]``.
    scale, distance
        float32 ``[n]``.
    """

    codes: NDArray[np.int8]
    scale: NDArray[np.float32]
    distance: NDArray[np.float32]

    @classmethod
    def of(cls, parts: Parts) -> Int8Block:
        """Give the arrays of a copy their names."""
        scales = parts[SCALES]
        return cls(parts[CODES], scales[:, 0], scales[:, 1])


class Int8(Codec):
    """A byte a dimension."""

    name = "int8"
    wide = False

    def layout(self, dim: int) -> Mapping[str, tuple[int, str]]:
        """See `Codec.layout`: scales are the factor of a row and its distance."""
        return {CODES: (dim, "int8"), SCALES: (2, "float32")}

    def encode(self, vectors: NDArray[np.floating], shared: Parts) -> Parts:
        """See `Codec.encode`."""
        del shared
        block = encode(vectors)
        return {CODES: block.codes, SCALES: np.stack([block.scale, block.distance], axis=1)}

    def asked(self, matrix: NDArray[np.float32], shared: Parts) -> Asked:
        """See `Codec.asked`."""
        from molsearch.index.vectors.int8_queries import Int8Queries

        del shared
        return Int8Queries(matrix)


def encode(vectors: NDArray[np.floating]) -> Int8Block:
    """Round vectors ``[n, dim]`` to 127 steps of their largest component.

    A vector that is not finite gets a scale and a distance that are not either.

    Examples
    --------
    >>> encode(np.array([[0.0, -0.5, 1.0]])).codes.tolist()
    [[0, -64, 127]]
    """
    codes, scale = stepped(vectors)
    with np.errstate(invalid="ignore"):
        left = vectors.astype(np.float64) - scale[:, None].astype(np.float64) * codes
    # Upwards: the distance is a bound.
    distance = np.nextafter(np.linalg.norm(left, axis=1).astype(np.float32), np.float32(np.inf))
    return Int8Block(codes, scale, distance)


def stepped(vectors: NDArray[np.floating]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes ``[n, dim]`` and scales ``[n]`` of `encode`, without the distances."""
    steps = vectors.astype(np.float64)
    largest = np.maximum(steps.max(axis=1, initial=0.0), -steps.min(axis=1, initial=0.0))
    scale = np.maximum(largest / _LARGEST, np.finfo(np.float32).tiny).astype(np.float32)
    with np.errstate(invalid="ignore"):
        steps /= scale[:, None].astype(np.float64)
    np.rint(steps, out=steps)
    finite = np.isfinite(largest)
    if not finite.all():
        np.nan_to_num(steps, copy=False)
        scale[~finite] = np.nan
    np.clip(steps, -_LARGEST, _LARGEST, out=steps)
    return steps.astype(np.int8), scale


def decode(block: Int8Block) -> NDArray[np.float32]:
    """Vectors ``[n, dim]`` that the codes and scales of a block stand for."""
    return block.codes.astype(np.float32) * block.scale[:, None]
