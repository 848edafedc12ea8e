"""The parts of one library, indexed by the tasks of an array job, put together again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise, zip_longest
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.data.prepared import PreparedSet
from molsearch.errors import UsageError
from molsearch.index.layout import PREPARED
from molsearch.index.manifest import Manifest
from molsearch.index.plan import IndexPlan, Part
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.stored import stored_tables
from molsearch.io.folders import Kind, look
from molsearch.io.hashing import sha256_bytes


class Parts:
    """All parts of a library, in their order.

    Parameters
    ----------
    parts
        Each with its index, or with its prepared set where not one of its molecules could be
        used.

    Raises
    ------
    UsageError
        One is missing, there twice, or of another library.
    """

    def __init__(self, parts: Sequence[tuple[Part, IndexReader | PreparedSet]]) -> None:
        _refuse_gaps([(part, held.path) for part, held in parts])
        ordered = sorted(parts, key=lambda one: one[0].number)
        self._parts = [part for part, _ in ordered]
        self._held = [held for _, held in ordered]
        self.readers = [held for held in self._held if isinstance(held, IndexReader)]
        if not self.readers:
            raise UsageError("not one molecule of any part could be used: there is no index")

    @classmethod
    def of(cls, paths: Sequence[Path]) -> Parts | None:
        """Take what is at `paths` for the parts of a library; None where none is a part.

        Raises
        ------
        UsageError
            They do not belong together.
        """
        found = [(path, *_part_at(path)) for path in paths]
        parts = [(part, held) for _, part, held in found if part is not None]
        if not parts:
            return None
        if len(parts) < len(found):
            other = next(path for path, part, _ in found if part is None)
            raise UsageError(
                f"{other} is no part of a library, but others here are; merge the parts by "
                "themselves first"
            )
        return cls(parts)

    def plan(self) -> IndexPlan:
        """Plan of the one run that these are parts of."""
        sums = zip_longest(*(part.sums for part in self._parts))
        joined = "".join(one for some in sums for one in some if one is not None)
        first = self.readers[0].manifest.plan
        n_rows = sum(reader.n_rows for reader in self.readers)
        return first.model_copy(update={"library": sha256_bytes(joined.encode()), "n_rows": n_rows})

    def manifest(self, number: int, plan: IndexPlan) -> Manifest:
        """Manifest of the whole, but for what writing it will tell."""
        first = self.readers[0].manifest
        return first.model_copy(update={"generation": number, "plan": plan, "part": None})

    def tables(self) -> Iterator[pa.Table]:
        """Yield the rows in the order of the library."""
        streams = [
            _Numbered(stored_tables(held, range(held.n_shards)))
            if isinstance(held, IndexReader)
            else _Numbered(iter(()))
            for held in self._held
        ]
        for block in range(self._n_blocks):
            last = (block + 1) * self._block_records
            yield from streams[block % len(streams)].upto(last)

    def failures(self) -> Iterator[pa.Table]:
        """Yield the failures in the order of the library, a table a block."""
        tables = [
            held.failures() if isinstance(held, IndexReader) else pa.concat_tables(some)
            for held in self._held
            if isinstance(held, IndexReader) or (some := list(held.iter_failures()))
        ]
        whole = pa.concat_tables(tables).sort_by(schema.RECORD_NUMBER).combine_chunks()
        blocks = (whole.column(schema.RECORD_NUMBER).to_numpy() - 1) // self._block_records
        bounds = [*np.flatnonzero(np.diff(blocks, prepend=-1)), len(blocks)]
        for start, stop in pairwise(bounds):
            yield whole.slice(start, stop - start)

    def places(self) -> NDArray[np.int64]:
        """Where each row of the readers, one after the other, stands in the whole."""
        numbers = [_numbers(reader) for reader in self.readers]
        return np.argsort(np.argsort(np.concatenate(numbers)))

    @cached_property
    def _n_blocks(self) -> int:
        return sum(len(part.sums) for part in self._parts)

    @property
    def _block_records(self) -> int:
        return self._parts[0].block_records


class _Numbered:
    """Tables with rising record numbers, taken up to a number at a time."""

    def __init__(self, tables: Iterator[pa.Table]) -> None:
        self._tables = tables
        self._rest: pa.Table | None = None

    def upto(self, number: int) -> Iterator[pa.Table]:
        """Yield the rows up to record `number`, and keep the others."""
        while (table := self._rest or next(self._tables, None)) is not None:
            self._rest = None
            numbers = table.column(schema.RECORD_NUMBER).to_numpy()
            n = int(np.searchsorted(numbers, number, side="right"))
            if n:
                yield table.slice(0, n)
            if n < len(table):
                self._rest = table.slice(n)
                return


def _part_at(path: Path) -> tuple[Part | None, IndexReader | PreparedSet]:
    found = look(path)
    if found.kind is Kind.INDEX and not found.finished and look(path / PREPARED).finished:
        prepared = PreparedSet.open(path / PREPARED, allow_unfinished=True)
        part = Part.of_run(prepared)
        if part is not None and prepared.complete and not prepared.n_ok:
            return part, prepared
    reader = open_index(path)
    return reader.manifest.part, reader


def _refuse_gaps(parts: Sequence[tuple[Part, Path]]) -> None:
    first, _ = parts[0]
    seen: dict[int, Path] = {}
    for part, path in parts:
        if (part.run, part.of) != (first.run, first.of):
            raise UsageError(
                f"{path} ({part}) is of another library, or another run, than {parts[0][1]} "
                f"({first}); index all parts alike"
            )
        if part.number in seen:
            raise UsageError(f"{path} and {seen[part.number]} are both {part}; name one of them")
        seen[part.number] = path
    missing = [str(number) for number in range(1, first.of + 1) if number not in seen]
    if missing:
        more = ", …" if len(missing) > 5 else ""
        raise UsageError(
            f"of {first.of} parts {len(missing)} are missing ({', '.join(missing[:5])}{more}); "
            "name them all"
        )


def _numbers(reader: IndexReader) -> NDArray[np.int64]:
    columns = [schema.RECORD_NUMBER]
    parts = [
        batch.column(0).to_numpy()
        for shard in range(reader.n_shards)
        for batch in reader.records(shard).iter_batches(columns=columns)
    ]
    return np.concatenate(parts)
