"""Build an index from a prepared set: resumable by the shard, visible only when whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from molsearch.data.prepared import PreparedSet
from molsearch.errors import IndexCorruptError, InputError, UsageError
from molsearch.index.blocks import BLOCK_BYTES
from molsearch.index.embedder import Embedder, card_excerpt
from molsearch.index.far import Embedded
from molsearch.index.files import describe
from molsearch.index.generation import check_target, prune, start_generation, storage_errors
from molsearch.index.layout import (
    BATCH_ROWS,
    CODEC_VERSION,
    FAILURES,
    FORMAT_VERSION,
    MANIFEST,
    MAX_SHARD_ROWS,
    PREFIX_VERSION,
    generation_folder,
    generations,
    shard_name,
)
from molsearch.index.manifest import LibraryEntry, Manifest, ShardEntry, commit
from molsearch.index.plan import IndexPlan, Part
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.rows import RowStream
from molsearch.index.shard import RowEmbedder, finished_shard, write_failures, write_shard
from molsearch.index.stored import Stored
from molsearch.index.tally import Tally
from molsearch.index.vectors.registry import codec_of
from molsearch.io import parquet
from molsearch.progress import OnProgress
from molsearch.store.lock import writer_lock
from molsearch.words import counted


def build_index(
    prepared: PreparedSet,
    embedder: Embedder,
    out: Path,
    *,
    resume: bool = True,
    overwrite: bool = False,
    shard_rows: int = MAX_SHARD_ROWS,
    dtype: str = "float16",
    prefix: int | None = None,
    codec: str | None = None,
    embedded: Embedded | None = None,
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
        ``"float16"``, ``"float32"``, or ``"int8"``: a byte a dimension alone, approximate.
    prefix
        Axes of the copy that is scanned, fewer than the encoder's dimensions; all of these where
        None.
    codec
        Name of an added codec of that copy (`molsearch.index.vectors.registry`).
    embedded
        Embeds batches elsewhere, with the same encoder (`molsearch.index.far`).
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
        raise InputError(
            f"{prepared.path} holds no molecule: all {counted(prepared.n_in, 'record')} failed"
        )
    check_target(out)
    if prefix is not None and prefix >= embedder.dim:
        raise UsageError(
            f"a prefix of {prefix} is for embeddings of more dimensions than the encoder's "
            f"{embedder.dim}; leave it out"
        )
    plan = IndexPlan.model_validate(
        {
            "format_version": _version_of(prefix, codec),
            "library": prepared.identity,
            "encoder": embedder.identity,
            "dim": embedder.dim,
            "dtype": dtype,
            "shard_rows": shard_rows,
            "n_rows": prepared.n_ok,
            "prefix": prefix,
            "codec": codec,
        }
    )
    codec_of(plan)  # known, or refused before anything is written
    with storage_errors(out, lambda: _bytes_needed(plan, prepared, out)), writer_lock(out):
        if not overwrite and (found := existing_index(out, plan)) is not None:
            return found
        number = start_generation(out, plan, resume=resume, overwrite=overwrite)
        shards = _write_shards(out, number, plan, prepared, embedder, embedded, on_progress)
        commit(out, _finish(out, number, plan, prepared, embedder, shards))
        prune(out, number)
    return open_index(out, identity=embedder.identity)


def _version_of(prefix: int | None, codec: str | None) -> int:
    """Format of an index: the first that knew of all that is in it."""
    if codec is not None:
        return CODEC_VERSION
    return FORMAT_VERSION if prefix is None else PREFIX_VERSION


def _bytes_needed(plan: IndexPlan, prepared: PreparedSet, out: Path) -> int:
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


def existing_index(out: Path, plan: IndexPlan) -> IndexReader | None:
    """Return the finished index where it is the one asked for; refuse where it is another."""
    if not (out / MANIFEST).exists():
        return None
    found = open_index(out)
    if found.manifest.plan == plan:
        return found
    if found.manifest.changes:
        raise UsageError(
            f"{out} has grown since it was built (last: {found.manifest.changes[-1]}); add to it "
            "with molsearch index add, or pass --overwrite to build it anew"
        )
    same_library = found.manifest.plan.library == plan.library
    other = "another encoder or other settings" if same_library else "another library"
    raise UsageError(f"{out} holds an index of {other}; pass --overwrite to replace it")


def _write_shards(
    out: Path,
    number: int,
    plan: IndexPlan,
    prepared: PreparedSet,
    embedder: Embedder,
    embedded: Embedded | None,
    on_progress: OnProgress | None,
) -> list[ShardEntry]:
    stream = RowStream(prepared.iter_tables())
    n_shards = -(-plan.n_rows // plan.shard_rows)
    folders = [generation_folder(out, number) / shard_name(i) for i in range(n_shards)]
    finished = [finished_shard(folder) for folder in folders]
    failed = sum(entry.n_failed for entry in finished if entry is not None)
    done = sum(entry.n_rows for entry in finished if entry is not None) + failed
    entries: list[ShardEntry] = []
    tally = Tally(on_progress, done, failed)
    tally.add(0, 0)
    for i, (folder, entry) in enumerate(zip(folders, finished, strict=True)):
        if entry is None:
            batches = stream.take(plan.shard_rows, BATCH_ROWS)
            source: RowEmbedder = embedder
            if embedded is not None:
                batches, source = embedded(batches), Stored(plan.dim, "float32", None)
            codec = codec_of(plan)
            entry = write_shard(folder, batches, source, plan.dtype, tally.add, codec=codec)
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
    plan: IndexPlan,
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
        library=account_of(prepared),
        n_in=prepared.n_in,
        n_ok=n_ok,
        n_failed=n_failed,
        shards=tuple(shards),
        failures=describe(path),
        part=Part.of_run(prepared),
    )


def _all_failures(out: Path, prepared: PreparedSet, shards: list[ShardEntry]) -> Iterator[pa.Table]:
    """Failures of the preparation, then those of the embedding."""
    yield from prepared.iter_failures()
    for entry in shards:
        if entry.n_failed:
            yield parquet.read(out / entry.folder / FAILURES)


def account_of(prepared: PreparedSet) -> LibraryEntry:
    """Say how a prepared set was made."""
    run = prepared.manifest.run
    return LibraryEntry(
        sources=tuple(source.name for source in run.sources),
        prepare=run.prepare,
        rdkit=run.rdkit,
        reading=prepared.manifest.reading,
    )
