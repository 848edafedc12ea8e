"""Merge indexes into one: of several libraries one after the other, or of the parts of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch.errors import EncoderMismatchError, UsageError
from molsearch.index.carried import carry_companions
from molsearch.index.change import Piece, Write, finish, write_pieces
from molsearch.index.compact import shard_sizes
from molsearch.index.generation import check_target, start_generation, storage_errors
from molsearch.index.layout import FACTS, generation_folder
from molsearch.index.manifest import LibraryEntry, Manifest
from molsearch.index.parts import Parts
from molsearch.index.plan import Change, IndexPlan
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.rows import RowStream
from molsearch.index.stored import (
    Stored,
    conformed,
    record_schema,
    renumbered,
    stored_tables,
)
from molsearch.index.vectors.registry import codec_of
from molsearch.index.writer import existing_index
from molsearch.io.hashing import sha256_json
from molsearch.progress import OnProgress
from molsearch.store.lock import writer_lock


def merge_indexes(
    paths: Sequence[Path],
    out: Path,
    *,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> IndexReader:
    """Merge finished indexes of one encoder into the folder `out`.

    All parts of one library (`molsearch.index.plan.Part`) give the index that one run would
    have made. Other indexes follow one another, their records numbered on.

    Raises
    ------
    UsageError
        They do not belong together, a part is missing, or `out` holds something else.
    EncoderMismatchError
        They were made by different encoders.
    InputError, IndexCorruptError
        One is no index, or damaged.
    """
    check_target(out)
    if len(paths) < 2:
        raise UsageError("a merge needs two indexes or more")
    if len({path.resolve() for path in (*paths, out)}) <= len(paths):
        raise UsageError("an index is named twice; the output must be another folder too")
    merging: Merging | Parts | None = Parts.of(paths)
    if merging is None:
        merging = Merging([open_index(path) for path in paths])
    readers = merging.readers
    _refuse_mixture(readers)
    plan = merging.plan()
    codec_of(plan)  # known, or refused before anything is written
    needed = sum(entry.n_bytes for one in readers for shard in one.manifest.shards
                 for entry in shard.files.values())  # fmt: skip
    with storage_errors(out, lambda: needed), writer_lock(out):
        if not overwrite and (found := existing_index(out, plan)) is not None:
            return found
        number = start_generation(out, plan, resume=True, overwrite=overwrite)
        manifest = merging.manifest(number, plan)
        tables = conformed(merging.tables(), record_schema(readers))
        known = [reader.recall for reader in readers if reader.recall is not None]
        recall = min(known, default=None)
        stream, embedder = RowStream(tables), Stored(plan.dim, plan.dtype, recall)
        sizes = shard_sizes(plan.n_rows, plan.shard_rows)
        pieces: list[Piece] = [Write(stream, size, embedder) for size in sizes]
        shards = write_pieces(out, manifest, pieces, on_progress)
        places = merging.places()
        _carry_facts(readers, places, generation_folder(out, number) / FACTS)
        carry_companions(out, shards, readers, places)
        finish(out, manifest, shards, merging.failures())
    return open_index(out)


class Merging:
    """Indexes of several libraries, one after the other."""

    def __init__(self, readers: Sequence[IndexReader]) -> None:
        self.readers = list(readers)

    def plan(self) -> IndexPlan:
        """Plan of the whole."""
        libraries = [reader.manifest.plan.library for reader in self.readers]
        of = sha256_json(["merged", *libraries])
        n_rows = sum(reader.n_rows for reader in self.readers)
        change = Change(kind="merge", base=0, of=of, what=f"{len(libraries)} indexes", n=n_rows)
        first = self.readers[0].manifest.plan
        return first.model_copy(update={"library": of, "n_rows": n_rows, "change": change})

    def manifest(self, number: int, plan: IndexPlan) -> Manifest:
        """Manifest of the whole, but for what writing it will tell."""
        all_ = [reader.manifest for reader in self.readers]
        library = LibraryEntry(
            sources=tuple(name for one in all_ for name in one.library.sources),
            prepare=all_[0].library.prepare,
            rdkit=all_[0].library.rdkit,
            reading=tuple(reading for one in all_ for reading in one.library.reading),
        )
        assert plan.change is not None
        return all_[0].model_copy(
            update={
                "generation": number,
                "plan": plan,
                "library": library,
                "n_dropped": sum(one.n_dropped for one in all_),
                "changes": (plan.change,),
            }
        )

    def tables(self) -> Iterator[pa.Table]:
        """Yield all rows."""
        for reader, offset in zip(self.readers, self._offsets(), strict=True):
            yield from stored_tables(reader, range(reader.n_shards), offset=offset)

    def failures(self) -> Iterator[pa.Table]:
        """Yield all failures."""
        for reader, offset in zip(self.readers, self._offsets(), strict=True):
            yield renumbered(reader.failures(), offset)

    def places(self) -> NDArray[np.int64]:
        """Where each row of the readers, one after the other, stands in the whole."""
        return np.arange(sum(reader.n_rows for reader in self.readers))

    def _offsets(self) -> list[int]:
        counts = [reader.manifest.n_in for reader in self.readers]
        return [sum(counts[:place]) for place in range(len(counts))]


def _carry_facts(readers: Sequence[IndexReader], places: NDArray[np.int64], folder: Path) -> None:
    """Keep the facts that were computed of each."""
    first = 0
    for reader in readers:
        reader.facts.kept.carry_to(folder, places[first : first + reader.n_rows])
        first += reader.n_rows


def _refuse_mixture(readers: Sequence[IndexReader]) -> None:
    """Refuse indexes whose rows could not be searched with the same query."""
    first = readers[0]
    for other in readers[1:]:
        if other.identity != first.identity:
            from molsearch.nn.bundled import named

            raise EncoderMismatchError(
                f"{other.path} was made by encoder {named(other.identity)}, {first.path} by "
                f"{named(first.identity)}: their embeddings cannot be compared; index both with one"
            )
        mine, theirs = first.manifest, other.manifest
        if mine.plan.storage != theirs.plan.storage:
            raise UsageError(
                f"{other.path} holds {theirs.plan.storage}, {first.path} {mine.plan.storage}; "
                "index both alike"
            )
        if mine.library.prepare != theirs.library.prepare:
            fields = type(mine.library.prepare).model_fields
            changed = [
                f"{name}={getattr(theirs.library.prepare, name)!r}, not "
                f"{getattr(mine.library.prepare, name)!r}"
                for name in fields
                if getattr(theirs.library.prepare, name) != getattr(mine.library.prepare, name)
            ]
            raise UsageError(
                f"{other.path} was prepared otherwise than {first.path} ({'; '.join(changed)}); "
                "index both alike"
            )
