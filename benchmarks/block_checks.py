"""What the checksums of blocks cost a cold scan: the same scan with and without, taken in turns.

python benchmarks/block_checks.py [--rows 500000] [--repeats 7]
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))

from search_rates import DIM, synthetic, unit

from molsearch.index import blocks
from molsearch.index.reader import IndexReader, open_index
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search


def cold(path: Path) -> IndexReader:
    """Open the index with its rows out of the system's cache, and no block compared yet."""
    blocks._unseen.clear()
    gc.collect()
    for file in path.rglob("*.npy"):
        with file.open("rb") as handle:
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return open_index(path)


@contextmanager
def unchecked() -> Iterator[None]:
    """Compare nothing."""
    with ExitStack() as stack:
        for owner, name in (
            (blocks.BlockGuard, "check"),
            (blocks.BlockGuard, "check_rows"),
        ):
            stack.enter_context(patch.object(owner, name, lambda *_: None))
        yield


def main() -> None:
    """Print the median seconds of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    torch.set_num_threads(1)
    vectors = unit(np.random.default_rng(1).standard_normal((1, DIM), dtype=np.float32))
    query = QuerySet(vectors, np.zeros(1, np.int64))
    with tempfile.TemporaryDirectory() as folder:
        path = synthetic(given.rows, Path(folder)).path
        seconds: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(2 * given.repeats):
            checked = turn % 2 == 0
            reader = cold(path)
            with nullcontext() if checked else unchecked():
                started = time.perf_counter()
                search(reader, query, 100)
                seconds[checked].append(time.perf_counter() - started)
            del reader
    with_, without = (statistics.median(seconds[checked]) for checked in (True, False))
    print(
        f"{given.rows:,} rows: {with_:.3f} s checked, {without:.3f} s not: x {with_ / without:.3f}"
    )


if __name__ == "__main__":
    main()
