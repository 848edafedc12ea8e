"""Codecs on the embeddings of an index: bytes a row, how many rows their bounds leave, time.

python benchmarks/prefixes.py lib.index [--rows 200000] [--queries 20] [--repeats 5]

The first dimensions of the embedding (which encoders are trained to be of use alone), the first
principal axes of the shard, and all dimensions: all a byte a dimension. One query at a time, one
thread, all in turn in one process; each list is compared with that of all dimensions.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from molsearch.index.blocks import CheckedRows
from molsearch.index.layout import EMBEDDINGS
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.vectors.copies import CopyRows, write_copy
from molsearch.index.vectors.prefix import Prefix, encode_prefix, principal_axes
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search

KS = (100, 1000)
WIDTHS = (128, 64)


def left(vectors: np.ndarray, queries: np.ndarray, axes: np.ndarray, k: int) -> float:
    """Share of rows whose bound reaches the k-th best score, at the best threshold there is."""
    block = encode_prefix(vectors, axes)
    inside = queries @ axes.T
    outside = np.linalg.norm(queries - inside @ axes, axis=1)
    found = []
    for query, part, rest in zip(queries, inside, outside, strict=True):
        due = np.partition(vectors @ query, len(vectors) - k)[len(vectors) - k]
        codes = block.inside.scale[:, None] * block.inside.codes
        highest = codes @ part + np.linalg.norm(part) * block.inside.distance + rest * block.rest
        found.append(float((highest >= due).mean()))
    return statistics.mean(found)


def measured(reader: IndexReader, rows: int, n_queries: int, repeats: int) -> dict[str, Any]:
    """Rows that bounds leave, and processor time to that of all dimensions, by width and k."""
    torch.set_num_threads(1)
    vectors = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    vectors = vectors[:rows].astype(np.float32)
    queries = vectors[np.linspace(0, len(vectors) - 1, n_queries).astype(int)]
    stored = CheckedRows(vectors.astype(np.float16), reader.path, None, 1)
    found: dict[str, Any] = {"rows": reader.n_rows, "queries": n_queries}
    for width in WIDTHS:
        axes = principal_axes(stored, width)
        first = np.eye(reader.dim, dtype=np.float32)[:width]
        found[f"{width} axes"] = {
            f"k {k}": {
                "rows left": round(left(vectors, queries, axes, k), 4),
                "rows left by first dimensions": round(left(vectors, queries, first, k), 4),
            }
            for k in KS
        }
    for (width, k), ratio in _ratios(reader, queries, repeats).items():
        found[f"{width} axes"][f"k {k}"]["to all dimensions, processor time"] = round(ratio, 2)
    return found


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    reader = open_index(given.index)
    print(json.dumps(measured(reader, given.rows, given.queries, given.repeats), indent=1))


class Prefixed(IndexReader):
    """An index whose shards have prefixes of one width, made in a folder of their own."""

    def __init__(self, reader: IndexReader, folder: Path, width: int) -> None:
        super().__init__(reader.path, reader.manifest)
        self._made = []
        for shard, entry in enumerate(reader.manifest.shards):
            place = folder / f"{width}-{shard}"
            rows = reader.checked_embeddings(shard)
            assert isinstance(rows, CheckedRows)
            source = entry.files[EMBEDDINGS].sha256
            write_copy(place, rows, source, Prefix(width), reader.dim)
            shape = (entry.n_rows, reader.dim)
            self._made.append(CopyRows(place, Prefix(width), rows, source, shape))

    def copy(self, shard: int) -> CopyRows:
        """Give the copy made here."""
        return self._made[shard]


def _ratios(reader: IndexReader, queries: np.ndarray, repeats: int) -> dict[tuple[int, int], float]:
    """Median processor time of searches to that of all dimensions, by width and k."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        readers = {0: reader, **{n: Prefixed(reader, Path(folder), n) for n in WIDTHS}}
        for k in KS:
            times: dict[int, list[float]] = {width: [] for width in readers}
            for _ in range(repeats):
                for query in queries:
                    asked = QuerySet(query[None], np.array([0]))
                    lists = []
                    for width, one in readers.items():
                        started = time.process_time()
                        lists.append(search(one, asked, k))
                        times[width].append(time.process_time() - started)
                    assert all(np.array_equal(lists[0].rows, one.rows) for one in lists[1:])
            whole = statistics.median(times[0])
            for width in WIDTHS:
                found[width, k] = statistics.median(times[width]) / whole
    return found


if __name__ == "__main__":
    main()
