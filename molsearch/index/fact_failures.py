"""Rows of failures for facts that cannot be computed, of molecules that are there all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.index.record_file import RecordFile
from molsearch.index.records import take_rows

STAGE_FACT = "fact"


def failures_of(
    records: Callable[[int], RecordFile], starts: NDArray[np.int64], reasons: Mapping[int, str]
) -> pa.Table:
    """Make a table of failures, one row each.

    Parameters
    ----------
    records
        Opens the record file of a shard.
    starts
        Position of each shard's first row.
    reasons
        By position over all shards.
    """
    places = np.array(sorted(reasons), dtype=np.int64)
    shard = np.searchsorted(starts, places, side="right") - 1
    names = [name for name in schema.FAILURE_COLUMNS if name in records(0).schema.names]
    table = take_rows(records, shard, places - starts[shard], [*names, schema.SMILES])
    table = table.rename_columns([*names, schema.INPUT])
    stage = pa.array([STAGE_FACT] * len(places), pa.string())
    table = table.append_column(schema.STAGE, stage)
    texts = [reasons[int(place)] for place in places]
    table = table.append_column(schema.REASON, pa.array(texts, pa.string()))
    return table.select(list(schema.FAILURE_COLUMNS))
