"""Prepared conformers of benchmark molecules, made once, kept on disk, shared by all methods.

A cache folder holds parquet parts, each written whole or not at all, so an interrupted run
continues with the molecules that are still missing. Parts are keyed by SMILES: a larger draw of
the same target finds the molecules of a smaller one, and a target those of its benchmark's others
(over a third of LIT-PCBA's rows repeat a molecule).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from molsearch.bench.benchmarks.task import TaskQuery
from molsearch.cache import user_cache
from molsearch.config import PrepareConfig
from molsearch.data.prepared_table import RECORDS, table_of
from molsearch.data.workers import Outcome, prepare_stream
from molsearch.io import parquet
from molsearch.io.hashing import sha256_json
from molsearch.progress import OnProgress
from molsearch.schema import SMILES, Failure, Prepared, Record
from molsearch.scoring.protocols import Prepared3D

PART_ROWS = 1000
_FAILED = b"molsearch.failed"
Maker = Callable[[Sequence[Record], PrepareConfig], Iterator[list[Outcome]]]


def cache_root() -> Path:
    """Folder of the shared cache: ``$MOLSEARCH_CACHE``, else the user's cache folder."""
    given = os.environ.get("MOLSEARCH_CACHE")
    return Path(given) if given else user_cache() / "bench"


class ConformerCache:
    """Prepares molecules at most once.

    Parameters
    ----------
    root
        Cache folder.
    config
        How molecules are prepared; another configuration has another folder.
    workers
        Worker processes.
    make
        Prepares records; a parameter so that tests need no processes.
    """

    def __init__(
        self, root: Path, config: PrepareConfig, workers: int = 1, make: Maker | None = None
    ) -> None:
        self._root, self._workers, self._given = root, workers, make
        self.config = config
        self.folder = root / f"conformers-{sha256_json(config.model_dump())[:12]}"
        self._make = make or (
            lambda records, config: prepare_stream(records, config, workers=workers)
        )

    def alike(self, config: PrepareConfig) -> ConformerCache:
        """Return a cache in the same place of molecules that are prepared otherwise."""
        return ConformerCache(self._root, config, self._workers, self._given)

    def pool(
        self, group: str, smiles: Sequence[str], on_progress: OnProgress | None = None
    ) -> Prepared3D:
        """Conformers of a pool, made where missing.

        Parameters
        ----------
        group
            Folder within the cache, e.g. ``dude/aa2ar``.
        smiles
            The molecules; empty strings count as failed.
        on_progress
            Called with (done, failed) counts.
        """
        wanted = dict.fromkeys(s for s in smiles if s)
        table, failed = self._read([self.folder / group], wanted)
        missing = _without(wanted, table, failed)
        if missing and self._borrow(group, missing):
            table, failed = self._read([self.folder / group], wanted)
            missing = _without(wanted, table, failed)
        if on_progress is not None:
            on_progress(len(wanted) - len(missing), len(failed))
        if missing:
            self._fill(group, missing, len(wanted) - len(missing), on_progress)
            table, _ = self._read([self.folder / group], wanted)
        return _in_order(table, smiles)

    def _borrow(self, group: str, missing: Sequence[str]) -> bool:
        """Copy what the other groups of the same benchmark hold of them; whether there was any."""
        own = self.folder / group
        others = [f for f in sorted(own.parent.glob("*")) if f.is_dir() and f != own]
        table, failed = self._read(others, missing)
        found = bool(table.num_rows or failed)
        if found:
            self._write(group, table, failed)
        return found

    def _fill(
        self, group: str, missing: Sequence[str], done: int, on_progress: OnProgress | None
    ) -> None:
        records = [
            Record(number, group, number, f"m{number}", smiles)
            for number, smiles in enumerate(missing, start=1)
        ]
        waiting: list[Outcome] = []
        failed = 0
        for outcomes in self._make(records, self.config):
            waiting.extend(outcomes)
            done += len(outcomes)
            failed += sum(isinstance(outcome, Failure) for outcome in outcomes)
            if on_progress is not None:
                on_progress(done, failed)
            if len(waiting) >= PART_ROWS:
                self._write_outcomes(group, waiting)
                waiting = []
        if waiting:
            self._write_outcomes(group, waiting)

    def _write_outcomes(self, group: str, outcomes: Sequence[Outcome]) -> None:
        failed = {o.input: o.reason for o in outcomes if isinstance(o, Failure)}
        self._write(group, table_of([o for o in outcomes if isinstance(o, Prepared)]), failed)

    def _write(self, group: str, table: pa.Table, failed: Mapping[str, str]) -> None:
        table = table.replace_schema_metadata({_FAILED: json.dumps(failed).encode()})
        folder = self.folder / group
        number = len(list(folder.glob("part-*.parquet"))) if folder.is_dir() else 0
        parquet.write(table, folder / f"part-{number:05d}-{os.getpid()}.parquet")

    def _read(
        self, folders: Sequence[Path], wanted: Collection[str]
    ) -> tuple[pa.Table, dict[str, str]]:
        """Rows of the wanted molecules, and the reasons of those that failed."""
        paths = [path for folder in folders for path in sorted(folder.glob("part-*.parquet"))]
        if not paths:
            return RECORDS.empty_table(), {}
        asked = set(wanted)
        failed: dict[str, str] = {}
        parts: list[pa.Table] = []
        for path in paths:
            table = parquet.read(path)
            reasons = json.loads((table.schema.metadata or {}).get(_FAILED, b"{}"))
            failed.update({s: reason for s, reason in reasons.items() if s in asked})
            chosen = pc.is_in(table.column(SMILES), pa.array(list(asked), pa.string()))
            parts.append(table.replace_schema_metadata(None).filter(chosen))
        return _distinct(pa.concat_tables(parts)), failed


def _distinct(table: pa.Table) -> pa.Table:
    """Keep one row a molecule: several groups, or two runs at once, may have made the same."""
    first: dict[str, int] = {}
    for row, smiles in enumerate(table.column(SMILES).to_pylist()):
        first.setdefault(smiles, row)
    return table if len(first) == table.num_rows else table.take(list(first.values()))


def _without(wanted: Collection[str], table: pa.Table, failed: Collection[str]) -> list[str]:
    known = {*table.column(SMILES).to_pylist(), *failed}
    return [smiles for smiles in wanted if smiles not in known]


def _in_order(table: pa.Table, smiles: Sequence[str]) -> Prepared3D:
    place = {one: row for row, one in enumerate(table.column(SMILES).to_pylist())}
    return Prepared3D(table, np.array([place.get(one, -1) for one in smiles], dtype=np.int64))


def prepare_queries(queries: Sequence[TaskQuery], config: PrepareConfig) -> Prepared3D:
    """Prepare queries here and now; a query with a geometry of its own keeps it."""
    from molsearch.chem.prepare import prepare_record

    own = config.model_copy(update={"use_input_3d": True})
    prepared: list[Prepared] = []
    rows = []
    for number, query in enumerate(queries, start=1):
        smiles = "" if query.molblock else query.smiles
        record = Record(number, "queries", number, query.query_id, smiles, query.molblock)
        outcome = prepare_record(record, own)
        if isinstance(outcome, Failure) and query.molblock:
            outcome = prepare_record(
                Record(number, "queries", number, query.query_id, query.smiles), config
            )
        rows.append(len(prepared) if isinstance(outcome, Prepared) else -1)
        if isinstance(outcome, Prepared):
            prepared.append(outcome)
    return Prepared3D(table_of(prepared), np.array(rows, dtype=np.int64))
