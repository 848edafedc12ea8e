"""Exact search of a million embeddings against plain NumPy, in one process.

    python benchmarks/search_rates.py [--rows 1000000] [--threads 1]

The index is synthetic: random unit vectors, records of a realistic size. Times include what a
user waits for: the scan, the float64 scores, ties; and apart from it the reading of the records
of k hits. NumPy's time is that of a float32 product over the same float16 rows in chunks of the
same size and a partition, without exactness or ties.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pyarrow as pa
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from fakes import molecule

from molsearch.config import PrepareConfig
from molsearch.data.prepared_table import FAILURES, table_of
from molsearch.index.reader import IndexReader
from molsearch.index.writer import build_index
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search, search_each
from molsearch.search.hits import _STORED

DIM = 256
BLOCK = 4096
CHUNK = 65_536
K = 1000


class RandomEncoder:
    """Unit vectors that have nothing to do with the molecules."""

    identity = "0" * 64
    dim = DIM
    card: ClassVar = {"name": "random"}
    background = None

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def embed_table(self, table: pa.Table) -> np.ndarray:
        """Draw one vector a row."""
        return unit(self._rng.standard_normal((len(table), DIM), dtype=np.float32))

    def embed_conformers(self, table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        """Draw one vector a row, each row a conformer."""
        return self.embed_table(table), np.arange(len(table))


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def synthetic(
    rows: int,
    folder: Path,
    encoder: RandomEncoder | None = None,
    prints: Callable[[int, int], list[bytes]] | None = None,
) -> IndexReader:
    """Build an index of `rows` made-up molecules.

    `prints` gives the fingerprints of n rows from a first one on; made-up ones otherwise.
    """
    block = table_of([molecule(i + 1, n_atoms=24, coords=b"\0" * 144) for i in range(BLOCK)])

    def tables() -> Iterator[pa.Table]:
        for first in range(0, rows, BLOCK):
            n = min(BLOCK, rows - first)
            numbers = pa.array(np.arange(first + 1, first + n + 1))
            table = block.slice(0, n).set_column(0, block.schema.field(0), numbers)
            if prints is not None:
                place = table.schema.get_field_index("ecfp4")
                some = pa.array(prints(first, n), table.schema.field(place).type)
                table = table.set_column(place, table.schema.field(place), some)
            yield table

    prepared = SimpleNamespace(
        identity="1" * 64,
        n_in=rows,
        n_ok=rows,
        path=folder,
        iter_tables=tables,
        iter_failures=lambda: iter([FAILURES.empty_table()]),
        manifest=SimpleNamespace(
            reading=(),
            run=SimpleNamespace(sources=(), prepare=PrepareConfig(), rdkit="none", part=None),
        ),
    )
    return build_index(prepared, encoder or RandomEncoder(), folder / "index")  # type: ignore[arg-type]


def numpy_peer(reader: IndexReader, queries: np.ndarray, k: int) -> np.ndarray:
    """Find the k best of each query, as one would write it in ten lines."""
    weights = queries.T.astype(np.float32)
    scores = np.empty((reader.n_rows, len(queries)), dtype=np.float32)
    at = 0
    for shard in range(reader.n_shards):
        vectors = reader.embeddings(shard)
        for first in range(0, len(vectors), CHUNK):
            block = vectors[first : first + CHUNK].astype(np.float32)
            scores[at : at + len(block)] = block @ weights
            at += len(block)
    best = np.argpartition(-scores, k - 1, axis=0)[:k]
    return np.take_along_axis(best, np.argsort(-np.take_along_axis(scores, best, 0), axis=0), 0)


def seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """Time the fastest of some runs."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        reader = synthetic(options.rows, Path(folder))
        built = time.perf_counter() - started
        size = sum(one.stat().st_size for one in reader.path.rglob("*") if one.is_file())
        print(
            f"{options.rows:,} rows written in {built:.1f} s, {size / options.rows:.0f} bytes a row"
        )
        print(f"torch threads {options.threads}; k = {K}; fastest of five")
        measure(reader)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak resident memory {peak:,.0f} MiB")


def measure(reader: IndexReader) -> None:
    """Print the table."""
    rng = np.random.default_rng(1)
    vectors = unit(rng.standard_normal((64, DIM), dtype=np.float32))
    one = QuerySet(vectors[:1], np.zeros(1, np.int64))
    many = QuerySet(vectors, np.arange(64))
    found = search(reader, one, K)
    assert len(set(zip(found.shards, found.rows, strict=True))) == K
    rows = [
        ("one query", lambda: search(reader, one, K), lambda: numpy_peer(reader, vectors[:1], K)),
        ("64 queries, fused", lambda: search(reader, many, K), None),
        (
            "64 queries, a list each",
            lambda: search_each(reader, many, K),
            lambda: numpy_peer(reader, vectors, K),
        ),
    ]
    for label, ours, peer in rows:
        mine = seconds(ours)
        line = f"{label:<26} {1000 * mine:8.0f} ms"
        if peer is not None:
            theirs = seconds(peer, 3)
            line += f"   numpy {1000 * theirs:8.0f} ms   {theirs / mine:5.1f}x"
        print(line, flush=True)
    taken = seconds(lambda: reader.take(found.shards, found.rows, _STORED), 3)
    print(f"{'records of the k hits':<26} {1000 * taken:8.0f} ms")


if __name__ == "__main__":
    main()
