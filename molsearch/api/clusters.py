"""Clusters of an index as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from molsearch import schema
from molsearch.index.reader import IndexReader
from molsearch.search.clusters import cluster_index
from molsearch.service.events import Emit, stage


def cluster_frame(reader: IndexReader, similarity: float, emit: Emit) -> pd.DataFrame:
    """Make a row a molecule; see `molsearch.Index.cluster`."""
    with stage(emit, "clustering", 2 * reader.n_rows) as progress:
        found = cluster_index(reader, similarity, progress)
    names = [schema.MOLECULE_ID, schema.SMILES]
    tables = [reader.records(shard).read(names) for shard in range(reader.n_shards)]
    frame = pd.concat([table.to_pandas() for table in tables], ignore_index=True)
    ids = frame[schema.MOLECULE_ID].to_numpy()
    is_leader = np.zeros(len(frame), dtype=bool)
    is_leader[found.leaders] = True
    return frame[names].assign(
        cluster=found.cluster + 1,
        cluster_size=found.sizes[found.cluster],
        leader=ids[found.leaders][found.cluster],
        is_leader=is_leader,
        leader_similarity=found.similarity.astype(np.float64),
    )
