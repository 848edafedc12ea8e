"""Rows of failures for facts that cannot be computed, of molecules that are there all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.index.record_file import RecordFile
from molsearch.index.records import take_rows

STAGE_FACT = "fact"


class Records(Protocol):
    """What is needed of an index."""

    def records(self, shard: int) -> RecordFile:
        """Open the record file of a shard."""
        ...

    def locate(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Shard and place of rows that are named by their position over all shards."""
        ...


def failures_of(reader: Records, reasons: Mapping[int, str]) -> pa.Table:
    """Make a table of failures, one row each.

    Parameters
    ----------
    reasons
        By position over all shards.
    """
    places = np.array(sorted(reasons), dtype=np.int64)
    held = reader.records(0).schema.names
    names = [name for name in schema.FAILURE_COLUMNS if name in held]
    table = take_rows(reader.records, *reader.locate(places), [*names, schema.SMILES])
    table = table.rename_columns([*names, schema.INPUT])
    stage = pa.array([STAGE_FACT] * len(places), pa.string())
    table = table.append_column(schema.STAGE, stage)
    texts = [reasons[int(place)] for place in places]
    table = table.append_column(schema.REASON, pa.array(texts, pa.string()))
    return table.select(list(schema.FAILURE_COLUMNS))
