"""Build an index from a prepared set: resumable by the shard, visible only when whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa

from molsearch.data.prepared import PreparedSet
from molsearch.errors import IndexCorruptError, InputError, MolSearchError, UsageError
from molsearch.index.blocks import BLOCK_BYTES
from molsearch.index.embedder import Embedder, card_excerpt
from molsearch.index.files import describe
from molsearch.index.hold import remove_free
from molsearch.index.layout import (
    BATCH_ROWS,
    FAILURES,
    MANIFEST,
    MAX_SHARD_ROWS,
    PLAN,
    generation_folder,
    generations,
    shard_name,
)
from molsearch.index.lock import writer_lock
from molsearch.index.manifest import (
    LibraryEntry,
    Manifest,
    Plan,
    ShardEntry,
    commit,
    read_model,
    write_model,
)
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.rows import RowStream
from molsearch.index.shard import finished_shard, write_failures, write_shard
from molsearch.io import parquet
from molsearch.io.atomic import fsync_folder, refusal
from molsearch.io.folders import Kind, look

OnProgress = Callable[[int, int], None]


def build_index(
    prepared: PreparedSet,
    embedder: Embedder,
    out: Path,
    *,
    resume: bool = True,
    overwrite: bool = False,
    shard_rows: int = MAX_SHARD_ROWS,
    dtype: str = "float16",
    on_progress: OnProgress | None = None,
) -> IndexReader:
    """Embed a prepared set into the index folder `out`.

    An interrupted build of the same set by the same encoder goes on after its last finished
    shard, and its files equal those of an uninterrupted one byte for byte. A finished index of
    the same set and encoder is opened as it is. A new generation takes an old one's place only
    when it is whole.

    Parameters
    ----------
    resume
        Keep the finished shards of an interrupted build.
    overwrite
        Replace an index of another set or encoder, or build this one anew.
    shard_rows
        Rows a shard, at most ``2**18``.
    dtype
        ``"float16"`` or ``"float32"``.
    on_progress
        Called with molecules done and of these failed, first with what was done earlier.

    Raises
    ------
    UsageError
        `out` holds something else, or another process is writing it.
    IndexCorruptError
        `out` holds a damaged index and `overwrite` is not given.
    MolSearchError
        The disk is full or refuses.
    """
    if not 0 < shard_rows <= MAX_SHARD_ROWS:
        raise UsageError(f"a shard holds 1 to {MAX_SHARD_ROWS} rows, not {shard_rows}")
    if prepared.n_ok == 0:
        raise InputError(f"{prepared.path} holds no molecule: all {prepared.n_in} records failed")
    check_target(out)
    plan = Plan.model_validate(
        {
            "library": prepared.identity,
            "encoder": embedder.identity,
            "dim": embedder.dim,
            "dtype": dtype,
            "shard_rows": shard_rows,
            "n_rows": prepared.n_ok,
        }
    )
    with storage_errors(out, lambda: _bytes_needed(plan, prepared, out)), writer_lock(out):
        if not overwrite and (found := _existing(out, plan)) is not None:
            return found
        number = _start(out, plan, resume=resume, overwrite=overwrite)
        shards = _write_shards(out, number, plan, prepared, embedder, on_progress)
        commit(out, _finish(out, number, plan, prepared, embedder, shards))
        _prune(out, number)
    return open_index(out, identity=embedder.identity)


def check_target(out: Path) -> None:
    """Refuse a place that holds anything but an index.

    Raises
    ------
    UsageError
        `out` is a file, or a folder with other contents.
    """
    found = look(out)
    if found.kind not in (Kind.NOTHING, Kind.EMPTY, Kind.INDEX):
        raise UsageError(f"{out} is {found}, where an index cannot go; choose another output")


@contextmanager
def storage_errors(out: Path, needed: Callable[[], int]) -> Iterator[None]:
    """Turn what a disk refuses into one line that names the place and the mend."""
    try:
        yield
    except OSError as error:
        raise MolSearchError(
            f"cannot write {refusal(error, out, needed())} and repeat the command, which goes on "
            "where it stopped"
        ) from error


def _bytes_needed(plan: Plan, prepared: PreparedSet, out: Path) -> int:
    """Estimate what a build still has to write.

    Vectors are counted; records and fingerprints take about what they take in the prepared set.
    """
    newest = [generation_folder(out, number) for number in generations(out)[-1:]]
    begun = [folder for folder in newest if not (folder / MANIFEST).exists()]
    width = plan.dim * np.dtype(plan.dtype).itemsize
    records = sum(shard.records.size for shard in prepared.manifest.shards)
    there = sum(
        file.stat().st_size for folder in begun for file in folder.rglob("*") if file.is_file()
    )
    return max(plan.n_rows * width + records - there, BLOCK_BYTES)


def _existing(out: Path, plan: Plan) -> IndexReader | None:
    """Return the finished index where it is the one asked for; refuse where it is another."""
    if not (out / MANIFEST).exists():
        return None
    found = open_index(out)
    if found.manifest.plan == plan:
        return found
    same_library = found.manifest.plan.library == plan.library
    other = "another encoder or other settings" if same_library else "another library"
    raise UsageError(f"{out} holds an index of {other}; pass --overwrite to replace it")


def _start(out: Path, plan: Plan, *, resume: bool, overwrite: bool) -> int:
    """Open a generation to write in: the unfinished one of the same plan, or a new one."""
    number = max([_committed(out) + 1, *generations(out)])
    folder = generation_folder(out, number)
    if folder.exists() and not (resume and _plan_of(folder) == plan):
        if _plan_of(folder) not in (None, plan) and not overwrite:
            raise UsageError(
                f"{out} holds an unfinished index of another library or encoder; pass "
                "--overwrite to discard it"
            )
        shutil.rmtree(folder)
    for stray in (*out.glob(".*.tmp-*"), *folder.glob(".*.tmp-*")):
        stray.unlink(missing_ok=True)
    if not (folder / PLAN).exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_model(folder / PLAN, plan)
        # A power cut must not lose the folder that a later manifest names.
        fsync_folder(folder.parent)
        fsync_folder(out)
    return number


def _committed(out: Path) -> int:
    """Newest generation that readers may see; 0 where there is none."""
    try:
        return read_model(out / MANIFEST, Manifest).generation
    except IndexCorruptError:
        whole = (n for n in generations(out) if (generation_folder(out, n) / MANIFEST).exists())
        # Without any head, a whole generation was only never committed: it may be resumed.
        return max(whole, default=0) if (out / MANIFEST).exists() else 0


def _plan_of(folder: Path) -> Plan | None:
    try:
        return read_model(folder / PLAN, Plan)
    except IndexCorruptError:
        return None


def _write_shards(
    out: Path,
    number: int,
    plan: Plan,
    prepared: PreparedSet,
    embedder: Embedder,
    on_progress: OnProgress | None,
) -> list[ShardEntry]:
    stream = RowStream(prepared.iter_tables())
    n_shards = -(-plan.n_rows // plan.shard_rows)
    folders = [generation_folder(out, number) / shard_name(i) for i in range(n_shards)]
    finished = [finished_shard(folder) for folder in folders]
    failed = sum(entry.n_failed for entry in finished if entry is not None)
    done = sum(entry.n_rows for entry in finished if entry is not None) + failed
    entries: list[ShardEntry] = []

    def count(rows: int, bad: int) -> None:
        nonlocal done, failed
        done, failed = done + rows, failed + bad
        if on_progress is not None:
            on_progress(done, failed)

    count(0, 0)
    for i, (folder, entry) in enumerate(zip(folders, finished, strict=True)):
        if entry is None:
            batches = stream.take(plan.shard_rows, BATCH_ROWS)
            entry = write_shard(folder, batches, embedder, plan.dtype, count)
        else:
            stream.skip(plan.shard_rows)
        rows = min(plan.shard_rows, plan.n_rows - i * plan.shard_rows)
        if entry.n_rows + entry.n_failed != rows:
            raise IndexCorruptError(
                f"{prepared.path} holds fewer molecules than its manifest says; prepare it again"
            )
        entries.append(entry)
    return entries


def _finish(
    out: Path,
    number: int,
    plan: Plan,
    prepared: PreparedSet,
    embedder: Embedder,
    shards: list[ShardEntry],
) -> Manifest:
    n_ok = sum(entry.n_rows for entry in shards)
    if n_ok == 0:
        raise InputError(f"no molecule of {prepared.path} could be embedded")
    path = generation_folder(out, number) / FAILURES
    n_failed = write_failures(path, _all_failures(out, prepared, shards))
    return Manifest(
        generation=number,
        plan=plan,
        card=card_excerpt(embedder.card),
        library=_account(prepared),
        n_in=prepared.n_in,
        n_ok=n_ok,
        n_failed=n_failed,
        shards=tuple(shards),
        failures=describe(path),
    )


def _all_failures(out: Path, prepared: PreparedSet, shards: list[ShardEntry]) -> Iterator[pa.Table]:
    """Failures of the preparation, then those of the embedding."""
    yield from prepared.iter_failures()
    for entry in shards:
        if entry.n_failed:
            yield parquet.read(out / entry.folder / FAILURES)


def _account(prepared: PreparedSet) -> LibraryEntry:
    run = prepared.manifest.run
    return LibraryEntry(
        sources=tuple(source.name for source in run.sources),
        prepare=run.prepare,
        rdkit=run.rdkit,
        reading=prepared.manifest.reading,
    )


def _prune(out: Path, number: int) -> None:
    """Remove generations older than the previous one, unless a reader holds them.

    What stays, a later commit removes.
    """
    for old in generations(out):
        if old < number - 1:
            with suppress(OSError):
                remove_free(generation_folder(out, old))
