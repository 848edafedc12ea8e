"""Companions of shards that are written anew: taken over from the rows they are made of.

What took hours to compute, such as the embeddings of a second encoder, is not computed again
because a few molecules were dropped, or because two indexes became one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError
from molsearch.index.blocks import CheckedRows
from molsearch.index.companions import about_of, write_about
from molsearch.index.layout import RECORDS
from molsearch.index.manifest import ShardEntry
from molsearch.index.npy import RowWriter
from molsearch.index.reader import IndexReader
from molsearch.io.atomic import replacing

_ROWS_AT_ONCE = 4096

Kind = tuple[str, str, int, str]  # name, version, width, dtype


@dataclass(frozen=True)
class _Old:
    """Companions of one shard, and where its first row stands over all that are taken over."""

    n_rows: int
    rows: dict[Kind, CheckedRows]


def carry_companions(
    out: Path,
    shards: Sequence[ShardEntry],
    readers: Sequence[IndexReader],
    places: NDArray[np.integer],
) -> None:
    """Give new shards the companions that all of their rows had.

    Parameters
    ----------
    out
        The index they are part of.
    shards
        Those of its new generation, in their order.
    readers
        What they were made of.
    places
        Where each row of the readers, one reader after the other, stands now; -1 where it does
        not.
    """
    old = [_companions(reader, shard) for reader in readers for shard in range(reader.n_shards)]
    kinds = list(dict.fromkeys(kind for one in old for kind in one.rows))
    if not kinds or (places >= 0).sum() != sum(entry.n_rows for entry in shards):
        return
    starts = np.concatenate([[0], np.cumsum([one.n_rows for one in old])]).astype(np.int64)
    origin = np.empty(int((places >= 0).sum()), np.int64)
    origin[places[places >= 0]] = np.flatnonzero(places >= 0)
    first = 0
    for entry in shards:
        rows = origin[first : first + entry.n_rows]
        first += entry.n_rows
        needed = np.unique(np.searchsorted(starts, rows, side="right") - 1)
        for kind in kinds:
            path = out / entry.folder / f"{kind[0]}.npy"
            if not path.with_suffix(".json").exists() and all(
                kind in old[shard].rows for shard in needed
            ):
                _carry(path, entry, kind, rows, [one.rows.get(kind) for one in old], starts)


def _carry(
    path: Path,
    entry: ShardEntry,
    kind: Kind,
    rows: NDArray[np.int64],
    old: Sequence[CheckedRows | None],
    starts: NDArray[np.int64],
) -> None:
    _, version, width, dtype = kind
    try:
        with replacing(path) as temporary, RowWriter(temporary, width, dtype) as writer:
            for first in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[first : first + _ROWS_AT_ONCE]
                shard = np.searchsorted(starts, some, side="right") - 1
                block = np.empty((len(some), width), dtype)
                for number in np.unique(shard):
                    mine = shard == number
                    source = old[number]
                    assert source is not None
                    block[mine] = source.take(some[mine] - starts[number])
                writer.append(block)
    except IndexCorruptError:
        return  # damaged: made again when it is asked for
    write_about(path, entry.files[RECORDS].sha256, version)


def _companions(reader: IndexReader, shard: int) -> _Old:
    entry = reader.manifest.shards[shard]
    found: dict[Kind, CheckedRows] = {}
    for path in sorted((reader.path / entry.folder).glob("*.npy")):
        if path.name in entry.files:
            continue
        try:
            about = about_of(path)
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            sums = about.files[path.name]
        except (OSError, ValueError, EOFError, KeyError, IndexCorruptError):
            continue
        if about.source == entry.files[RECORDS].sha256 and len(array) == entry.n_rows:
            kind = (path.stem, about.version, array.shape[1], array.dtype.str)
            found[kind] = CheckedRows(array, path, sums, about.block_bytes)
    return _Old(entry.n_rows, found)
