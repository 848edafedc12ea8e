"""Which of the molecules that are to be added an index has already, by a column of text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.index.reader import IndexReader


@dataclass(frozen=True)
class Shared:
    """Molecules whose value of a column occurs in an index.

    Attributes
    ----------
    known
        For each table that was looked at, by row, the id that the index has the value under;
        None where it has it not.
    """

    known: tuple[tuple[str | None, ...], ...]
    first: tuple[str, str] | None

    @property
    def n(self) -> int:
        """How many."""
        return sum(one is not None for some in self.known for one in some)

    def mask(self, table: int) -> NDArray[np.bool_]:
        """Which rows of table number `table` they are."""
        return np.array([one is not None for one in self.known[table]], bool)


def shared(reader: IndexReader, column: str, tables: Iterable[pa.Table]) -> Shared:
    """Look every value of `column` up in an index.

    Eight bytes a molecule of the index are held, and the texts of those that are shared.

    Parameters
    ----------
    tables
        With `column` and ``schema.MOLECULE_ID``.
    """
    looked = [(table.column(column), table.column(schema.MOLECULE_ID)) for table in tables]
    hashes = [_hashes(values) for values, _ in looked]
    new = np.unique(np.concatenate(hashes or [np.empty(0, np.uint64)]))
    ids = _ids_by_value(reader, column, new)
    known = tuple(tuple(ids.get(value) for value in values.to_pylist()) for values, _ in looked)
    first = None
    for (_, names), found in zip(looked, known, strict=True):
        place = next((i for i, one in enumerate(found) if one is not None), None)
        if place is not None:
            first = (str(names[place].as_py()), str(found[place]))
            break
    return Shared(known, first)


def _ids_by_value(reader: IndexReader, column: str, wanted: NDArray[np.uint64]) -> dict[str, str]:
    """Find the id of the first molecule of each value whose hash is wanted."""
    found: dict[str, str] = {}
    columns = list(dict.fromkeys([column, schema.MOLECULE_ID]))
    for shard in range(reader.n_shards):
        for batch in reader.records(shard).iter_batches(columns=columns):
            values = batch.column(columns.index(column))
            mask = pa.array(np.isin(_hashes(values), wanted))
            names = batch.column(columns.index(schema.MOLECULE_ID)).filter(mask)
            for value, name in zip(values.filter(mask).to_pylist(), names.to_pylist(), strict=True):
                found.setdefault(value, name)
    return found


def _hashes(values: pa.Array | pa.ChunkedArray) -> NDArray[np.uint64]:
    texts = values.to_pandas().to_numpy(dtype=object)
    return np.asarray(pd.util.hash_array(texts, categorize=False), np.uint64)
