"""Rows of a shard in its first principal axes alone, a byte an axis: few bytes and a stated rest.

The axes are those of the shard's own embeddings, so that a row's part outside them is short; its
length is kept with the row, and bounds what a scan of the prefix leaves out of a score. (The first
dimensions of the embedding itself, which encoders are trained to be of use alone, leave out too
much: docs/speed.md.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.data.axes import directed
from molsearch.index.blocks import Rows
from molsearch.index.layout import PREFIX, PREFIX_ABOUT, PREFIX_AXES, PREFIX_SCALES
from molsearch.index.vectors.codec import Codec, Parts
from molsearch.index.vectors.int8 import Int8Block, encode

FILES = (PREFIX, PREFIX_SCALES, PREFIX_AXES, PREFIX_ABOUT)
CODES, SCALES, AXES = "", "scales", "axes"
_LOOKED_AT = 16_384  # rows that the axes are made of
_ROWS_AT_ONCE = 4096
_UP = np.float32(np.inf)
_SLACK = np.float32(1 + 2.0**-16)
_ROUNDING = 2.0**-30  # of axes that are orthonormal to float64's last bits


@dataclass(frozen=True)
class PrefixBlock:
    """Some rows in the axes, and what lies outside them.

    Attributes
    ----------
    inside
        Of ``axes @ row``.
    rest
        float32 ``[n]``: no less than the length of ``row - axes.T @ axes @ row``.
    """

    inside: Int8Block
    rest: NDArray[np.float32]

    @classmethod
    def of(cls, parts: Parts) -> PrefixBlock:
        """Give the arrays of a copy their names."""
        scales = parts[SCALES]
        return cls(Int8Block(parts[CODES], scales[:, 0], scales[:, 1]), scales[:, 2])


class Prefix(Codec):
    """A byte an axis.

    Parameters
    ----------
    width
        Number of axes.
    """

    def __init__(self, width: int) -> None:
        self.width: int = width
        self.name = f"prefix-{width}"

    @property
    def stem(self) -> str:
        """Its files are called alike whatever the width, which stands in ``prefix.json``."""
        return "prefix"

    def layout(self, dim: int) -> Mapping[str, tuple[int, str]]:
        """See `Codec.layout`: scales are the factor of a row, its distance and its rest."""
        del dim
        return {CODES: (self.width, "int8"), SCALES: (3, "float32")}

    def shared(self, vectors: Rows) -> Parts:
        """See `Codec.shared`: the axes."""
        return {AXES: principal_axes(vectors, self.width)}

    def encode(self, vectors: NDArray[np.floating], shared: Parts) -> Parts:
        """See `Codec.encode`."""
        block = encode_prefix(vectors, shared[AXES])
        columns = [block.inside.scale, block.inside.distance, block.rest]
        return {CODES: block.inside.codes, SCALES: np.stack(columns, axis=1)}

    def asked(self, matrix: NDArray[np.float32], shared: Parts) -> PrefixQueries:
        """See `Codec.asked`."""
        return PrefixQueries(matrix, shared[AXES])


class PrefixQueries:
    """Products of what rows have in the axes, with a bound on what they have outside.

    With ``A`` the axes: ``|v·x - (Av)·x'| ≤ |Av| |Ax - x'| + |v - A'Av| |x - A'Ax|``, with ``x'``
    the rounded prefix of a row; both lengths of the row's are kept with it.
    """

    def __init__(self, matrix: NDArray[np.float32], axes: NDArray[np.float64]) -> None:
        from molsearch.index.vectors.int8_queries import Int8Queries

        exact = matrix.astype(np.float64)
        inside = axes @ exact
        outside = np.linalg.norm(exact - axes.T @ inside, axis=0).max()
        longest = np.linalg.norm(exact, axis=0).max()
        self._outside = np.float32(outside + _ROUNDING * longest) * _SLACK
        self._rounded = np.float32(2.0**-23 * longest)
        self._inside = Int8Queries(inside)

    def products(self, parts: Parts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `molsearch.index.vectors.codec.Asked.products`."""
        block = PrefixBlock.of(parts)
        found, error = self._inside.of_block(block.inside)
        error += self._outside * block.rest * _SLACK + self._rounded
        return found, error


def principal_axes(vectors: Rows, width: int) -> NDArray[np.float64]:
    """Orthonormal axes ``[width, dim]`` that hold as much of the rows' lengths as any.

    Found from rows that are evenly spread over the shard; each axis points where its largest
    component is positive, so that equal rows give equal axes.
    """
    n = len(vectors)
    dim = vectors.rows(0, 1).shape[1]
    moment = np.zeros((dim, dim))
    step = max(1, -(-n // _LOOKED_AT))
    for first in range(0, n, _ROWS_AT_ONCE * step):
        places = np.arange(first, min(first + _ROWS_AT_ONCE * step, n), step)
        some = np.nan_to_num(vectors.take(places).astype(np.float64), posinf=0.0, neginf=0.0)
        moment += some.T @ some
    axes = np.linalg.eigh(moment)[1].T[::-1][:width]
    return np.ascontiguousarray(directed(axes), np.float64)


def encode_prefix(vectors: NDArray[np.floating], axes: NDArray[np.float64]) -> PrefixBlock:
    """Round what rows ``[n, dim]`` have in the axes, and measure what they have outside."""
    exact = vectors.astype(np.float64)
    inside = exact @ axes.T
    rest = np.linalg.norm(exact - inside @ axes, axis=1).astype(np.float32)
    return PrefixBlock(encode(inside), np.nextafter(rest, _UP))
