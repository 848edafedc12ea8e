"""Rows of a shard in a byte a dimension, with a scale a row: half the bytes that a scan reads.

The copy is made with the shard, or once for an index that is older than it, and can be made again
from ``embeddings.npy`` at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molsearch.errors import IndexCorruptError
from molsearch.index.blocks import BlockSums, CheckedRows, block_sums
from molsearch.index.layout import INT8, INT8_ABOUT, INT8_SCALES
from molsearch.index.models import read_model, write_model
from molsearch.index.npy import RowWriter
from molsearch.io.atomic import replacing

FILES = (INT8, INT8_SCALES, INT8_ABOUT)
# A shard of fewer rows is scanned as it is: that takes less than a millisecond.
LEAST_ROWS = 8192
_LARGEST = 127
_RECALL_ROWS, _RECALL_QUERIES, _RECALL_NEAREST = 65_536, 32, 100
_ROWS_AT_ONCE = 4096


class Int8About(BlockSums):
    """Sums of the copy's blocks, and the sha256 of the ``embeddings.npy`` it was made of."""

    source: str = Field(pattern=r"^[0-9a-f]{64}$")


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


def encode(vectors: NDArray[np.floating]) -> Int8Block:
    """Round vectors ``[n, dim]`` to 127 steps of their largest component.

    A vector that is not finite gets a scale and a distance that are not either.

    Examples
    --------
    >>> encode(np.array([[0.0, -0.5, 1.0]])).codes.tolist()
    [[0, -64, 127]]
    """
    exact = vectors.astype(np.float64)
    largest = np.abs(exact).max(axis=1, initial=0.0)
    scale = np.maximum(largest / _LARGEST, np.finfo(np.float32).tiny).astype(np.float32)
    with np.errstate(invalid="ignore"):
        steps = np.rint(exact / scale[:, None].astype(np.float64))
    codes = np.nan_to_num(steps).clip(-_LARGEST, _LARGEST).astype(np.int8)
    with np.errstate(invalid="ignore"):
        left = exact - scale[:, None].astype(np.float64) * codes
    # Upwards: the distance is a bound.
    distance = np.nextafter(np.linalg.norm(left, axis=1).astype(np.float32), np.float32(np.inf))
    scale[~np.isfinite(largest)] = np.nan
    return Int8Block(codes, scale, distance)


def write_int8(folder: Path, vectors: CheckedRows, source: str) -> tuple[str, ...]:
    """Make the copy of a finished shard; ``int8.json`` comes last.

    Parameters
    ----------
    folder
        Of the shard.
    vectors
        Its embeddings.
    source
        sha256 of its ``embeddings.npy``.

    Returns
    -------
    Names of the files: `FILES`.
    """
    with (
        replacing(folder / INT8) as codes_path,
        replacing(folder / INT8_SCALES) as scales_path,
        RowWriter(codes_path, vectors.array.shape[1], "int8") as codes,
        RowWriter(scales_path, 2, "float32") as scales,
    ):
        for first in range(0, len(vectors), _ROWS_AT_ONCE):
            block = encode(vectors.rows(first, first + _ROWS_AT_ONCE))
            codes.append(block.codes)
            scales.append(np.stack([block.scale, block.distance], axis=1))
    sums = {name: block_sums(folder / name) for name in (INT8, INT8_SCALES)}
    write_model(folder / INT8_ABOUT, Int8About(files=sums, source=source))
    return FILES


class Int8Rows:
    """The copy of a shard's rows, mapped; blocks are compared with their sums as they are read.

    Raises
    ------
    IndexCorruptError
        The copy is not whole, or not one of these rows.
    """

    def __init__(self, folder: Path, source: str | None, n_rows: int, dim: int) -> None:
        about = read_model(folder / INT8_ABOUT, Int8About)
        if source is not None and about.source != source:
            raise IndexCorruptError(f"{folder / INT8} is a copy of other rows; remove it")
        self._codes = checked(folder / INT8, about, (n_rows, dim), np.dtype("<i1"))
        self._scales = checked(folder / INT8_SCALES, about, (n_rows, 2), np.dtype("<f4"))

    def __len__(self) -> int:
        return len(self._codes)

    def rows(self, start: int, stop: int) -> Int8Block:
        """Rows ``start .. stop - 1``; their codes are mapped.

        Raises
        ------
        IndexCorruptError
            They were altered since they were written.
        """
        scales = self._scales.rows(start, stop)
        return Int8Block(self._codes.rows(start, stop), scales[:, 0], scales[:, 1])

    def take(self, rows: NDArray[np.integer]) -> Int8Block:
        """Scattered rows; see `rows`."""
        scales = self._scales.take(rows)
        return Int8Block(self._codes.take(rows), scales[:, 0], scales[:, 1])


class DecodedRows:
    """Embeddings of a shard that has nothing but the copy: what its codes and scales say.

    Examples
    --------
    >>> DecodedRows(copy).take(np.array([7, 3]))  # doctest: +SKIP
    """

    def __init__(self, copy: Int8Rows) -> None:
        self._copy = copy

    def __len__(self) -> int:
        return len(self._copy)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Rows ``start .. stop - 1``, float32."""
        return decode(self._copy.rows(start, stop))

    def take(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Scattered rows, float32."""
        return decode(self._copy.take(rows))


def decode(block: Int8Block) -> NDArray[np.float32]:
    """Vectors ``[n, dim]`` that the codes and scales of a block stand for."""
    return block.codes.astype(np.float32) * block.scale[:, None]


def measured_recall(vectors: CheckedRows, copy: Int8Rows) -> float:
    """Which part of the nearest rows by `vectors` are the nearest by their copy too.

    Rows of the shard, evenly spread, are the queries; ties beyond the last place count as found.
    """
    n = min(len(vectors), _RECALL_ROWS)
    exact = vectors.rows(0, n).astype(np.float32)
    rounded = DecodedRows(copy).rows(0, n)
    chosen = np.unique(np.linspace(0, n - 1, _RECALL_QUERIES).astype(np.int64))
    k = min(_RECALL_NEAREST, n)
    found = []
    for query in exact[chosen]:
        due, given = exact @ query, rounded @ query
        nearest = np.argpartition(-given, k - 1)[:k]
        found.append(np.mean(due[nearest] >= np.partition(due, n - k)[n - k]))
    return float(np.mean(found))


def open_int8(
    folder: Path, vectors: CheckedRows, source: str, *, promised: bool
) -> Int8Rows | None:
    """Open the copy of a shard, made now where it is not there.

    Parameters
    ----------
    promised
        Whether the manifest names it: then it is there or the index is damaged.

    Returns
    -------
    None for a shard that is too small to need it, or whose folder cannot be written.
    """
    n_rows, dim = vectors.array.shape
    if n_rows < LEAST_ROWS:
        return None
    if promised:
        return Int8Rows(folder, source, n_rows, dim)
    try:
        return Int8Rows(folder, source, n_rows, dim)
    except IndexCorruptError:
        pass
    try:
        write_int8(folder, vectors, source)
    except OSError:  # not ours to write, or full: the rows themselves are scanned
        return None
    return Int8Rows(folder, source, n_rows, dim)


def checked(
    path: Path, about: BlockSums, shape: tuple[int, int], dtype: np.dtype[np.generic]
) -> CheckedRows:
    """Map a file of a copy.

    Raises
    ------
    IndexCorruptError
        It cannot be read, or is not one of these rows.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise IndexCorruptError(f"{path} cannot be read: {reason}") from error
    if array.shape != shape or array.dtype != dtype or path.name not in about.files:
        raise IndexCorruptError(f"{path} is not a copy of this shard's embeddings; remove it")
    return CheckedRows(array, path, about.files[path.name], about.block_bytes)
