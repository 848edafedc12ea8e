"""Prepared conformers of benchmark molecules, made once, kept on disk, shared by all methods.

A cache folder holds parquet parts, each written whole or not at all, so an interrupted run
continues with the molecules that are still missing. Parts are keyed by SMILES: a larger draw of
the same target finds the molecules of a smaller one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq

from molsearch.bench.task import Query
from molsearch.config import PrepareConfig
from molsearch.data.prepared_table import RECORDS, table_of
from molsearch.data.workers import Outcome, prepare_stream
from molsearch.io.atomic import replacing
from molsearch.io.hashing import sha256_json
from molsearch.schema import SMILES, Failure, Prepared, Record

PART_ROWS = 1000
_FAILED = b"molsearch.failed"
Maker = Callable[[Sequence[Record], PrepareConfig], Iterator[list[Outcome]]]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Prepared3D:
    """Prepared molecules and where each asked-for molecule stands among them.

    Attributes
    ----------
    table
        Rows of a prepared set, see `data.prepared_table.RECORDS`.
    rows
        int64 ``[n]``: row of `table` of each molecule, -1 where preparation failed.
    """

    table: pa.Table
    rows: npt.NDArray[np.int64]


def cache_root() -> Path:
    """Folder of the shared cache: ``$MOLSEARCH_CACHE``, else the user's cache folder."""
    given = os.environ.get("MOLSEARCH_CACHE")
    return Path(given) if given else Path(platformdirs.user_cache_dir("molsearch")) / "bench"


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
        self.config = config
        self.folder = root / f"conformers-{sha256_json(config.model_dump())[:12]}"
        self._make = make or (
            lambda records, config: prepare_stream(records, config, workers=workers)
        )

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
        known, failed = self._read(group)
        wanted = dict.fromkeys(s for s in smiles if s)
        missing = [s for s in wanted if s not in known and s not in failed]
        if on_progress is not None:
            on_progress(len(wanted) - len(missing), sum(s in failed for s in wanted))
        if missing:
            self._fill(group, missing, len(wanted) - len(missing), on_progress)
            known, failed = self._read(group)
        return _select(known, smiles)

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
                self._write(group, waiting)
                waiting = []
        if waiting:
            self._write(group, waiting)

    def _write(self, group: str, outcomes: Sequence[Outcome]) -> None:
        failed = {o.input: o.reason for o in outcomes if isinstance(o, Failure)}
        table = table_of([o for o in outcomes if isinstance(o, Prepared)])
        table = table.replace_schema_metadata({_FAILED: json.dumps(failed).encode()})
        folder = self.folder / group
        number = len(list(folder.glob("part-*.parquet"))) if folder.is_dir() else 0
        with replacing(folder / f"part-{number:05d}-{os.getpid()}.parquet") as temporary:
            pq.write_table(table, temporary, compression="zstd")

    def _read(self, group: str) -> tuple[dict[str, tuple[pa.Table, int]], set[str]]:
        known: dict[str, tuple[pa.Table, int]] = {}
        failed: set[str] = set()
        for path in sorted((self.folder / group).glob("part-*.parquet")):
            table = pq.read_table(path)
            failed |= set(json.loads((table.schema.metadata or {}).get(_FAILED, b"{}")))
            for row, smiles in enumerate(table.column(SMILES).to_pylist()):
                known[smiles] = (table, row)
        return known, failed


def _select(known: dict[str, tuple[pa.Table, int]], smiles: Sequence[str]) -> Prepared3D:
    """Gather the rows of the asked-for molecules, each once."""
    chosen: dict[int, tuple[pa.Table, list[int]]] = {}
    place: dict[str, tuple[int, int]] = {}
    for one in dict.fromkeys(smiles):
        if one in known:
            table, row = known[one]
            rows = chosen.setdefault(id(table), (table, []))[1]
            place[one] = (id(table), len(rows))
            rows.append(row)
    starts, tables, total = {}, [], 0
    for key, (table, rows) in chosen.items():
        starts[key] = total
        total += len(rows)
        tables.append(table.take(rows).replace_schema_metadata(None))
    whole = pa.concat_tables(tables) if tables else RECORDS.empty_table()
    found = [starts[place[s][0]] + place[s][1] if s in place else -1 for s in smiles]
    return Prepared3D(whole, np.array(found, dtype=np.int64))


def prepare_queries(queries: Sequence[Query], config: PrepareConfig) -> Prepared3D:
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
