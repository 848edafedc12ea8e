"""Row-aligned files of the shards of one generation: mapped, and checked as they are read."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.blocks import BlockSums, CheckedRows, Rows
from molsearch.index.files import check_whole
from molsearch.index.layout import BLOCKS, EMBEDDINGS, FINGERPRINTS, RANKS
from molsearch.index.manifest import Manifest
from molsearch.index.models import read_model
from molsearch.index.npy import mapped
from molsearch.index.vectors.codec import Codec
from molsearch.index.vectors.copies import CopyRows, DecodedRows, about_file, write_copy
from molsearch.index.vectors.registry import INT8, codec_of

# Bytes of one kind of file, over the shards, that stay mapped from one search to the next: their
# pages count as this process's memory until the system wants them for something else. Those of
# further shards are mapped for each search anew, which takes longer than a scan of their rows:
# 0.09 ns a byte against 0.02. (To read them into memory that is used again takes 0.06, and calls
# for each MiB; to have the system map a file's pages at once, no less than to touch them.)
KEPT_MAPPED = 2**29


class ShardFiles:
    """Embeddings and fingerprints of a generation.

    Attributes
    ----------
    path
        Folder of the index.
    manifest
        The generation's manifest.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._sums: dict[int, BlockSums | None] = {}
        self._rows: dict[tuple[int, str], CheckedRows] = {}
        self._copies: dict[int, CopyRows | None] = {}
        self._kept_bytes: dict[str, int] = {}

    @property
    def dim(self) -> int:
        """Length of an embedding."""
        return self.manifest.plan.dim

    @property
    def n_rows(self) -> int:
        """Embedded molecules."""
        return self.manifest.n_ok

    @property
    def n_shards(self) -> int:
        """Number of shards."""
        return len(self.manifest.shards)

    @property
    def shard_rows(self) -> list[int]:
        """Rows of each shard."""
        return [shard.n_rows for shard in self.manifest.shards]

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Position of each shard's first row over all shards, and behind them that of the end."""
        return np.concatenate([[0], np.cumsum(self.shard_rows)]).astype(np.int64)

    def locate(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Shard of each row that is named by its position over all shards, and its place there."""
        shards = np.searchsorted(self.starts, rows, side="right") - 1
        return shards.astype(np.int64), rows - self.starts[shards]

    @property
    def recall(self) -> float | None:
        """Least of what `ShardEntry.recall` says; None where a search is exact."""
        found = [one.recall for one in self.manifest.shards if one.recall is not None]
        return None if self.codec is None else min(found, default=None)

    def embeddings(self, shard: int) -> NDArray[np.floating]:
        """Embeddings ``[rows, dim]`` of a shard, mapped from the disk, not read.

        Where they are stored in a byte a dimension, they are read, as float32.
        """
        if self._is_compact:
            return self.checked_embeddings(shard).rows(0, self.shard_rows[shard])
        return self._mapped(shard, EMBEDDINGS, self.dim, self.manifest.plan.dtype)

    def fingerprints(self, shard: int) -> NDArray[np.uint8]:
        """Packed ECFP4 fingerprints ``[rows, 256]`` of a shard, mapped from the disk."""
        return self._mapped(shard, FINGERPRINTS, 256, "uint8")

    def checked_embeddings(self, shard: int) -> Rows:
        """Embeddings of a shard for whoever looks at them row by row or scans them.

        Each block is compared with its checksum the first time that this process looks at it.
        """
        if self._is_compact:
            copy = self.copy(shard)
            assert copy is not None
            return DecodedRows(copy)
        return self._kept(shard, EMBEDDINGS, lambda: self.embeddings(shard))

    def checked_fingerprints(self, shard: int) -> CheckedRows:
        """Fingerprints of a shard; see `checked_embeddings`."""
        return self._kept(shard, FINGERPRINTS, lambda: self.fingerprints(shard))

    def ranks(self, shard: int) -> CheckedRows | None:
        """Places ``[rows, 1]`` of a shard's rows among themselves, by id (`molsearch.index.ranks`).

        None where the shard is older than they.
        """
        if RANKS not in self.manifest.shards[shard].files:
            return None
        return self._kept(shard, RANKS, lambda: self._mapped(shard, RANKS, 1, "uint32"))

    @cached_property
    def codec(self) -> Codec | None:
        """Of the copies that are scanned.

        None where it was added when the index was made and is not known here, which is told: the
        rows themselves are scanned, to the same end or a better one.
        """
        try:
            return codec_of(self.manifest.plan)
        except UsageError as error:
            warnings.warn(f"{error}; {self.path} is scanned without its copies", stacklevel=2)
            return None

    def copy(self, shard: int) -> CopyRows | None:
        """Embeddings of a shard in the form that is scanned (`molsearch.index.vectors`).

        None where the shard is small, or is older than this copy and cannot be given one.
        """
        if shard in self._copies:
            return self._copies[shard]
        found = self._compact_rows(shard) if self._is_compact else self._copy(shard)
        if found is None or self._has_room("copies", len(found) * found.n_bytes):
            self._copies[shard] = found
        return found

    def _copy(self, shard: int) -> CopyRows | None:
        entry, codec = self.manifest.shards[shard], self.codec
        if codec is None:
            return None
        folder, source = self.path / entry.folder, entry.files[EMBEDDINGS].sha256
        shape = (entry.n_rows, self.dim)
        rows = self._kept(shard, EMBEDDINGS, lambda: self.embeddings(shard))
        if about_file(codec) in entry.files:
            return CopyRows(folder, codec, rows, source, shape)
        if entry.n_rows < codec.least_rows or codec is not INT8:  # others are made with the shard
            return None
        try:
            return CopyRows(folder, codec, rows, source, shape)
        except IndexCorruptError:
            pass
        try:
            write_copy(folder, rows, source, codec, self.dim)
        except OSError:  # not ours to write, or full: the rows themselves are scanned
            return None
        return CopyRows(folder, codec, rows, source, shape)

    @property
    def _is_compact(self) -> bool:
        return self.manifest.plan.dtype == "int8"

    def _compact_rows(self, shard: int) -> CopyRows:
        entry = self.manifest.shards[shard]
        shape = (entry.n_rows, self.dim)
        return CopyRows(self.path / entry.folder, INT8, None, None, shape)

    def _file(self, shard: int, name: str) -> Path:
        return self.path / self.manifest.shards[shard].folder / name

    def _kept(self, shard: int, name: str, mapped: Callable[[], NDArray]) -> CheckedRows:  # type: ignore[type-arg]
        """Map a file; while there is room for its kind it stays mapped for the next scan."""
        found = self._rows.get((shard, name))
        if found is None:
            found = self._checked(shard, name, mapped())
            if self._has_room(name, found.array.nbytes):
                self._rows[shard, name] = found
        return found

    def _has_room(self, kind: str, n_bytes: int) -> bool:
        """Take room for a file that is to stay mapped; those that come first have it."""
        kept = self._kept_bytes.get(kind, 0) + n_bytes
        if kept > KEPT_MAPPED:
            return False
        self._kept_bytes[kind] = kept
        return True

    def _checked(self, shard: int, name: str, array: NDArray) -> CheckedRows:  # type: ignore[type-arg]
        sums = self._block_sums(shard)
        of_file = None if sums is None else sums.files.get(name)
        return CheckedRows(
            array, self._file(shard, name), of_file, 1 if sums is None else sums.block_bytes
        )

    def _block_sums(self, shard: int) -> BlockSums | None:
        """Read the sums of a shard's blocks; None where the index is older than they."""
        if shard not in self._sums:
            entry = self.manifest.shards[shard].files.get(BLOCKS)
            path = self._file(shard, BLOCKS)
            if entry is not None:
                check_whole(path, entry)
            self._sums[shard] = None if entry is None else read_model(path, BlockSums)
        return self._sums[shard]

    def _mapped(self, shard: int, name: str, width: int, dtype: str) -> NDArray:  # type: ignore[type-arg]
        path = self._file(shard, name)
        array = mapped(path)
        due = (self.manifest.shards[shard].n_rows, width)
        if array.shape != due or array.dtype != np.dtype(dtype):
            raise IndexCorruptError(
                f"{path} holds {array.dtype} {list(array.shape)}, not {dtype} {list(due)}"
            )
        return array
