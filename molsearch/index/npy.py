"""``.npy`` files: written row by row, whose row count is known only at the end, and mapped."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from molsearch.errors import IndexCorruptError, first_line


class RowWriter:
    """Append blocks of rows to a two-dimensional ``.npy`` file, holding none of them.

    NumPy pads a header so that the first axis may grow within it; the final row count is
    therefore written over the first header when the writer closes.

    Parameters
    ----------
    path
        File to create.
    width
        Number of columns.
    dtype
        Little-endian on disk whatever the machine.

    Examples
    --------
    >>> with RowWriter(Path("embeddings.npy"), 256, "float16") as rows:  # doctest: +SKIP
    ...     rows.append(block)  # [n, 256]
    """

    def __init__(self, path: Path, width: int, dtype: DTypeLike) -> None:
        self.width = width
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.n_rows = 0
        self._handle = path.open("wb")
        self._data_start = self._write_header()

    def __enter__(self) -> RowWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._handle.seek(0)
                if self._write_header() != self._data_start:
                    raise RuntimeError("the .npy header outgrew its padding")
        finally:
            self._handle.close()

    def append(self, block: NDArray[np.generic]) -> None:
        """Write `block` ``[n, width]`` after the rows so far."""
        if block.ndim != 2 or block.shape[1] != self.width:
            raise ValueError(f"expected [n, {self.width}], got {block.shape}")
        self._handle.write(np.ascontiguousarray(block, dtype=self.dtype).tobytes())
        self.n_rows += len(block)

    def _write_header(self) -> int:
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.n_rows, self.width),
        }
        np.lib.format.write_array_header_1_0(self._handle, header)
        return self._handle.tell()


def mapped(path: Path) -> NDArray[Any]:
    """Map a file from the disk, without reading it.

    Raises
    ------
    IndexCorruptError
        It is none, or cannot be read.
    """
    try:
        found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise IndexCorruptError(f"{path} cannot be read: {first_line(error)}") from error
    return found
