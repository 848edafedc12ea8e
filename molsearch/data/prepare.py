"""From files of molecules to a prepared set: read, prepare in workers, commit shard by shard."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path

from molsearch.chem.columns import Block
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.failures import failure_groups
from molsearch.data.outcomes import outcome_stream
from molsearch.data.prepare_far import fill_far
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_manifest import PrepareRun, Source
from molsearch.data.prepared_writer import PreparedWriter, writing
from molsearch.data.readings import grouped
from molsearch.data.workers import Task, default_task
from molsearch.errors import InputError, UsageError
from molsearch.io.folders import Kind, look
from molsearch.io.runs import write_run
from molsearch.progress import OnProgress, nobody
from molsearch.schema import Reading, Record
from molsearch.words import counted
from molsearch.work.far import Far

STDIN = "-"
_HEAD = 1 << 16  # bytes of a source that its fingerprint covers
_SHARD_RECORDS = 4096
_SHARD_RECORDS_MIN = 128


class NothingPreparedError(InputError):
    """Every record failed; the set at `path` holds their failures."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


def prepare(
    sources: Sequence[str | Path],
    out: Path,
    read: ReadConfig,
    config: PrepareConfig,
    *,
    workers: int,
    resume: bool = True,
    overwrite: bool = False,
    limit: int | None = None,
    buckets: tuple[int, int, int] | None = None,
    part: tuple[int, int] | None = None,
    far: Far | None = None,
    on_progress: OnProgress | None = None,
) -> PreparedSet:
    """Prepare a library; the same call continues a set that was interrupted.

    Parameters
    ----------
    sources
        Files, folders, patterns, or ``-`` for standard input.
    out
        Folder of the prepared set.
    read, config
        How to read and how to prepare.
    workers
        Worker processes, at least 1.
    resume
        Whether an unfinished (or finished) set of the same run is taken up.
    overwrite
        Replace a prepared set that is at `out`.
    limit
        Read at most this many records.
    buckets
        Hash spaces of the encoder that will embed the set, where it looks at no conformers: what
        it sees is computed in the same pass. A set that is taken up keeps its own.
    part
        i of n, for n runs that share a library: every n-th block of records, from the i-th. A
        part may be without a single molecule.
    far
        Workers elsewhere that do it in place of worker processes here; the set is the same.
    on_progress
        Called with (records done, of these failed), first with what was done earlier.

    Raises
    ------
    UsageError
        `out` holds something else, or a set made from other input or with another config.
    InputError
        A source cannot be read, holds no records, or not one record could be prepared (then a
        `NothingPreparedError`, and the set holds the failures).
    IndexCorruptError
        `out` holds a damaged prepared set.
    """
    from molsearch.chem.records import expand_sources, iter_records

    if workers < 1:
        raise UsageError(f"{counted(workers, 'worker')} cannot prepare anything: give at least 1")
    if limit is not None and limit < 1:
        raise UsageError(f"a limit of {counted(limit, 'record')} leaves nothing: give at least 1")
    refuse_own(sources)
    names = expand_sources(sources)
    run = run_of(names, read, config, limit, buckets, part)
    readings: list[Reading] = []
    return prepare_records(
        iter_records(names, read, readings.append),
        out,
        run,
        workers=workers,
        resume=resume,
        overwrite=overwrite,
        on_progress=on_progress,
        readings=readings,
        far=far,
    )


def prepare_records(
    records: Iterable[Record],
    out: Path,
    run: PrepareRun,
    *,
    workers: int,
    resume: bool = True,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
    task: Task = default_task,
    readings: Sequence[Reading] = (),
    far: Far | None = None,
) -> PreparedSet:
    """Prepare a stream of records as `run` describes; see `prepare`.

    Parameters
    ----------
    readings
        Filled while `records` are read: how each source is.
    """
    started = time.monotonic()
    records = _begun(records, run)
    with writing(out, run, resume=resume, overwrite=overwrite) as writer:
        before = writer.manifest.n_in
        (on_progress or nobody)(before, writer.manifest.n_failed)
        if not writer.manifest.complete:
            run = writer.manifest.run  # a set that is taken up keeps its own buckets
            rest = islice(_dealt(islice(records, run.limit), run), before, None)
            if far is None:
                _fill(writer, rest, workers, on_progress or nobody, task)
            else:
                fill_far(writer, rest, far, on_progress or nobody)
            writer.finish([replace(one, source=_shown(one.source)) for one in grouped(readings)])
            _write_run(writer, workers, before, time.monotonic() - started)
    prepared = PreparedSet.open(out)
    assert prepared.n_in == prepared.n_ok + prepared.n_failed
    _refuse_nothing(prepared)
    return prepared


def refuse_own(sources: Sequence[str | Path]) -> None:
    """Refuse folders of ours, whose inner files would pass for files of molecules.

    Raises
    ------
    UsageError
        A source is a prepared set, an index or an encoder.
    """
    mends = {
        Kind.PREPARED: "index it with molsearch index",
        Kind.INDEX: "screen it with molsearch screen -i",
        Kind.ENCODER: "name files of molecules",
    }
    for source in sources:
        found = look(source)
        if str(source) != STDIN and found.kind in mends:
            raise UsageError(f"{source} is {found}: {mends[found.kind]}")


def run_of(
    names: Sequence[str],
    read: ReadConfig,
    config: PrepareConfig,
    limit: int | None = None,
    buckets: tuple[int, int, int] | None = None,
    part: tuple[int, int] | None = None,
) -> PrepareRun:
    """Describe a run: what decides, with the input's bytes, what the prepared set will hold."""
    return PrepareRun(
        sources=tuple(_fingerprint(name) for name in names),
        read=read,
        prepare=config,
        limit=limit,
        shard_records=_shard_records(config),
        rdkit=version("rdkit"),
        buckets=buckets,
        part=part,
    )


def _begun(records: Iterable[Record], run: PrepareRun) -> Iterator[Record]:
    """Read the first record, so that useless input is refused before anything is written."""
    stream = iter(records)
    first = next(stream, None)
    if first is None:
        raise InputError(f"no molecules in {_name(run)}: give a file that holds some")
    return chain([first], stream)


def _fill(
    writer: PreparedWriter,
    records: Iterable[Record],
    workers: int,
    report: OnProgress,
    task: Task,
) -> None:
    run, done, failed = writer.manifest.run, writer.manifest.n_in, writer.manifest.n_failed
    waiting: list[Block] = []
    held = 0
    with closing(outcome_stream(records, run, workers, task)) as stream:
        try:
            for block in stream:
                waiting.append(block)
                held += block.n_in
                done, failed = done + block.n_in, failed + len(block.failures)
                if held >= run.shard_records:
                    writer.commit_blocks(waiting)
                    waiting, held = [], 0
                report(done, failed)
        except InputError:
            # The input ends in damage: what came before it is kept.
            writer.commit_blocks(waiting)
            raise
    writer.commit_blocks(waiting)
    assert writer.manifest.n_in == done


def _dealt(records: Iterable[Record], run: PrepareRun) -> Iterator[Record]:
    """Pass the records of the run's part."""
    if run.part is None:
        yield from records
        return
    number, of = run.part
    for record in records:
        if (record.number - 1) // run.shard_records % of == number - 1:
            yield record


def _shard_records(config: PrepareConfig) -> int:
    """Choose the records a shard: fewer where each costs more, so a kill loses a minute or so."""
    cost = max(1, config.n_conformers) * (4 if config.quality == "full" else 1)
    return max(_SHARD_RECORDS_MIN, _SHARD_RECORDS // cost)


def _fingerprint(name: str) -> Source:
    if name == STDIN:
        return Source(name=name)
    path = Path(name)
    try:
        stat = path.stat()
        with path.open("rb") as handle:
            head = hashlib.sha256(handle.read(_HEAD)).hexdigest()
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from error
    return Source(name=_shown(name), size=stat.st_size, mtime_ns=stat.st_mtime_ns, head_sha256=head)


def _shown(name: str) -> str:
    """Name a file in text: its name need not be any."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _write_run(writer: PreparedWriter, workers: int, before: int, seconds: float) -> None:
    manifest = writer.manifest
    content = {
        "run": manifest.run.model_dump(mode="json"),
        "seed": manifest.run.prepare.seed,
        "n_in": manifest.n_in,
        "n_ok": manifest.n_ok,
        "n_failed": manifest.n_failed,
        "workers": workers,
        "resumed_at": before,
        "reading": [asdict(reading) for reading in manifest.reading],
        "seconds": round(seconds, 3),
    }
    write_run(writer.folder / "run.json", "prepare", content)


def _name(run: PrepareRun) -> str:
    first = "standard input" if run.sources[0].name == STDIN else run.sources[0].name
    return first if len(run.sources) == 1 else f"{first} and {len(run.sources) - 1} more"


def _refuse_nothing(prepared: PreparedSet) -> None:
    """Raise where the set holds failures alone, naming the first of them."""
    if prepared.n_ok or prepared.manifest.run.part is not None:
        return
    reasons = "; ".join(
        f"{group.source} row {group.row}: {group.stage}: {group.reason}"
        for group in failure_groups(prepared)[:3]
    )
    raise NothingPreparedError(
        f"none of {counted(prepared.n_in, 'record')} in {_name(prepared.manifest.run)} could be "
        "prepared "
        f"({reasons}); all failures are in {prepared.path / 'shards'} (failures-*.parquet): "
        "check the column and the delimiter",
        prepared.path,
    )
