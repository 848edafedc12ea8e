"""A small benchmark in memory: two chemical series, one of them the actives."""

from __future__ import annotations

import pandas as pd
import pytest

from molsearch.bench.benchmarks.task import Provenance, Task, TaskQuery, pool_frame

ACTIVES = [f"O=C(Nc1ccc({x})cc1)c1ccccn1" for x in ("F", "Cl", "Br", "C", "OC", "C#N", "CC", "O")]
DECOYS = [f"C{'C' * n}N1CCN(C{'C' * m})CC1" for n in range(6) for m in range(6)]


def make_task(target: str = "t1", protocol: str = "fused", n_queries: int = 1) -> Task:
    pool = pd.concat(
        [
            pool_frame(ACTIVES, [f"a{i}" for i in range(len(ACTIVES))], True),
            pool_frame(DECOYS, [f"d{i}" for i in range(len(DECOYS))], False),
        ],
        ignore_index=True,
    )
    queries = tuple(TaskQuery(f"q{i}", ACTIVES[i]) for i in range(n_queries))
    return Task(target, queries, pool, protocol=protocol, uniprot="P00001")


class MemoryBenchmark:
    """Targets made by `make_task`, for tests of the runner."""

    name = "memory"
    provenance = Provenance("Memory", "none", "", "none", "decoys", ("made up",))

    def __init__(self, names=("t1", "t2", "t3"), protocol="fused", n_queries=2):
        self.names = list(names)
        self.protocol = protocol
        self.n_queries = n_queries
        self.loaded = []

    def targets(self):
        return list(self.names)

    def load(self, target):
        self.loaded.append(target)
        return make_task(target, self.protocol, self.n_queries)

    def counts(self):
        rows = [(t, len(ACTIVES), len(DECOYS), self.n_queries) for t in self.names]
        return pd.DataFrame(rows, columns=["target", "actives", "inactives", "queries"])


@pytest.fixture
def task():
    return make_task()


@pytest.fixture
def memory():
    return MemoryBenchmark
