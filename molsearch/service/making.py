"""From files of molecules to an index, in a named folder or in the user's cache."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from molsearch.chem.records import expand_sources
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepare import NothingPreparedError
from molsearch.data.prepared import PreparedSet
from molsearch.errors import IndexCorruptError
from molsearch.index.embedder import Embedder
from molsearch.index.far import Embedded
from molsearch.index.fill import fill_facts
from molsearch.index.layout import MANIFEST
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.renamed import renamed
from molsearch.index.vectors.registry import Storage
from molsearch.index.writer import build_index
from molsearch.search.screen import Stopwatch
from molsearch.service.events import Emit, Note, Waiting, stage
from molsearch.service.library import CachePlace, cache_place, ensure_prepared, making
from molsearch.words import counted, noun
from molsearch.work.far import Far


@dataclass(frozen=True)
class Source:
    """Files of a library, and how they are read and prepared."""

    files: Sequence[str | Path]
    read: ReadConfig
    prepare: PrepareConfig
    limit: int | None = None
    workers: int = 1
    buckets: tuple[int, int, int] | None = None
    part: tuple[int, int] | None = None

    def seen_by(self, embedder: Embedder) -> Source:
        """For an encoder: what it sees is computed with the rest, where there are no conformers."""
        buckets = getattr(embedder, "buckets", None)
        if buckets is None or self.prepare.n_conformers:
            return self
        return replace(self, buckets=buckets.prepared)


def prepared_set(
    source: Source,
    folder: Path,
    emit: Emit,
    *,
    replace: bool,
    any_source: bool = False,
    far: Far | None = None,
) -> PreparedSet:
    """Prepare files into `folder`, or open what an earlier run left there.

    Parameters
    ----------
    replace, any_source, far
        As of `ensure_prepared`.

    Raises
    ------
    InputError
        A file cannot be read, or not one record can be prepared; then nothing is left.
    """
    try:
        with stage(emit, "preparing") as progress:
            return ensure_prepared(
                source.files,
                folder,
                source.read,
                source.prepare,
                workers=source.workers,
                replace=replace,
                any_source=any_source,
                limit=source.limit,
                buckets=source.buckets,
                part=source.part,
                far=far,
                on_progress=progress,
            )
    except NothingPreparedError:
        # A folder of nothing but failures would only stand in the way of the mended file.
        shutil.rmtree(folder, ignore_errors=True)
        if folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()
        raise


def index_of(
    prepared: PreparedSet,
    embedder: Embedder,
    out: Path,
    emit: Emit,
    *,
    overwrite: bool,
    resume: bool = True,
    storage: Storage | None = None,
    embedded: Embedded | None = None,
) -> IndexReader:
    """Embed a prepared set into an index, or open the index an earlier run left there."""
    kept = storage or Storage()
    with stage(emit, "embedding", prepared.n_ok) as progress:
        return build_index(
            prepared,
            embedder,
            out,
            resume=resume,
            overwrite=overwrite,
            dtype=kept.dtype,
            prefix=kept.prefix,
            codec=kept.codec,
            embedded=embedded,
            on_progress=progress,
        )


def fill(reader: IndexReader, facts: Sequence[str], emit: Emit, *, workers: int) -> int:
    """Compute facts of every molecule of an index that lacks them; returns how many did.

    Goes on where it stopped.
    """
    with stage(emit, "facts", reader.n_rows) as progress:
        computed = fill_facts(reader, facts, workers=workers, on_progress=progress)
    emit(
        Note(text=f"facts of {counted(computed, 'molecule')} computed and kept: {', '.join(facts)}")
    )
    if n_failed := reader.fact_failures().num_rows:
        emit(
            Note(
                text=f"{counted(n_failed, 'molecule')} {noun(n_failed, 'has', 'have')} a fact that "
                "cannot be computed: its cell stays empty (which and why: Index.failures() in "
                "Python)",
                important=True,
            )
        )
    return computed


def kept_index(source: Source, embedder: Embedder, emit: Emit, watch: Stopwatch) -> IndexReader:
    """Find a library's index in the user's cache, or make it there; a damaged one is made again.

    Raises
    ------
    UsageError
        The library comes from standard input.
    InputError
        It cannot be read.
    """
    with watch.stage("read library"):
        place = cache_place(
            source.files, source.read, source.prepare, embedder.identity, limit=source.limit
        )
    names = expand_sources(source.files)
    with suppress(IndexCorruptError):  # told below, where it is mended
        if (found := _found(place, embedder, emit)) is not None:
            return renamed(found, names)
    waiting = Waiting(reason="another run is making the index of this library")
    with making(place, lambda: emit(waiting)):
        try:
            found = _found(place, embedder, emit)
        except IndexCorruptError as error:
            emit(Note(text=f"{error}: it is made again", important=True))
            found = None
        if found is None:
            found = _make(source, place, embedder, emit, watch)
    return renamed(found, names)


def _found(place: CachePlace, embedder: Embedder, emit: Emit) -> IndexReader | None:
    if not (place.index / MANIFEST).exists():
        return None
    reader = open_index(place.index, identity=embedder.identity)
    if reader.manifest.changes:
        raise IndexCorruptError(f"{place.index} is no longer of the library alone")
    emit(Note(text=f"index of this library found in {place.index}"))
    return reader


def _make(
    source: Source, place: CachePlace, embedder: Embedder, emit: Emit, watch: Stopwatch
) -> IndexReader:
    emit(Note(text=f"index of this library will be kept in {place.index}"))
    with watch.stage("prepare library"):
        prepared = prepared_set(
            source.seen_by(embedder), place.prepared, emit, replace=True, any_source=True
        )
    if repeats := str(prepared.repeated_ids()):
        emit(Note(text=repeats))
    with watch.stage("embed library"):
        overwrite = place.index.exists()
        return index_of(prepared, embedder, place.index, emit, overwrite=overwrite)
