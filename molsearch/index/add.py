"""Add the molecules of a prepared set to an index, as its next generation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from molsearch import schema
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_table import FAILURES as FAILURE_SCHEMA
from molsearch.errors import InputError
from molsearch.index.change import Link, Piece, Write, begin, finish, write_pieces
from molsearch.index.embedder import Embedder
from molsearch.index.layout import FACTS, FAILURES, generation_folder
from molsearch.index.manifest import Manifest, ShardEntry
from molsearch.index.plan import Change
from molsearch.index.reader import IndexReader
from molsearch.index.rows import RowStream
from molsearch.index.shared import Shared, shared
from molsearch.index.stored import renumbered
from molsearch.index.writer import account_of
from molsearch.io import parquet
from molsearch.progress import OnProgress
from molsearch.words import counted

STAGE_DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Addition:
    """What is to be added, compared with what is there.

    Attributes
    ----------
    parents, ids
        New molecules whose parent, or whose id, the index has already.
    skip
        Whether those whose parent it has are left out.
    """

    prepared: PreparedSet
    parents: Shared
    ids: Shared
    skip: bool

    @property
    def n_rows(self) -> int:
        """Molecules to be embedded."""
        return self.prepared.n_ok - (self.parents.n if self.skip else 0)

    def tables(self, offset: int) -> Iterator[pa.Table]:
        """Yield the molecules to be embedded, numbered on from `offset`."""
        for number, table in enumerate(self.prepared.iter_tables()):
            if self.skip:
                table = table.filter(pa.array(~self.parents.mask(number)))
            yield renumbered(table, offset)

    def failures(self, offset: int) -> Iterator[pa.Table]:
        """Yield what could not be prepared, then what is left out."""
        for table in self.prepared.iter_failures():
            yield renumbered(table, offset)
        if self.skip:
            for number, table in enumerate(self.prepared.iter_tables()):
                mask = self.parents.mask(number)
                names = [name for name in self.parents.known[number] if name is not None]
                if mask.any():
                    yield renumbered(_left_out(table.filter(pa.array(mask)), names), offset)


def compare(reader: IndexReader, prepared: PreparedSet, *, skip: bool) -> Addition:
    """Find which molecules of a prepared set an index has already."""
    found = []
    for column in (schema.PARENT_SMILES, schema.MOLECULE_ID):
        columns = list(dict.fromkeys([column, schema.MOLECULE_ID]))
        found.append(shared(reader, column, prepared.iter_tables(columns)))
    return Addition(prepared, found[0], found[1], skip)


def add_molecules(
    reader: IndexReader,
    addition: Addition,
    embedder: Embedder,
    change: Change,
    *,
    overwrite: bool,
    on_progress: OnProgress | None = None,
) -> None:
    """Embed an addition into new shards behind those of an index that is held for a change.

    Old shards are shared with the generation before, not copied; records are numbered on.
    """
    if addition.n_rows == 0:
        raise InputError(
            f"nothing to add: the index has the parents of all "
            f"{counted(addition.prepared.n_ok, 'molecule')}; without --skip-duplicates they are "
            "added all the same"
        )
    old = reader.manifest
    offset = old.n_in
    n_rows = old.plan.n_rows + addition.n_rows
    manifest = begin(reader, change, n_rows=n_rows, overwrite=overwrite)
    stream = RowStream(addition.tables(offset))
    most = old.plan.shard_rows
    sizes = [min(most, addition.n_rows - first) for first in range(0, addition.n_rows, most)]
    pieces: list[Piece] = [Link(entry) for entry in old.shards]
    pieces += [Write(stream, size, embedder) for size in sizes]
    shards = write_pieces(reader.path, manifest, pieces, on_progress)
    folder = generation_folder(reader.path, manifest.generation)
    reader.facts.kept.carry_to(folder / FACTS)
    failures = _failures(reader, addition, offset, shards[len(old.shards) :])
    finish(reader.path, _accounted(manifest, addition.prepared), shards, failures)


def _accounted(manifest: Manifest, prepared: PreparedSet) -> Manifest:
    new, old = account_of(prepared), manifest.library
    library = old.model_copy(
        update={
            "sources": (*old.sources, *new.sources),
            "reading": (*old.reading, *new.reading),
        }
    )
    return manifest.model_copy(update={"library": library})


def _failures(
    reader: IndexReader, addition: Addition, offset: int, new: tuple[ShardEntry, ...]
) -> Iterator[pa.Table]:
    yield reader.failures()
    yield from addition.failures(offset)
    for entry in new:
        if entry.n_failed:
            yield parquet.read(reader.path / entry.folder / FAILURES)


def _left_out(table: pa.Table, names: list[str]) -> pa.Table:
    reasons = [f"the index has its parent already, as {name}" for name in names]
    columns = {name: table.column(name) for name in schema.FAILURE_COLUMNS[:4]}
    columns[schema.STAGE] = pa.array([STAGE_DUPLICATE] * len(names), pa.string())
    columns[schema.REASON] = pa.array(reasons, pa.string())
    columns[schema.INPUT] = table.column(schema.SMILES)
    return pa.table(columns).cast(FAILURE_SCHEMA)
