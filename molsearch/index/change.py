"""One generation made from another: shards taken over as they are, and shards written anew."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.files import describe
from molsearch.index.generation import prune, start_generation, storage_errors
from molsearch.index.layout import BATCH_ROWS, FAILURES, SHARD, generation_folder, shard_name
from molsearch.index.manifest import Manifest, ShardEntry, commit
from molsearch.index.models import write_model
from molsearch.index.plan import Change, IndexPlan
from molsearch.index.reader import IndexReader, find_index, newest
from molsearch.index.rows import RowStream
from molsearch.index.shard import (
    RowEmbedder,
    finished_shard,
    relative_folder,
    write_failures,
    write_shard,
)
from molsearch.index.stored import Stored
from molsearch.index.tally import Tally
from molsearch.index.vectors.registry import codec_of
from molsearch.io.atomic import fsync_folder, replacing
from molsearch.io.hashing import sha256_json
from molsearch.nn.lengths import LENGTH_TOLERANCE
from molsearch.progress import OnProgress
from molsearch.store.lock import writer_lock
from molsearch.words import counted

_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


@dataclass(frozen=True)
class Link:
    """A shard of the old generation, unchanged: its files are shared, not copied."""

    entry: ShardEntry


@dataclass(frozen=True)
class Write:
    """A shard of the next `n_rows` rows of a stream."""

    stream: RowStream
    n_rows: int
    embedder: RowEmbedder


Piece = Link | Write


@contextmanager
def changing(path: Path) -> Iterator[IndexReader]:
    """Hold the index at `path` for a change; yields what it holds now.

    Raises
    ------
    InputError
        There is no index.
    UsageError
        It cannot be written, another process is writing it, it is but a part of a library, or its
        codec is not known.
    IndexCorruptError
        It is damaged.
    """
    find_index(path)
    with storage_errors(path, lambda: 0), _held(path):
        reader, damage = newest(path)
        if damage is not None:
            raise damage  # a change takes no substitute for what it changes
        if reader.manifest.part is not None:
            raise UsageError(
                f"{path} is {reader.manifest.part} of a library, which is changed when it is "
                "whole: molsearch index merge first"
            )
        codec_of(reader.manifest.plan)  # known, or refused before anything is written
        yield reader


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(writer_lock(path))
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise
            raise UsageError(
                f"{path} cannot be changed, for it cannot be written ({error.strerror}): get the "
                "right to write there, or copy the index to where you have it and change the copy"
            ) from error
        yield


def library_after(base: str, change: Change) -> str:
    """Identity of a library after a change: equal for equal changes of equal libraries."""
    return sha256_json(["changed", base, change.kind, change.of])


def begin(reader: IndexReader, change: Change, *, n_rows: int, overwrite: bool) -> Manifest:
    """Open a generation for a change, or take up the unfinished one of the same change.

    Returns
    -------
    The manifest to be: of the old one what a change leaves as it is.
    """
    old = reader.manifest
    library = old.plan.library
    if change.kind != "compact":
        library = library_after(library, change)
    plan = old.plan.model_copy(update={"library": library, "n_rows": n_rows, "change": change})
    number = start_generation(reader.path, plan, resume=True, overwrite=overwrite)
    return old.model_copy(
        update={"generation": number, "plan": plan, "changes": (*old.changes, change)}
    )


def write_pieces(
    out: Path, manifest: Manifest, pieces: Iterable[Piece], on_progress: OnProgress | None
) -> tuple[ShardEntry, ...]:
    """Write the shards of a generation; those that an earlier run finished are kept."""
    folder = generation_folder(out, manifest.generation)
    entries: list[ShardEntry] = []
    tally = Tally(on_progress)
    tally.add(0, 0)
    for number, piece in enumerate(pieces):
        place = folder / shard_name(number)
        if isinstance(piece, Link):
            entries.append(_link(out, piece.entry, place))
        else:
            entries.append(_written(place, piece, manifest.plan, tally.add))
    return tuple(entries)


def finish(
    out: Path, manifest: Manifest, shards: tuple[ShardEntry, ...], failures: Iterable[pa.Table]
) -> None:
    """Write the failures, and make the generation the one that readers see."""
    path = generation_folder(out, manifest.generation) / FAILURES
    n_failed = write_failures(path, failures)
    n_ok = sum(entry.n_rows for entry in shards)
    whole = Manifest.model_validate(
        {
            **dict(manifest),
            "n_ok": n_ok,
            "n_failed": n_failed,
            "n_in": n_ok + n_failed + manifest.n_dropped,
            "shards": shards,
            "failures": describe(path),
        }
    )
    commit(out, whole)
    prune(out, whole.generation)


def _written(
    place: Path, piece: Write, plan: IndexPlan, count: Callable[[int, int], None]
) -> ShardEntry:
    entry = finished_shard(place)
    if entry is None:
        batches = piece.stream.take(piece.n_rows, BATCH_ROWS)
        stored = piece.embedder if isinstance(piece.embedder, Stored) else None
        entry = write_shard(
            place,
            batches,
            piece.embedder,
            plan.dtype,
            count,
            # Rounded rows are not quite of unit length, and none of them must go.
            tolerance=LENGTH_TOLERANCE if stored is None else 1.0,
            recall=None if stored is None else stored.recall,
            codec=codec_of(plan),
        )
    else:
        piece.stream.skip(piece.n_rows)
        count(entry.n_rows + entry.n_failed, entry.n_failed)
    if entry.n_rows + entry.n_failed != piece.n_rows:
        raise IndexCorruptError(
            f"{place} has {counted(entry.n_rows + entry.n_failed, 'row')} where {piece.n_rows} "
            "are due: what "
            "it is made from has changed; repeat the command"
        )
    return entry


def _link(out: Path, entry: ShardEntry, place: Path) -> ShardEntry:
    """Let the files of a shard stand in another generation too."""
    if place.exists():
        shutil.rmtree(place)
    place.mkdir(parents=True)
    # What was computed of the shard since, and stands beside its own files, comes along.
    names = {one.name for one in (out / entry.folder).glob("[!.]*") if one.is_file()}
    for name in sorted({*entry.files, *names} - {SHARD}):
        source = out / entry.folder / name
        try:
            os.link(source, place / name)
        except FileNotFoundError as error:
            raise IndexCorruptError(f"{source} is missing; restore it") from error
        except OSError:
            # A file system without such links, or with too many of this file.
            with replacing(place / name) as temporary:
                shutil.copyfile(source, temporary)
    moved = entry.model_copy(update={"folder": relative_folder(place)})
    write_model(place / SHARD, moved)
    fsync_folder(place.parent)
    return moved
