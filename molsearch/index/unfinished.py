"""What a killed build left of an index: how far it came, and whether that much is sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from molsearch.data.prepared import PreparedSet
from molsearch.errors import IndexCorruptError
from molsearch.index.files import check_whole
from molsearch.index.layout import PLAN, PREPARED, SHARD, generation_folder, generations
from molsearch.index.manifest import ShardEntry
from molsearch.index.models import read_model
from molsearch.index.plan import IndexPlan
from molsearch.index.verify import Report
from molsearch.io.folders import Kind, look
from molsearch.words import counted


@dataclass(frozen=True, slots=True)
class Unfinished:
    """How far a build came.

    Attributes
    ----------
    n_done, n_rows
        Molecules embedded in finished shards, of all; 0 of 0 where embedding had not begun.
    n_prepared
        Records of raw files prepared within the index folder; None where there were none.
    """

    n_done: int
    n_rows: int
    n_prepared: int | None

    def __str__(self) -> str:
        """Say it in half a line."""
        if self.n_rows:
            return f"{self.n_done:,} of {counted(self.n_rows, 'molecule')} embedded"
        return f"{counted(self.n_prepared or 0, 'record')} prepared, none embedded"


def look_at_unfinished(path: Path) -> tuple[Unfinished, Report]:
    """Say how far the unfinished index at `path` came, and check every byte of that."""
    report = Report()
    n_rows = 0
    for number in generations(path)[-1:]:
        folder = generation_folder(path, number)
        n_rows = _planned(folder, report)
        for shard in sorted(folder.glob(f"shard-*/{SHARD}")):
            _check_shard(path, shard, report)
    return Unfinished(report.n_molecules, n_rows, _prepared(path / PREPARED, report)), report


def _planned(folder: Path, report: Report) -> int:
    if not (folder / PLAN).exists():
        return 0
    try:
        return read_model(folder / PLAN, IndexPlan).n_rows
    except IndexCorruptError as error:
        report.problems.append(str(error))
        return 0


def _check_shard(path: Path, shard: Path, report: Report) -> None:
    try:
        entry = read_model(shard, ShardEntry)
        for name, file in entry.files.items():
            report.n_files += 1
            report.n_bytes += file.n_bytes
            check_whole(path / entry.folder / name, file)
        report.n_molecules += entry.n_rows + entry.n_failed
    except IndexCorruptError as error:
        report.problems.append(str(error))


def _prepared(folder: Path, report: Report) -> int | None:
    if look(folder).kind is not Kind.PREPARED:
        return None
    try:
        prepared = PreparedSet.open(folder, allow_unfinished=True)
        prepared.verify()
    except IndexCorruptError as error:
        report.problems.append(str(error))
        return None
    return prepared.n_in
