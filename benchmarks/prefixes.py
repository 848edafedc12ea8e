"""Codecs on the embeddings of an index: bytes a row, how many rows their bounds leave, time.

python benchmarks/prefixes.py lib.index [--rows 200000] [--queries 20] [--repeats 5]

The first dimensions of the embedding (which encoders are trained to be of use alone), the first
principal axes of the shard, and all dimensions: all a byte a dimension. One query at a time, one
thread, all in turn in one process; each list is compared with that of all dimensions.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from molsearch.index.blocks import CheckedRows
from molsearch.index.layout import EMBEDDINGS
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.vectors.prefix import (
    PrefixRows,
    encode_prefix,
    principal_axes,
    write_prefix,
)
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search


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


def main() -> None:
    """Print a line a codec."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    reader = open_index(given.index)
    vectors = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    vectors = vectors[: given.rows].astype(np.float32)
    chosen = np.linspace(0, len(vectors) - 1, given.queries).astype(int)
    queries = vectors[chosen]
    rows = CheckedRows(vectors.astype(np.float16), given.index, None, 1)
    for k in (100, 1000):
        for width in (64, 128):
            first = np.eye(reader.dim)[:width]
            axes = principal_axes(rows, width)
            print(
                f"k {k:5}: of {width:3} first dimensions {left(vectors, queries, first, k):7.2%} "
                f"of the rows are left, of {width:3} principal axes "
                f"{left(vectors, queries, axes, k):7.2%}",
                flush=True,
            )
    _time(reader, queries, given.repeats)


class Prefixed(IndexReader):
    """An index whose shards have prefixes of one width, made in a folder of their own."""

    def __init__(self, reader: IndexReader, folder: Path, width: int) -> None:
        super().__init__(reader.path, reader.manifest)
        self._copies = []
        for shard, entry in enumerate(reader.manifest.shards):
            place = folder / f"{width}-{shard}"
            rows = reader.checked_embeddings(shard)
            assert isinstance(rows, CheckedRows)
            source = entry.files[EMBEDDINGS].sha256
            write_prefix(place, rows, source, width)
            self._copies.append(PrefixRows(place, rows, source, width))

    def prefixes(self, shard: int) -> PrefixRows:
        """Give the copy made here."""
        return self._copies[shard]


def _time(reader: IndexReader, queries: np.ndarray, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        readers = {0: reader, **{n: Prefixed(reader, Path(folder), n) for n in (128, 64)}}
        for k in (100, 1000):
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
            for width, seconds in times.items():
                taken = statistics.median(seconds)
                print(
                    f"k {k:5}, {reader.n_rows:,} rows: {f'{width} axes' if width else 'all':9} "
                    f"{1000 * taken:7.2f} ms of processor time, {taken / whole:5.2f} of that of "
                    "all dimensions",
                    flush=True,
                )


if __name__ == "__main__":
    main()
