"""Ten million rows: real embeddings, perturbed, with real fingerprints; written, listed, searched.

A row is a real molecule's embedding moved by as much as a real molecule lies from its nearest real
neighbour, with the fingerprint of one of that molecule's ten nearest real neighbours. So rows crowd
where real ones do; independent random vectors would say nothing of recall. They are no molecules.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scaling_real import step
from search_rates import BLOCK, RandomEncoder, synthetic, unit

from molsearch.index.ann.manifest import read_about
from molsearch.index.manifest import commit
from molsearch.index.reader import IndexReader, open_index
from molsearch.io.atomic import write_text

NEAREST = 10
_MOST_REAL = 60_000
K = 1000
_ROUNDS = 3


class Perturbed(RandomEncoder):
    """Embeddings near real ones."""

    def __init__(self, real: Real) -> None:
        super().__init__()
        self.identity = real.identity
        self._real = real

    def embed_table(self, table: pa.Table) -> np.ndarray:
        """Move the origin of each row."""
        first = int(table.column(0)[0].as_py()) - 1
        return self._real.vectors_of(first, table.num_rows)


class Real:
    """Embeddings and fingerprints of real molecules, with their neighbours."""

    def __init__(self, reader: IndexReader) -> None:
        self.identity = reader.identity
        shards = range(reader.n_shards)
        every = np.concatenate([reader.embeddings(shard) for shard in shards])
        prints = np.concatenate([reader.fingerprints(shard) for shard in shards])
        kept = np.random.default_rng(0).permutation(len(every))[:_MOST_REAL]
        self.vectors = every[kept].astype(np.float32)
        self._prints = prints[kept]
        self._near, self._distance = _neighbours(self.vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    def _origins(self, first: int, n: int) -> tuple[np.ndarray, np.random.Generator]:
        # By blocks, so that a row does not depend on how many are asked for at once.
        rng = np.random.default_rng([1, first // BLOCK])
        picked = rng.integers(0, len(self), BLOCK)
        start = first % BLOCK
        return picked[start : start + n], rng

    def vectors_of(self, first: int, n: int) -> np.ndarray:
        """Embeddings of rows, float32 ``[n, dim]``; all within one block."""
        origins, _ = self._origins(first, n)
        rng = np.random.default_rng([2, first])
        away = rng.standard_normal((n, self.vectors.shape[1]), dtype=np.float32)
        length = self._distance[rng.integers(0, len(self), n)]
        return unit(self.vectors[origins] + length[:, None] * unit(away))

    def prints_of(self, first: int, n: int) -> list[bytes]:
        """Fingerprints of the same rows."""
        origins, rng = self._origins(first, n)
        which = rng.integers(0, self._near.shape[1], BLOCK)[first % BLOCK :][:n]
        return [one.tobytes() for one in self._prints[self._near[origins, which]]]


def _neighbours(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest others of each row, and the distance to the first."""
    near = np.empty((len(vectors), NEAREST), np.int64)
    distance = np.empty(len(vectors), np.float32)
    for first in range(0, len(vectors), 1024):
        products = vectors[first : first + 1024] @ vectors.T
        some = np.arange(len(products))
        products[some, first + some] = -2
        best = np.argpartition(-products, NEAREST - 1, axis=1)[:, :NEAREST]
        near[first : first + 1024] = best
        highest = np.take_along_axis(products, best, 1).max(axis=1)
        distance[first : first + 1024] = np.sqrt(np.maximum(2 - 2 * highest, 0))
    return near, distance


def written(real_index: Path, rows: int, work: Path) -> dict[str, Any]:
    """Write the index, unless an earlier run has."""
    done = work / "written.json"
    if not done.exists():
        started, before = time.monotonic(), time.process_time()
        real = Real(open_index(real_index))
        ready = time.process_time()
        reader = synthetic(rows, work, Perturbed(real), real.prints_of)
        point = {
            "rows": reader.n_rows,
            "real molecules behind them": len(real),
            "seconds": round(time.monotonic() - started, 1),
            "processor_seconds": round(time.process_time() - ready, 1),
            "processor_seconds_before": round(ready - before, 1),
            "resident": _peak(),
        }
        write_text(done, json.dumps(point) + "\n")
    found: dict[str, Any] = json.loads(done.read_text())
    return found


def listed(work: Path) -> dict[str, Any]:
    """Make the lists and measure their recall, unless an earlier run has."""
    index = work / "index"
    point = step(work, "listed", ["index", "ann", "-i", str(index), "-q"])
    about = read_about(index)
    assert about is not None
    return {
        **point,
        "lists": about.trained.n_lists,
        "bytes": sum(file.entry.n_bytes for file in about.files),
        "queries": about.queries,
        "measured": [one.model_dump(mode="json") for one in about.measured],
    }


def mapped(work: Path, copies: int) -> dict[str, Any]:
    """Search an index of the same shards several times over, by hard links: memory and time."""
    done = work / "mapped.json"
    if not done.exists():
        out = work / "mapped"
        if not (out / "manifest.json").exists():
            _repeated(open_index(work / "index"), out, copies)
        write_text(done, in_a_new_process(out))
    return {**json.loads(done.read_text()), "copies": copies}


def _repeated(reader: IndexReader, out: Path, copies: int) -> None:
    manifest = reader.manifest
    entries = []
    for _ in range(copies):
        for shard in manifest.shards:
            folder = f"generations/{manifest.generation:06d}/shard-{len(entries):05d}"
            (out / folder).mkdir(parents=True, exist_ok=True)
            for name in shard.files:
                if not (out / folder / name).exists():
                    os.link(reader.path / shard.folder / name, out / folder / name)
            entries.append(shard.model_copy(update={"folder": folder}))
    failures = f"generations/{manifest.generation:06d}/failures.parquet"
    if not (out / failures).exists():
        os.link(reader.path / failures, out / failures)
    n = copies * manifest.n_ok
    plan = manifest.plan.model_copy(update={"n_rows": n})
    counts = {"plan": plan, "n_in": n, "n_ok": n, "shards": tuple(entries)}
    commit(out, manifest.model_copy(update=counts))


def in_a_new_process(index: Path) -> str:
    """Search in a process whose memory is that of searches; returns what `searched` found."""
    return subprocess.run(
        [sys.executable, __file__, str(index)], check=True, capture_output=True, text=True
    ).stdout


def searched(index: Path) -> dict[str, Any]:
    """Search exactly, and approximately where there are lists, in this process."""
    import torch
    from index_queries import reference_for, rows_as_queries

    from molsearch.index.ann.opened import opened
    from molsearch.scoring.queryset import QuerySet
    from molsearch.scoring.ranking import ranking_of
    from molsearch.search.ann.choose import chosen
    from molsearch.search.ann.rough import Setting, rough
    from molsearch.search.engine import search

    torch.set_num_threads(1)
    reader = open_index(index)
    reference = reference_for(reader)
    vectors, prints = rows_as_queries(reader, 5)
    found: dict[str, Any] = {"rows": reader.n_rows, "k": K}
    exact: dict[str, Callable[[], Any]] = {}
    near: dict[str, Callable[[float], tuple[Any, Any]]] = {}
    for rank, n in (("molsearch", 1), ("balanced", 1), ("balanced", 5)):
        ranking = ranking_of(rank, n, rarity=reference is not None)
        queries, blend = QuerySet(vectors[:n], np.arange(n)), ranking.blend(prints[:n], reference)
        name = f"{rank}, {n} {'query' if n == 1 else 'queries'}"
        exact[name] = lambda q=queries, b=blend: search(reader, q, K, blend=b)

        def approximate(recall, r=ranking, q=queries, b=blend):
            about, lists = opened(reader)
            setting = chosen(about.measured, r, recall, K)
            if isinstance(setting, str):
                return setting, None
            at = Setting(setting.probes, setting.depth)
            return setting, lambda: rough(reader, lists, q, b, at, K)

        near[name] = approximate
    found["exact"] = {name: _timed(run) for name, run in exact.items()}
    found["resident after exact"] = _peak()
    if opened(reader) is None:
        return found
    found["approximate"] = {}
    for recall in (0.9, 0.95, 0.99):
        for name, make in near.items():
            setting, run = make(recall)
            if run is None:
                found["approximate"][f"{name}, {recall:g}"] = {"why not": setting}
                continue
            found["approximate"][f"{name}, {recall:g}"] = {
                **setting.model_dump(mode="json"),
                **_timed(run),
            }
    found["resident after all"] = _peak()
    return found


def _timed(run: Callable[[], Any]) -> dict[str, float]:
    """Milliseconds: of the first call, and the fastest of those after it; of processor time too."""
    wall, work = [], []
    for _ in range(1 + _ROUNDS):
        started, before = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - started)
        work.append(time.process_time() - before)
    return {
        "first, ms": round(1e3 * wall[0], 1),
        "ms": round(1e3 * min(wall[1:]), 1),
        "processor, ms": round(1e3 * min(work[1:]), 1),
    }


def _peak() -> dict[str, int]:
    """Bytes: the most that was resident, mapped pages included, and what is anonymous now."""
    values = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "peak": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "anonymous": 1024 * int(values["RssAnon"].split()[0]),
    }


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(json.dumps(searched(Path(sys.argv[1]))))
