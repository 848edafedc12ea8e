"""Writing a prepared set, shard by shard, so that a kill at any moment leaves a valid set."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from molsearch.chem.columns import Block, block_of
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_manifest import (
    PreparedManifest,
    PreparedShard,
    PrepareRun,
    StoredFile,
    read_manifest,
    write_manifest,
)
from molsearch.data.prepared_shard import FarShard, write_shard
from molsearch.errors import MolSearchError, UsageError
from molsearch.io.atomic import refusal
from molsearch.io.folders import MANIFEST, RUN, SHARDS, Kind, look
from molsearch.schema import Failure, Prepared, Reading
from molsearch.store.lock import writer_lock
from molsearch.store.sweep import sweep
from molsearch.work.place import Place


class PreparedWriter:
    """Appends shards to the prepared set in `folder`; made by `writing`."""

    def __init__(self, folder: Path, manifest: PreparedManifest) -> None:
        self.folder = folder
        self.manifest = manifest

    def commit(self, outcomes: Sequence[Prepared | Failure]) -> None:
        """Write the outcomes of consecutive records; see `commit_blocks`."""
        self.commit_blocks([block_of(outcomes)])

    def commit_blocks(self, blocks: Sequence[Block]) -> None:
        """Write what became of consecutive records as the next shard and make it visible.

        Raises
        ------
        MolSearchError
            The disk refused (full, read-only); the set keeps what it held.
        """
        if not sum(block.n_in for block in blocks):
            return
        number = len(self.manifest.shards)
        with _explaining(self.folder):
            files = write_shard(self.folder / SHARDS, number, blocks, self.manifest.run.buckets)
            self._append(*files)

    def adopt(self, shard: FarShard, place: Place) -> None:
        """Take the files of the next shard from a place, and make it visible.

        Raises
        ------
        MolSearchError
            The place or the disk refused; the set keeps what it held.
        """
        with _explaining(self.folder):
            for put, stored in shard.files:
                place.take(put, self.folder / stored.file)
            self._append(*(stored for _, stored in shard.files))

    def _append(self, records: StoredFile, failures: StoredFile) -> None:
        shard = PreparedShard(
            first_record=self._first_record(len(self.manifest.shards)),
            n_in=records.rows + failures.rows,
            records=records,
            failures=failures,
        )
        self._publish(self.manifest.model_copy(update={"shards": self._with(shard)}))
        assert self.manifest.n_in == self.manifest.n_ok + self.manifest.n_failed

    def finish(self, reading: Sequence[Reading] = ()) -> None:
        """Mark the set as complete, and note how its sources were read."""
        with _explaining(self.folder):
            self._publish(
                self.manifest.model_copy(update={"complete": True, "reading": tuple(reading)})
            )

    def _first_record(self, shard: int) -> int:
        run = self.manifest.run
        return self.manifest.n_in + 1 if run.part is None else run.first_record(shard)

    def _with(self, shard: PreparedShard) -> tuple[PreparedShard, ...]:
        return (*self.manifest.shards, shard)

    def _publish(self, manifest: PreparedManifest) -> None:
        write_manifest(self.folder, manifest)
        self.manifest = manifest


@contextmanager
def writing(
    folder: Path, run: PrepareRun, *, resume: bool = True, overwrite: bool = False
) -> Iterator[PreparedWriter]:
    """Lock `folder` and open it for writing: new, or continued where the same run stopped.

    Raises
    ------
    UsageError
        Another process writes there, or `folder` holds something that is not this run's.
    IndexCorruptError
        `folder` holds a damaged prepared set.
    """
    _refuse_foreign(folder)
    with ExitStack() as stack:
        with _explaining(folder):
            stack.enter_context(writer_lock(folder, "wait for it, or choose another -o"))
        if overwrite:
            _empty(folder)
        yield PreparedWriter(folder, _start(folder, run, resume=resume))


def _start(folder: Path, run: PrepareRun, *, resume: bool) -> PreparedManifest:
    sweep(folder, folder / SHARDS)
    if not (folder / MANIFEST).exists():
        with _explaining(folder):
            write_manifest(folder, PreparedManifest(run=run))
        return PreparedManifest(run=run)
    manifest = read_manifest(folder)
    if not resume:
        raise UsageError(f"{folder} exists: give --overwrite to replace it, or another -o")
    if difference := _difference(manifest.run, run):
        raise UsageError(
            f"{folder} was made with {difference}: give --overwrite to replace it, or another -o"
        )
    if any(source.name == "-" for source in run.sources):
        raise UsageError(
            f"{folder} exists and standard input cannot be resumed: "
            "give --overwrite to replace it, or another -o"
        )
    PreparedSet.open(folder, allow_unfinished=True)
    return manifest


def _difference(old: PrepareRun, new: PrepareRun) -> str:
    """Name the first thing in which two runs differ; empty for equal runs."""
    for name in ("sources", "read", "prepare"):
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if name == "sources":
            return "another or since changed input"
        fields = type(before).model_fields
        changed = [one for one in fields if getattr(before, one) != getattr(after, one)]
        return ", ".join(
            f"{one}={getattr(before, one)!r} (now {getattr(after, one)!r})" for one in changed
        )
    for name in ("limit", "shard_records", "rdkit", "part"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            return f"{name} {before} (now {after})"
    return ""


def _refuse_foreign(folder: Path) -> None:
    """Never write into, let alone empty, a folder that holds anything but a prepared set."""
    found = look(folder)
    if found.kind not in (Kind.NOTHING, Kind.EMPTY, Kind.PREPARED):
        raise UsageError(f"{folder} is {found}, no prepared set: choose another -o")


def _empty(folder: Path) -> None:
    """Forget the set first, then its shards, so that no manifest ever names a missing file."""
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder / SHARDS, ignore_errors=True)
    (folder / RUN).unlink(missing_ok=True)


@contextmanager
def _explaining(folder: Path) -> Iterator[None]:
    """Turn the disk's refusals into one line that says how to go on."""
    try:
        yield
    except OSError as error:
        raise MolSearchError(
            f"cannot write {refusal(error, folder)} and run the same command again; what "
            f"{folder} held is whole"
        ) from error
