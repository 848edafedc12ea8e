"""Several actives of a target drawn as queries together: how most people come to a screen."""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np

from molsearch.bench.benchmarks.task import Benchmark, Task, TaskQuery

N_DRAWS = 5
LEAST_LEFT = 5  # actives that are left to find


def drawn(task: Task, n_queries: int, n_draws: int, seed: int) -> Task:
    """Exchange the queries of a task for draws among its actives.

    The drawn actives of each draw are its queries together and leave the pool for it. Draws
    differ in nothing but their members; the same target, seed and number give the same, whatever
    else is run.

    Parameters
    ----------
    task
        With at least ``n_queries + LEAST_LEFT`` actives.
    n_queries
        Queries of a draw.
    n_draws
        How many draws.
    """
    rows = np.flatnonzero(task.is_active)
    chosen = [_draw(rows, task.target, n_queries, seed, number) for number in range(n_draws)]
    every = np.unique(np.concatenate(chosen))
    pool = task.pool
    queries = tuple(
        TaskQuery(str(row.molecule_id), str(row.smiles), inchikey=str(row.inchikey))
        for row in pool.iloc[every].itertuples()
    )
    draws = tuple(tuple(int(i) for i in np.searchsorted(every, one)) for one in chosen)
    return replace(task, queries=queries, protocol="drawn", draws=draws)


def _draw(rows: np.ndarray, target: str, n_queries: int, seed: int, number: int) -> np.ndarray:
    generator = np.random.default_rng([seed, zlib.crc32(target.encode()), n_queries, number])
    return np.sort(rows[generator.permutation(len(rows))[:n_queries]])


def too_small(benchmark: Benchmark, n_queries: int, most: int | None) -> dict[str, int]:
    """Targets with too few actives for such draws, and how many they have.

    Parameters
    ----------
    most
        Actives that a target is cut to, where it is.
    """
    found = {}
    for target, count in benchmark.counts().set_index("target")["actives"].items():
        actives = int(count) if most is None else min(int(count), most)
        if actives < n_queries + LEAST_LEFT:
            found[str(target)] = actives
    return found
