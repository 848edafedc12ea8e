"""Whether CUDA gives what the CPU gives, and how much faster: ``make gpu``.

The bundled example goes the whole way on both devices: embeddings, index, hits.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepare import prepare
from molsearch.data.prepared import PreparedSet
from molsearch.index.reader import IndexReader
from molsearch.index.writer import build_index
from molsearch.nn.weights import load_encoder
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import search

LIBRARY = Path(__file__).resolve().parents[1] / "datasets" / "example" / "library.csv"
#: Half-precision storage rounds at 2^-11 of a component; float32 arithmetic differs below 1e-5.
ALLOWED = 5e-4
K = 100


def main() -> int:
    """Run the checks; 0 where they pass or there is no CUDA device."""
    if not torch.cuda.is_available():
        print("no CUDA device on this machine: nothing to compare (the CPU path is tested)")
        return 0
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    with TemporaryDirectory() as folder:
        prepared = prepare(
            [LIBRARY], Path(folder) / "prepared", ReadConfig(), PrepareConfig(), workers=16
        )
        cpu = embedded(prepared, Path(folder) / "cpu", "cpu", 128)
        cuda = embedded(prepared, Path(folder) / "cuda", "cuda", 1024)
        same = compare_embeddings(cpu, cuda) & compare_hits(cpu)
    print("CPU and CUDA agree" if same else "CPU and CUDA DISAGREE")
    return int(not same)


def embedded(prepared: PreparedSet, out: Path, device: str, batch_size: int) -> IndexReader:
    """Build an index on a device and print molecules per second, featurising included."""
    encoder = load_encoder(device=device, batch_size=batch_size)
    for table in prepared.iter_tables():  # warm-up: kernels are loaded at first use
        encoder.embed_table(table.slice(0, batch_size))
        break
    started = time.perf_counter()
    for table in prepared.iter_tables():
        encoder.embed_table(table)
    rate = prepared.n_ok / (time.perf_counter() - started)
    print(f"  {device}: {rate:,.0f} molecules/s, features and embedding")
    return build_index(prepared, encoder, out)


def compare_embeddings(cpu: IndexReader, cuda: IndexReader) -> bool:
    """Compare the stored embeddings of both indexes."""
    difference = max(
        float(np.abs(np.float32(cpu.embeddings(s)) - np.float32(cuda.embeddings(s))).max())
        for s in range(cpu.n_shards)
    )
    print(f"  largest difference of a stored component: {difference:.1e} (allowed {ALLOWED})")
    return difference <= ALLOWED


def compare_hits(reader: IndexReader) -> bool:
    """Search one index on both devices; the hits must be the same."""
    vectors = np.float32(reader.embeddings(0)[:16])
    queries = QuerySet(vectors, np.arange(len(vectors)))
    found = {}
    for device in ("cpu", "cuda"):
        search(reader, queries, K, device=device)
        started = time.perf_counter()
        found[device] = search(reader, queries, K, device=device)
        print(f"  search on {device}: {1e3 * (time.perf_counter() - started):.1f} ms")
    return bool(np.array_equal(found["cpu"].rows, found["cuda"].rows))


if __name__ == "__main__":
    sys.exit(main())
