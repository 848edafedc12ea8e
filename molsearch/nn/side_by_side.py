"""Tables embedded side by side: one thread each takes less than all threads at each product."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

_MOST = 8  # at once: more would wait for Python

Vectors = NDArray[np.float32]


def side_by_side(
    embed: Callable[[pa.Table], Vectors], tables: Iterable[pa.Table]
) -> Iterator[tuple[pa.Table, Vectors]]:
    """Embed tables, as many at once as torch has threads.

    Yields
    ------
    Each table with its embeddings, in order. As many tables as threads are in memory, and one.
    """
    threads = torch.get_num_threads()
    at_once = min(threads, _MOST)
    if at_once == 1:
        for table in tables:
            yield table, embed(table)
        return
    waiting: deque[tuple[pa.Table, Future[Vectors]]] = deque()
    # The number of threads is each thread's own.
    own = max(1, threads // at_once)
    with ThreadPoolExecutor(at_once, "embed", torch.set_num_threads, (own,)) as pool:
        try:
            for table in tables:
                waiting.append((table, pool.submit(embed, table)))
                if len(waiting) > at_once:
                    first, found = waiting.popleft()
                    yield first, found.result()
            while waiting:
                first, found = waiting.popleft()
                yield first, found.result()
        finally:
            for _, found in waiting:
                found.cancel()
            torch.set_num_threads(threads)  # MKL's, which is the process's
