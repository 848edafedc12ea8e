"""The lists of an index, opened for searches."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError
from molsearch.index.ann.joint import Joint
from molsearch.index.ann.lists import Centroids, ShardLists
from molsearch.index.ann.manifest import ABOUT, About, Named, Trained, folder_of, read_about
from molsearch.index.files import check_quick, check_whole
from molsearch.index.reader import IndexReader

Excluded = Sequence[NDArray[np.bool_]]
_Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Opened:
    """The lists of a generation.

    Attributes
    ----------
    joint
        Makes the vectors that are searched with.
    starts
        int64 ``[n_shards + 1]``: position of each shard's first row.
    """

    trained: Trained
    joint: Joint
    centroids: Centroids
    shards: tuple[ShardLists, ...]
    starts: NDArray[np.int64]

    def candidates(
        self,
        queries: NDArray[np.float32],
        probes: int,
        depth: int,
        excluded: Excluded | None = None,
    ) -> NDArray[np.int64]:
        """Rows, by their positions, that may be among the best for any query; each once."""
        every = np.unique(self.nearest(queries, probes, depth, excluded))
        return every[every >= 0]

    def nearest(
        self,
        queries: NDArray[np.float32],
        probes: int,
        depth: int,
        excluded: Excluded | None = None,
    ) -> NDArray[np.int64]:
        """Rows ``[m, depth]`` by their positions, the best for each query first; -1: no more.

        Parameters
        ----------
        queries
            float32 ``[m, width]``, as `joint` makes them.
        probes
            Lists looked into, the same in every shard.
        depth
            Rows taken for each query.
        """
        probed = self.centroids.probed(queries, probes)
        rows = np.full((len(queries), 1), -1, np.int64)
        scores = np.full((len(queries), 1), -np.inf, np.float32)
        for number, shard in enumerate(self.shards):
            allowed = None if excluded is None else ~excluded[number]
            if allowed is not None and not allowed.any():
                continue
            found, estimated = shard.search(queries, probed, depth, allowed)
            found = np.where(found < 0, -1, found + self.starts[number])
            rows = np.concatenate([rows, found], axis=1)
            scores = np.concatenate([scores, np.where(found < 0, -np.inf, estimated)], axis=1)
            if rows.shape[1] > depth:
                best = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
                rows = np.take_along_axis(rows, best, 1)
                scores = np.take_along_axis(scores, best, 1)
        order = np.argsort(-scores, axis=1, kind="stable")
        return np.take_along_axis(rows, order, 1)


_opened: weakref.WeakKeyDictionary[IndexReader, tuple[_Stamp, About, Opened | None]] = (
    weakref.WeakKeyDictionary()
)


def opened(reader: IndexReader) -> tuple[About, Opened | None] | None:
    """Open the lists of an index, or find them open.

    Returns
    -------
    What they are, and they themselves: None where they are of other rows than the reader's; None
    for both where the index has none.

    Raises
    ------
    IndexCorruptError
        A file is missing or damaged.
    UsageError
        faiss is not installed.
    """
    place = folder_of(reader.path) / ABOUT
    try:
        found = place.stat()
    except OSError:
        return None
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
    kept = _opened.get(reader)
    if kept is None or kept[0] != stamp:
        try:
            about = read_about(reader.path)
            if about is None:
                return None
            lists = _open(reader, about) if about.fits(reader.manifest) else None
        except IndexCorruptError as error:
            reason = str(error).partition("; build the index again")[0]
            raise IndexCorruptError(
                f"{reason}; make the lists again: molsearch index ann -i {reader.path} --overwrite"
            ) from error
        kept = stamp, about, lists
        _opened[reader] = kept
    return kept[1], kept[2]


def _open(reader: IndexReader, about: About) -> Opened:
    folder = folder_of(reader.path)
    for one in about.shards:
        check_quick(folder / one.file.name, one.file.entry)
    return open_lists(reader, about.trained, [one.file for one in about.shards])


def open_lists(reader: IndexReader, trained: Trained, files: Sequence[Named]) -> Opened:
    """Open files of lists that belong to the shards of an index, in their order."""
    folder = folder_of(reader.path)
    centroids = Centroids(read_array(folder, trained.centroids))
    shards = [
        ShardLists(folder / file.name, centroids, n_rows)
        for file, n_rows in zip(files, reader.shard_rows, strict=True)
    ]
    return Opened(
        trained,
        Joint(read_array(folder, trained.projection)),
        centroids,
        tuple(shards),
        reader.starts,
    )


def read_array(folder: Path, file: Named) -> NDArray[np.float32]:
    """Read what all shards share, compared with its sha256.

    Raises
    ------
    IndexCorruptError
        It was altered.
    """
    check_whole(folder / file.name, file.entry)
    return np.asarray(np.load(folder / file.name, allow_pickle=False), np.float32)
