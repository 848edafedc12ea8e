"""Checksums of a file's blocks, each compared the first time that a process looks at the block.

The checksums of whole files are for `verify`: reading all of an index before every search would
cost more than the search. A scan reads its blocks anyway, and xxh3 sums them faster than a disk
delivers them (``benchmarks/block_checks.py``), so no altered bit can change a hit list unseen.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import xxhash
from numpy.typing import NDArray
from pydantic import Field

from molsearch.config import Config
from molsearch.errors import IndexCorruptError

BLOCK_BYTES = 2**16
_DIGITS = 16  # of a sum
_READ_AT_ONCE = 2**22

#: Blocks that this process has still to compare, by the file's place and the sums it should have.
_unseen: dict[tuple[int, int, int, str], NDArray[np.bool_]] = {}


class BlockSums(Config):
    """Sums of the files of a shard: one xxh3 of 64 bits a block, in hexadecimal, joined."""

    block_bytes: int = Field(default=BLOCK_BYTES, gt=0)
    files: dict[str, str]


def block_sums(path: Path) -> str:
    """Sum the blocks of a finished file."""
    sums: list[str] = []
    with path.open("rb") as handle:
        while content := handle.read(_READ_AT_ONCE):
            view = memoryview(content)
            sums += [
                xxhash.xxh3_64_hexdigest(view[first : first + BLOCK_BYTES])
                for first in range(0, len(view), BLOCK_BYTES)
            ]
    return "".join(sums)


class BlockGuard:
    """Compares the blocks of one file with their sums, each once a process.

    Parameters
    ----------
    path
        The file.
    sums
        As `block_sums` gives them.
    block_bytes
        Length of a block.
    content
        All bytes of the file where they are mapped; they are read from `path` otherwise.
    """

    def __init__(
        self, path: Path, sums: str, block_bytes: int, content: memoryview | None = None
    ) -> None:
        self._path, self._sums, self._block = path, sums, block_bytes
        self._content = content
        found = path.stat()
        key = (found.st_dev, found.st_ino, found.st_mtime_ns, sums)
        if key not in _unseen:
            _unseen[key] = np.ones(len(sums) // _DIGITS, dtype=np.bool_)
        self._left = _unseen[key]

    def check(self, start: int, stop: int) -> None:
        """Compare the blocks that bytes ``start .. stop - 1`` of the file lie in.

        Raises
        ------
        IndexCorruptError
            A block was altered since it was written.
        """
        if stop > start:
            first, last = start // self._block, (stop - 1) // self._block
            left = self._left[first : last + 1]
            if left.any():
                self._compare(np.flatnonzero(left) + first)

    def check_rows(self, rows: NDArray[np.integer], offset: int, width: int) -> None:
        """Compare the blocks of scattered rows of `width` bytes, the first at byte `offset`."""
        if not self._left.any():
            return
        starts = offset + rows.astype(np.int64) * width
        touched = np.unique(
            np.concatenate([starts // self._block, (starts + width - 1) // self._block])
        )
        self._compare(touched[self._left[touched]])

    def _compare(self, blocks: NDArray[np.int64]) -> None:
        if not len(blocks):
            return
        if self._content is not None:
            self._compare_from(self._mapped, blocks)
            return
        with self._path.open("rb", buffering=0) as handle:

            def read(start: int) -> bytes:
                handle.seek(start)
                return handle.read(self._block)

            self._compare_from(read, blocks)

    def _mapped(self, start: int) -> memoryview:
        assert self._content is not None
        return self._content[start : start + self._block]

    def _compare_from(
        self, read: Callable[[int], bytes | memoryview], blocks: NDArray[np.int64]
    ) -> None:
        for block in blocks.tolist():
            due = self._sums[block * _DIGITS : (block + 1) * _DIGITS]
            if xxhash.xxh3_64_hexdigest(read(block * self._block)) != due:
                raise IndexCorruptError(
                    f"{self._path} was altered or damaged since it was written (block {block}): "
                    "restore it, or build the index again with --overwrite"
                )
            self._left[block] = False


class Rows(Protocol):
    """Rows of a shard, to be scanned or looked at one by one."""

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Rows ``start .. stop - 1``."""
        ...

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Scattered rows, in their order."""
        ...


class CheckedRows:
    """Rows of a mapped ``.npy`` file, compared with their sums as they are looked at.

    Parameters
    ----------
    array
        Mapped by ``numpy.load``, ``[rows, width]``.
    path, sums
        Its file and what the file's blocks should sum to; None where the index is older than
        these sums.
    """

    def __init__(self, array: NDArray[Any], path: Path, sums: str | None, block_bytes: int) -> None:
        self.array = np.asarray(array)  # a memmap's own slicing takes longer than its rows
        self._guard: BlockGuard | None = None
        self._width: int = array.strides[0]
        self._offset = 0
        mapped = array.base
        if sums is not None and isinstance(mapped, mmap.mmap):
            content = memoryview(mapped)
            self._offset = len(content) - array.nbytes  # the header's length
            self._guard = BlockGuard(path, sums, block_bytes, content)

    @classmethod
    def of(cls, path: Path) -> CheckedRows:
        """Map a file that was written just now, whose sums nobody needs to compare."""
        return cls(np.load(path, mmap_mode="r", allow_pickle=False), path, None, 1)

    def __len__(self) -> int:
        return len(self.array)

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Rows ``start .. stop - 1``, mapped.

        Raises
        ------
        IndexCorruptError
            They were altered since they were written.
        """
        if self._guard is not None:
            stop = min(stop, len(self.array))
            first = self._offset + start * self._width
            self._guard.check(first, first + (stop - start) * self._width)
        return self.array[start:stop]

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Copy scattered rows; see `rows`."""
        if self._guard is not None and len(rows):
            self._guard.check_rows(rows, self._offset, self._width)
        return self.array.take(rows, axis=0)  # twice as fast as by its index


class HeldRows:
    """Rows in memory, as `Rows`."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """Rows ``start .. stop - 1``."""
        return self.array[start:stop]

    def take(self, rows: NDArray[np.integer]) -> NDArray[Any]:
        """Scattered rows, in their order."""
        return self.array[rows]
