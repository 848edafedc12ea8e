"""Changes of indexes of fake molecules, as tests ask for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from fakes import FakeEncoder

from molsearch.data.prepared import PreparedSet
from molsearch.index.add import add_molecules, compare
from molsearch.index.change import changing
from molsearch.index.compact import compact_shards
from molsearch.index.companions import Companion, companions
from molsearch.index.drop import drop_molecules, find_ids
from molsearch.index.plan import Change
from molsearch.index.reader import IndexReader, open_index


def done(reader: IndexReader, kind: str, of: str) -> bool:
    """Whether an index has been changed so before."""
    return any((one.kind, one.of) == (kind, of) for one in reader.manifest.changes)


def change_of(reader: IndexReader, kind: str, of: str, n: int) -> Change:
    """Describe a change."""
    return Change(kind=kind, base=reader.manifest.generation, of=of, what=of, n=n)


def add(
    out: Path,
    prepared: PreparedSet,
    *,
    encoder: FakeEncoder | None = None,
    skip: bool = False,
    of: str = "more",
    overwrite: bool = False,
) -> IndexReader:
    """Add a prepared set, unless that was done before."""
    with changing(out) as reader:
        if not done(reader, "add", of):
            addition = compare(reader, prepared, skip=skip)
            change = change_of(reader, "add", of, addition.n_rows)
            add_molecules(reader, addition, encoder or FakeEncoder(), change, overwrite=overwrite)
    return open_index(out)


def drop(out: Path, ids: list[str], *, of: str = "ids", overwrite: bool = False) -> IndexReader:
    """Drop molecules, unless that was done before."""
    with changing(out) as reader:
        if not done(reader, "drop", of):
            found = find_ids(reader, ids)
            change = change_of(reader, "drop", of, found.n)
            drop_molecules(reader, found, change, overwrite=overwrite)
    return open_index(out)


def compact(out: Path) -> IndexReader:
    """Compact an index, unless that was done before."""
    with changing(out) as reader:
        if not done(reader, "compact", "all"):
            compact_shards(reader, change_of(reader, "compact", "all", 0), overwrite=False)
    return open_index(out)


def keep(out: Path, name: str) -> None:
    """Compute what is kept beside shards: each molecule's record number, and a digit of it."""

    def compute(table: pa.Table) -> np.ndarray:
        numbers = table.column("record_number").to_numpy()
        return np.stack([numbers, numbers % 10], axis=1)

    companions(open_index(out), Companion(name, "1", 2, "int32", ("record_number",), compute))


def content(reader: IndexReader) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """All records, embeddings and fingerprints of an index."""
    shards = range(reader.n_shards)
    return (
        pa.concat_tables([reader.records(i).read() for i in shards]).combine_chunks(),
        np.concatenate([reader.embeddings(i) for i in shards]),
        np.concatenate([reader.fingerprints(i) for i in shards]),
    )
