"""Exact search against faiss and FPSim2, ours and the peer's in turn in one process.

Made-up rows: random unit vectors of 256 dimensions and fingerprints, k = 1,000, one thread. A ratio
compares the fastest of some runs of each; the same of processor time, which neighbours on a busy
machine change less, stands beside it. Peers that are not installed are left out
(``pip install faiss-cpu==1.15.1 FPSim2``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

Run = Callable[[], Any]
ROUNDS = 7
COMPOUNDS = (16_384, 128)


def searching(rows: int, folder: Path) -> dict[str, Any]:
    """Milliseconds of exact search, and ratios to peers."""
    import torch
    from search_rates import DIM, K, synthetic, unit

    from molsearch.index.rarity import Reference
    from molsearch.scoring.blend import Blend, Likeness, Rarity
    from molsearch.scoring.queryset import QuerySet
    from molsearch.search.engine import search, search_each
    from molsearch.search.engine.fused import FUSED_ROWS, kernels_for

    kernels_for(FUSED_ROWS + 1)  # as in a process that has searched for a while
    torch.set_num_threads(1)
    reader = synthetic(rows, folder)
    vectors = unit(np.random.default_rng(1).standard_normal((64, DIM), dtype=np.float32))
    one, five, many = (QuerySet(vectors[:n], np.arange(n)) for n in (1, 5, 64))
    prints = np.array(reader.fingerprints(0)[:5])
    compounds = unit(np.random.default_rng(2).standard_normal(COMPOUNDS, dtype=np.float32))
    rarity = Rarity(Reference(compounds.astype(np.float16)), 1.25)
    alone = Blend(1.0, "max", Likeness(prints[:1], 1.0), rarity)
    together = Blend(1.0, "top2", Likeness(prints, 1.0), rarity)
    ours: dict[str, tuple[Run, int]] = {
        "one query": (lambda: search(reader, one, K), ROUNDS),
        "64 queries": (lambda: search_each(reader, many, K), 2),
        "default ranking, one query": (lambda: search(reader, one, K, blend=alone), ROUNDS),
        "default ranking, five queries": (lambda: search(reader, five, K, blend=together), 5),
    }
    for run, _ in ours.values():
        # The first look at each block compares its checksum; the first for rarity computes it.
        run()
    stored = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    codes = np.clip(np.rint(127.0 * stored.astype(np.float32)), -127, 127).astype(np.int8)
    words = codes.view(np.int64)
    built = _faiss(stored, codes)
    mixed = {n: _sum_of_peers(built, vectors[:n], reader, prints[:n], K) for n in (1, 5)}
    peers: dict[str, dict[str, Run]] = {
        "one query": {**_runs(built, vectors[:1], K), "reading its bytes": lambda: words.sum()},
        "64 queries": _runs(built, vectors, K),
        "default ranking, one query": mixed[1],
        "default ranking, five queries": mixed[5],
    }
    found: dict[str, Any] = {"rows": rows, "k": K}
    for name, (run, rounds) in ours.items():
        found[name] = compared(run, peers[name], rounds)
    found["two threads"] = {
        "one query, one thread to two": _threads(ours["one query"][0]),
        "reading its bytes, one thread to two": _read_by_two(words),
    }
    return found


def compared(ours: Run, peers: dict[str, Run], rounds: int) -> dict[str, Any]:
    """Run ours before each peer's and after, and compare the fastest."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ("ours", *peers)}
    for _ in range(rounds):
        times["ours"].append(_timed(ours))
        for name, peer in peers.items():
            times[name].append(_timed(peer))
            times["ours"].append(_timed(ours))
    wall = {name: min(one[0] for one in some) for name, some in times.items()}
    work = {name: min(one[1] for one in some) for name, some in times.items()}
    found: dict[str, Any] = {"ms": round(1e3 * wall["ours"], 1)}
    for name in peers:
        found[f"{name}, ms"] = round(1e3 * wall[name], 1)
        found[f"to {name}"] = round(wall["ours"] / wall[name], 2)
        found[f"to {name}, processor time"] = round(work["ours"] / work[name], 2)
    return found


def _timed(run: Run) -> tuple[float, float]:
    wall, work = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - work


def _threads(run: Run) -> float:
    """Say how many times as fast two threads are as one, in turn."""
    import torch

    best = {1: np.inf, 2: np.inf}
    for _ in range(ROUNDS):
        for n in best:
            torch.set_num_threads(n)
            best[n] = min(best[n], _timed(run)[0])
    torch.set_num_threads(1)
    return round(best[1] / best[2], 2)


def _read_by_two(words: np.ndarray) -> float:
    """Say the same of reading alone: memory that two cores share is no faster for it."""
    halves = np.array_split(words, 2)
    best = {1: np.inf, 2: np.inf}
    with ThreadPoolExecutor(1) as other:
        for _ in range(ROUNDS):
            best[1] = min(best[1], _timed(words.sum)[0])

            def both() -> None:
                half = other.submit(halves[1].sum)
                halves[0].sum()
                half.result()

            best[2] = min(best[2], _timed(both)[0])
    return round(best[1] / best[2], 2)


def _faiss(stored: np.ndarray, codes: np.ndarray) -> dict[str, Any]:
    """Build faiss's indexes of the rows, by name; none where it is not installed."""
    try:
        import faiss
    except ImportError:
        return {}
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexFlatIP(stored.shape[1])
    small = faiss.IndexScalarQuantizer(
        codes.shape[1], faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    )
    for first in range(0, len(codes), 65_536):
        flat.add(stored[first : first + 65_536].astype(np.float32))
        small.add(codes[first : first + 65_536].astype(np.float32))
    return {"faiss flat": flat, "faiss int8": small}


def _runs(built: dict[str, Any], queries: np.ndarray, k: int) -> dict[str, Run]:
    scales = {"faiss flat": 1, "faiss int8": 127}
    return {
        name: (lambda index=index, asked=scales[name] * queries: index.search(asked, k))
        for name, index in built.items()
    }


def _sum_of_peers(
    built: dict[str, Any], queries: np.ndarray, reader: Any, prints: np.ndarray, k: int
) -> dict[str, Run]:
    """Return a scan by faiss, then one by FPSim2 for each query: two lists of k, not their sum."""
    try:
        from FPSim2.FPSim2lib import GenericSearch
        from FPSim2.io.chem import METRICS
    except ImportError:
        return {}
    if not built:
        return {}
    packed = np.concatenate([reader.fingerprints(i) for i in range(reader.n_shards)])
    table, asked = _fpsim2_rows(packed), _fpsim2_rows(prints)

    def run() -> None:
        built["faiss int8"].search(127 * queries, k)
        for query in asked:
            GenericSearch(query, table, 0.0, k, METRICS["tanimoto"], 0, len(table))

    return {"faiss int8 and FPSim2": run}


def _fpsim2_rows(packed: np.ndarray) -> np.ndarray:
    """Lay fingerprints out as FPSim2 holds them: number, words, bits set."""
    words = np.ascontiguousarray(packed).view(np.uint64)
    bits = np.bitwise_count(words).sum(axis=1, dtype=np.uint64)
    number = np.arange(1, len(words) + 1, dtype=np.uint64)
    return np.ascontiguousarray(np.column_stack([number, words, bits]))
