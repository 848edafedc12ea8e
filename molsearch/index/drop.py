"""Drop molecules from an index by their ids, as its next generation."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from molsearch import schema
from molsearch.errors import UsageError
from molsearch.index.carried import carry_companions
from molsearch.index.change import Link, Piece, Write, begin, finish, write_pieces
from molsearch.index.layout import FACTS, generation_folder
from molsearch.index.plan import Change
from molsearch.index.reader import IndexReader
from molsearch.index.rows import RowStream
from molsearch.index.stored import Stored, stored_tables
from molsearch.progress import OnProgress
from molsearch.words import counted


@dataclass(frozen=True)
class Dropping:
    """Rows that have one of some ids.

    Attributes
    ----------
    keep
        For each shard, bool ``[rows]``: those that stay.
    unknown
        Ids that no molecule of the index has, in the order given.
    n_ids
        Ids that some molecule has.
    """

    keep: tuple[NDArray[np.bool_], ...]
    unknown: tuple[str, ...]
    n_ids: int

    @property
    def n(self) -> int:
        """Molecules to be dropped."""
        return sum(int((~keep).sum()) for keep in self.keep)


def find_ids(reader: IndexReader, ids: Collection[str]) -> Dropping:
    """Find the molecules of an index that have one of `ids`."""
    wanted = list(dict.fromkeys(ids))
    values = pa.array(wanted, pa.string())
    seen: set[str] = set()
    keep = []
    for shard in range(reader.n_shards):
        masks = [np.empty(0, bool)]
        for batch in reader.records(shard).iter_batches(columns=[schema.MOLECULE_ID]):
            found = pc.is_in(batch.column(0), value_set=values)
            seen.update(batch.column(0).filter(found).to_pylist())
            masks.append(~found.to_numpy(zero_copy_only=False))
        keep.append(np.concatenate(masks))
    unknown = tuple(one for one in wanted if one not in seen)
    return Dropping(tuple(keep), unknown, len(wanted) - len(unknown))


def drop_molecules(
    reader: IndexReader,
    dropping: Dropping,
    change: Change,
    *,
    overwrite: bool,
    on_progress: OnProgress | None = None,
) -> None:
    """Write those shards anew that lose molecules; the others are shared, not copied.

    Raises
    ------
    UsageError
        Nothing would be left.
    """
    old = reader.manifest
    if dropping.n == old.n_ok:
        raise UsageError(
            f"all {counted(old.n_ok, 'molecule')} of {reader.path} would be dropped; remove the "
            "folder "
            "instead"
        )
    pieces: list[Piece] = []
    n_rows = 0
    for shard, (entry, keep) in enumerate(zip(old.shards, dropping.keep, strict=True)):
        if keep.all():
            pieces.append(Link(entry))
            n_rows += entry.n_rows + entry.n_failed
        elif n_kept := int(keep.sum()):
            stream = RowStream(stored_tables(reader, [shard], keep={shard: keep}))
            pieces.append(Write(stream, n_kept, Stored(reader.dim, old.plan.dtype, reader.recall)))
            n_rows += n_kept
    manifest = begin(reader, change, n_rows=n_rows, overwrite=overwrite)
    shards = write_pieces(reader.path, manifest, pieces, on_progress)
    keep = np.concatenate(dropping.keep)
    places = np.where(keep, np.cumsum(keep) - 1, -1)
    folder = generation_folder(reader.path, manifest.generation)
    reader.facts.kept.carry_to(folder / FACTS, places)
    carry_companions(reader.path, shards, [reader], places)
    manifest = manifest.model_copy(update={"n_dropped": old.n_dropped + dropping.n})
    finish(reader.path, manifest, shards, [reader.failures()])
