"""A shard's rows by molecule_id, so that equal scores are ordered without reading records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from molsearch import schema
from molsearch.index.layout import RANKS, RECORDS
from molsearch.index.npy import RowWriter
from molsearch.io import parquet
from molsearch.io.atomic import replacing

#: By what rows of equal score are ordered, first things first.
TIE_COLUMNS = (schema.MOLECULE_ID, schema.RECORD_NUMBER)


def write_ranks(folder: Path) -> None:
    """Write the place of each row of a shard among its rows, ordered by `TIE_COLUMNS`.

    Arrow sorts, as it does where ids of several shards are compared: by the bytes of UTF-8.

    Parameters
    ----------
    folder
        Of a shard whose records are written. They hold two short columns of `MAX_SHARD_ROWS`
        rows at most: some MB.
    """
    keys = parquet.read(folder / RECORDS, TIE_COLUMNS)
    order = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in TIE_COLUMNS])
    ranks = np.empty((len(keys), 1), np.uint32)
    ranks[order.to_numpy(), 0] = np.arange(len(keys), dtype=np.uint32)
    with replacing(folder / RANKS) as temporary, RowWriter(temporary, 1, "uint32") as writer:
        writer.append(ranks)
