"""The files of a codec's copy of a shard's rows: written whole, checked as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.blocks import BlockSums, CheckedRows, Rows, block_sums
from molsearch.index.models import read_model, write_model
from molsearch.index.npy import RowWriter, mapped
from molsearch.index.vectors.codec import Codec, Parts
from molsearch.index.vectors.int8 import Int8Block, decode
from molsearch.io.atomic import replacing

_ROWS_AT_ONCE = 4096


class CopyAbout(BlockSums):
    """Sums of the copy's blocks, and the sha256 of the ``embeddings.npy`` it was made of.

    Attributes
    ----------
    width
        Of the codec; axes of a prefix.
    version
        Of a codec that molsearch does not bring itself, where it is not the first.
    """

    source: str = Field(pattern=r"^[0-9a-f]{64}$")
    width: int | None = Field(default=None, gt=0)
    version: int | None = None

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what most have none of: their bytes are those of earlier versions."""
        return {name: value for name, value in write(self).items() if value is not None}


def file_of(codec: Codec, part: str) -> str:
    """Name of the file that holds an array of a codec."""
    return f"{codec.stem}_{part}.npy" if part else f"{codec.stem}.npy"


def about_file(codec: Codec) -> str:
    """Name of the file that makes a copy whole; it is written last."""
    return f"{codec.stem}.json"


def write_copy(folder: Path, vectors: Rows, source: str, codec: Codec, dim: int) -> tuple[str, ...]:
    """Make the copy of a finished shard.

    Parameters
    ----------
    folder
        Of the shard.
    vectors
        Its embeddings, of `dim` dimensions.
    source
        sha256 of its ``embeddings.npy``.

    Returns
    -------
    Names of the files.

    Raises
    ------
    UsageError
        The codec gives other arrays than it says.
    """
    shared, layout = codec.shared(vectors), codec.layout(dim)
    with ExitStack() as stack:

        def writer(part: str, width: int, dtype: str) -> RowWriter:
            path = stack.enter_context(replacing(folder / file_of(codec, part)))
            return stack.enter_context(RowWriter(path, width, dtype))

        parts = {part: writer(part, *kind) for part, kind in layout.items()}
        for part, array in shared.items():
            writer(part, array.shape[1], array.dtype.str).append(array)
        for first in range(0, len(vectors), _ROWS_AT_ONCE):
            block = vectors.rows(first, first + _ROWS_AT_ONCE)
            found = codec.encode(block, shared)
            _refuse_others(codec, found, layout, len(block))
            for part, rows in parts.items():
                rows.append(found[part])
    names = [file_of(codec, part) for part in (*layout, *shared)]
    sums = {name: block_sums(folder / name) for name in names}
    about = CopyAbout(files=sums, source=source, width=codec.width, version=_version(codec))
    write_model(folder / about_file(codec), about)
    return (*names, about_file(codec))


class CopyRows:
    """The copy of a shard's rows, mapped; blocks are compared with their sums as they are read.

    Parameters
    ----------
    vectors
        The rows themselves; None where the copy is all there is.
    source
        sha256 of their file; None where nothing is known of it.

    Raises
    ------
    IndexCorruptError
        The copy is not whole, or not one of these rows.
    """

    def __init__(
        self,
        folder: Path,
        codec: Codec,
        vectors: Rows | None,
        source: str | None,
        shape: tuple[int, int],
    ) -> None:
        self.codec, self.vectors = codec, vectors
        n_rows, dim = shape
        about = read_model(folder / about_file(codec), CopyAbout)
        main = folder / file_of(codec, next(iter(codec.layout(dim))))
        if (source is not None and about.source != source) or about.width != codec.width:
            raise IndexCorruptError(
                f"{main} is a copy of other rows; build the index again with --overwrite"
            )
        if about.version != _version(codec):
            raise IndexCorruptError(
                f"{main} was written by version {about.version or 1} of the codec {codec.name}, "
                f"which is now at {codec.version}; build the index again with --overwrite"
            )
        self._parts = {
            part: checked(folder / file_of(codec, part), about, (n_rows, width), np.dtype(dtype))
            for part, (width, dtype) in codec.layout(dim).items()
        }
        self.shared = _shared(folder, about, codec, self._parts)
        self._n_rows = n_rows

    @property
    def n_bytes(self) -> int:
        """Bytes a row of the array that is the largest."""
        return max(rows.array.strides[0] for rows in self._parts.values())

    def __len__(self) -> int:
        return self._n_rows

    def rows(self, start: int, stop: int) -> Parts:
        """Rows ``start .. stop - 1``, mapped.

        Raises
        ------
        IndexCorruptError
            They were altered since they were written.
        """
        return {part: rows.rows(start, stop) for part, rows in self._parts.items()}

    def take(self, rows: NDArray[np.integer]) -> Parts:
        """Scattered rows; see `rows`."""
        return {part: mine.take(rows) for part, mine in self._parts.items()}


class DecodedRows:
    """Embeddings of a shard that has nothing but a copy of a byte a dimension: what that says.

    Examples
    --------
    >>> DecodedRows(copy).take(np.array([7, 3]))  # doctest: +SKIP
    """

    def __init__(self, copy: CopyRows) -> None:
        self._copy = copy

    def __len__(self) -> int:
        return len(self._copy)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Rows ``start .. stop - 1``, float32."""
        return decode(Int8Block.of(self._copy.rows(start, stop)))

    def take(self, rows: NDArray[np.integer]) -> NDArray[np.float32]:
        """Scattered rows, float32."""
        return decode(Int8Block.of(self._copy.take(rows)))


def checked(
    path: Path, about: BlockSums, shape: tuple[int, int], dtype: np.dtype[np.generic]
) -> CheckedRows:
    """Map a file of a copy.

    Raises
    ------
    IndexCorruptError
        It cannot be read, or is not one of these rows.
    """
    array = mapped(path)
    if array.shape != shape or array.dtype != dtype or path.name not in about.files:
        raise IndexCorruptError(f"{path} is not a copy of this shard's embeddings; remove it")
    return CheckedRows(array, path, about.files[path.name], about.block_bytes)


def _shared(
    folder: Path, about: CopyAbout, codec: Codec, parts: Mapping[str, CheckedRows]
) -> dict[str, NDArray[Any]]:
    """Read the arrays that all rows share: those of the copy's files that hold no rows."""
    own = {file_of(codec, part) for part in parts}
    found = {}
    for name in about.files:
        part = name.removeprefix(f"{codec.stem}_").removesuffix(".npy")
        if name not in own:
            if file_of(codec, part) != name or not part.isidentifier():
                path = folder / about_file(codec)
                raise IndexCorruptError(f"{path} names {name!r}, which is no file of a copy")
            found[part] = _whole(folder / name, about)
    return found


def _whole(path: Path, about: BlockSums) -> NDArray[Any]:
    """Read an array that all rows share."""
    array = mapped(path)
    if array.ndim != 2:
        raise IndexCorruptError(f"{path} is not a copy of this shard's embeddings; remove it")
    rows = CheckedRows(array, path, about.files[path.name], about.block_bytes)
    return np.array(rows.rows(0, len(array)))


def _version(codec: Codec) -> int | None:
    return None if codec.version == 1 else codec.version


def _refuse_others(
    codec: Codec, found: Parts, layout: Mapping[str, tuple[int, str]], n_rows: int
) -> None:
    """Refuse arrays that are not those of the layout."""
    for part, (width, dtype) in layout.items():
        array = found.get(part)
        if array is None or array.shape != (n_rows, width) or array.dtype != np.dtype(dtype):
            given = "none" if array is None else f"{array.dtype} {list(array.shape)}"
            raise UsageError(
                f"the codec {codec.name} says that it makes {part or 'codes'} of {dtype} "
                f"[{n_rows}, {width}], and made {given}: mend its encode or its layout"
            )
