"""Rows of a shard in its first principal axes alone, a byte an axis: few bytes and a stated rest.

The axes are those of the shard's own embeddings, so that a row's part outside them is short; its
length is kept with the row, and bounds what a scan of the prefix leaves out of a score. (The first
dimensions of the embedding itself, which encoders are trained to be of use alone, leave out too
much: docs/speed.md.)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molsearch.errors import IndexCorruptError
from molsearch.index.blocks import BlockSums, CheckedRows, block_sums
from molsearch.index.layout import PREFIX, PREFIX_ABOUT, PREFIX_AXES, PREFIX_SCALES
from molsearch.index.models import read_model, write_model
from molsearch.index.npy import RowWriter
from molsearch.index.vectors.int8 import Int8Block, checked, encode
from molsearch.io.atomic import replacing

FILES = (PREFIX, PREFIX_SCALES, PREFIX_AXES, PREFIX_ABOUT)
_LOOKED_AT = 16_384  # rows that the axes are made of
_ROWS_AT_ONCE = 4096
_UP = np.float32(np.inf)


class PrefixAbout(BlockSums):
    """Sums of the copy's blocks, and the sha256 of the ``embeddings.npy`` it was made of."""

    source: str = Field(pattern=r"^[0-9a-f]{64}$")
    width: int = Field(gt=0)


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


def principal_axes(vectors: CheckedRows, width: int) -> NDArray[np.float64]:
    """Orthonormal axes ``[width, dim]`` that hold as much of the rows' lengths as any.

    Found from rows that are evenly spread over the shard; each axis points where its largest
    component is positive, so that equal rows give equal axes.
    """
    dim = vectors.array.shape[1]
    n = len(vectors)
    moment = np.zeros((dim, dim))
    step = max(1, -(-n // _LOOKED_AT))
    for first in range(0, n, _ROWS_AT_ONCE * step):
        places = np.arange(first, min(first + _ROWS_AT_ONCE * step, n), step)
        some = np.nan_to_num(vectors.take(places).astype(np.float64), posinf=0.0, neginf=0.0)
        moment += some.T @ some
    axes = np.linalg.eigh(moment)[1].T[::-1][:width]
    largest = np.abs(axes).argmax(axis=1)
    return np.ascontiguousarray(axes * np.sign(axes[np.arange(len(axes)), largest])[:, None])


def encode_prefix(vectors: NDArray[np.floating], axes: NDArray[np.float64]) -> PrefixBlock:
    """Round what rows ``[n, dim]`` have in the axes, and measure what they have outside."""
    exact = vectors.astype(np.float64)
    inside = exact @ axes.T
    rest = np.linalg.norm(exact - inside @ axes, axis=1).astype(np.float32)
    return PrefixBlock(encode(inside), np.nextafter(rest, _UP))


def write_prefix(folder: Path, vectors: CheckedRows, source: str, width: int) -> tuple[str, ...]:
    """Make the copy of a finished shard; ``prefix.json`` comes last.

    Parameters
    ----------
    source
        sha256 of its ``embeddings.npy``.
    width
        Number of axes.

    Returns
    -------
    Names of the files: `FILES`.
    """
    axes = principal_axes(vectors, width)
    with (
        replacing(folder / PREFIX) as codes_path,
        replacing(folder / PREFIX_SCALES) as scales_path,
        replacing(folder / PREFIX_AXES) as axes_path,
        RowWriter(codes_path, width, "int8") as codes,
        RowWriter(scales_path, 3, "float32") as scales,
        RowWriter(axes_path, axes.shape[1], "float64") as kept,
    ):
        kept.append(axes)
        for first in range(0, len(vectors), _ROWS_AT_ONCE):
            block = encode_prefix(vectors.rows(first, first + _ROWS_AT_ONCE), axes)
            codes.append(block.inside.codes)
            columns = [block.inside.scale, block.inside.distance, block.rest]
            scales.append(np.stack(columns, axis=1))
    sums = {name: block_sums(folder / name) for name in FILES[:-1]}
    write_model(folder / PREFIX_ABOUT, PrefixAbout(files=sums, source=source, width=width))
    return FILES


class PrefixRows:
    """The copy of a shard's rows, mapped; blocks are compared with their sums as they are read.

    Parameters
    ----------
    vectors
        The rows themselves.
    source
        sha256 of their file.

    Raises
    ------
    IndexCorruptError
        The copy is not whole, or not one of these rows.
    """

    def __init__(self, folder: Path, vectors: CheckedRows, source: str, width: int) -> None:
        self.vectors = vectors
        about = read_model(folder / PREFIX_ABOUT, PrefixAbout)
        if about.source != source or about.width != width:
            raise IndexCorruptError(
                f"{folder / PREFIX} is a copy of other rows; build the index again with --overwrite"
            )
        n_rows, dim = vectors.array.shape
        self._codes = checked(folder / PREFIX, about, (n_rows, width), np.dtype("<i1"))
        self._scales = checked(folder / PREFIX_SCALES, about, (n_rows, 3), np.dtype("<f4"))
        kept = checked(folder / PREFIX_AXES, about, (width, dim), np.dtype("<f8"))
        self.axes: NDArray[np.float64] = np.array(kept.rows(0, width))

    def __len__(self) -> int:
        return len(self._codes)

    def rows(self, start: int, stop: int) -> PrefixBlock:
        """Rows ``start .. stop - 1``; their codes are mapped.

        Raises
        ------
        IndexCorruptError
            They were altered since they were written.
        """
        scales = self._scales.rows(start, stop)
        inside = Int8Block(self._codes.rows(start, stop), scales[:, 0], scales[:, 1])
        return PrefixBlock(inside, scales[:, 2])
