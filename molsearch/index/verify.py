"""Check an index byte by byte, and clear away what no reader needs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from molsearch import schema
from molsearch.errors import IndexCorruptError
from molsearch.index.ann.manifest import folder_of, read_about
from molsearch.index.files import check_whole, refuse_linked_folder
from molsearch.index.layout import ADDED, FAILURES, MANIFEST, generation_folder, generations
from molsearch.index.manifest import Manifest, read_generation
from molsearch.index.models import read_model
from molsearch.index.reader import IndexReader
from molsearch.store.hold import remove_free
from molsearch.store.lock import writer_lock
from molsearch.store.sweep import strays

_ROWS_AT_ONCE = 16_384


@dataclass
class Report:
    """Outcome of a verification: files and bytes read, and every problem found."""

    n_files: int = 0
    n_molecules: int = 0
    n_bytes: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify_index(path: Path) -> Report:
    """Compare every file of the committed generation with its sha256, and its contents too.

    Unlike opening, verifying accepts no substitute: a damaged ``manifest.json`` is a problem
    even where the generation's own copy of it would serve.
    """
    report = Report()
    manifest = _manifest(path, report)
    if manifest is None:
        return report
    reader = IndexReader(path, manifest)
    report.n_molecules = manifest.n_ok
    for number, shard in enumerate(manifest.shards):
        before = len(report.problems)
        _note(report, refuse_linked_folder, path, shard.folder)
        for name, entry in shard.files.items():
            report.n_files += 1
            report.n_bytes += entry.n_bytes
            _note(report, check_whole, path / shard.folder / name, entry)
        if len(report.problems) == before:
            _note(report, _check_rows, reader, number)
    folder = generation_folder(path, manifest.generation)
    report.n_files += 1
    report.n_bytes += manifest.failures.n_bytes
    _note(report, check_whole, folder / FAILURES, manifest.failures)
    _check_lists(path, report)
    return report


def clean(path: Path) -> list[str]:
    """Remove all but the committed generation, and temporary files; returns what was removed.

    An older generation that a reader on this machine still uses stays.

    Raises
    ------
    UsageError
        Another process is writing the index.
    IndexCorruptError
        The committed generation is not sound: an older one may be all there is.
    """
    with writer_lock(path):
        report = verify_index(path)
        if not report.sound:
            raise IndexCorruptError(f"{report.problems[0]}; nothing was removed")
        keep = read_model(path / MANIFEST, Manifest).generation
        older = [generation_folder(path, number) for number in generations(path) if number != keep]
        left = [*strays(path), *strays(generation_folder(path, keep), deep=True)]
        gone = [folder for folder in older if remove_free(folder)]
        for stray in left:
            stray.unlink(missing_ok=True)
        if (added := path / ADDED).is_dir():  # of an add that was never finished
            shutil.rmtree(added)
            gone.append(added)
        return [str(one.relative_to(path)) for one in (*gone, *left)]


def _manifest(path: Path, report: Report) -> Manifest | None:
    report.n_files += 1
    try:
        manifest = read_model(path / MANIFEST, Manifest)
        if read_generation(path, manifest.generation) != manifest:
            report.problems.append(
                f"{path / MANIFEST} differs from the copy in generation {manifest.generation}"
            )
    except IndexCorruptError as error:
        report.problems.append(str(error))
        return None
    return manifest


def _check_lists(path: Path, report: Report) -> None:
    """Compare the lists for approximate search, of whatever generation they are."""
    try:
        about = read_about(path)
    except IndexCorruptError as error:
        report.problems.append(str(error))
        return
    for one in () if about is None else about.files:
        report.n_files += 1
        report.n_bytes += one.entry.n_bytes
        _note(report, check_whole, folder_of(path) / one.name, one.entry)


def _note(report: Report, check: object, *arguments: object) -> None:
    assert callable(check)
    try:
        check(*arguments)
    except IndexCorruptError as error:
        report.problems.append(str(error))


def _check_rows(reader: IndexReader, shard: int) -> None:
    """Whether every embedding is finite, and record numbers rise strictly."""
    vectors = reader.checked_embeddings(shard)
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        if not np.isfinite(vectors.rows(first, first + _ROWS_AT_ONCE)).all():
            raise IndexCorruptError(f"shard {shard} of {reader.path} holds a NaN embedding")
    file = reader.records(shard)
    last = 0
    for batch in file.iter_batches(columns=[schema.RECORD_NUMBER]):
        numbers = np.concatenate([[last], batch.column(0).to_numpy()])
        if (np.diff(numbers) <= 0).any():
            raise IndexCorruptError(f"record numbers of shard {shard} of {reader.path} do not rise")
        last = int(numbers[-1])
