"""Queries drawn among the actives, for benchmarks that come without query ligands."""

from __future__ import annotations

import zlib

import numpy as np
import pandas as pd

from molsearch.bench.benchmarks.task import TaskQuery

N_QUERIES = 5


def drawn_queries(
    pool: pd.DataFrame, target: str, seed: int, n: int = N_QUERIES
) -> tuple[TaskQuery, ...]:
    """Draw `n` actives of a pool as queries; the same for the same target and seed.

    Each remains in the pool as an active for the other queries; a query's own row is dropped
    when it is screened with.
    """
    actives = pool[pool["is_active"].astype(bool)]
    generator = np.random.default_rng([seed, zlib.crc32(target.encode())])
    chosen = np.sort(generator.permutation(len(actives))[:n])
    return tuple(
        TaskQuery(str(row.molecule_id), str(row.smiles), inchikey=str(row.inchikey))
        for row in actives.iloc[chosen].itertuples()
    )
