"""A server under load: how long clients wait, what it refuses, and whether its memory stays flat.

    python benchmarks/server_load.py [--index LIBRARY.index] [--clients 50] [--screens 20]

Without ``--index`` a library of 100,000 made-up molecules is indexed first, which takes a while and
is kept in ``--work``. The server is a process of its own with one thread that computes. Each client
has an address of its own on the loopback, as clients of a server have, and asks for its screens one
after the other: a SMILES in, 100 hits out. Before that one client asks alone, each query a second
time, which is a warm query. Beside it, in this process, a peer scans as many vectors with numpy.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from memory import library

from molsearch import bundled
from molsearch.io.atomic import write_text
from molsearch.io.runs import processor, versions

K = 100
ROWS = 100_000
AIM_MS, AIM_WARM_MS = 500, 50


def main() -> None:
    """Start a server, load it, write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, help="index of the bundled encoder")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--screens", type=int, default=20, help="of each client")
    parser.add_argument("--threads", type=int, default=1, help="of the server, that compute")
    parser.add_argument("--work", type=Path, default=Path("runs/server-load"))
    parser.add_argument("--out", type=Path, default=Path("results/server-load.json"))
    given = parser.parse_args()
    index = given.index or made(given.work)
    load_before = os.getloadavg()[0]
    computed = measured(index, given, "--limit", "answer_bytes=0")
    kept = measured(index, given)
    result = {
        "rows": computed["rows"],
        "hits": K,
        "threads that compute": given.threads,
        "clients": given.clients,
        "screens of each": given.screens,
        "every screen computed": computed,
        "answers kept": kept,
        "peer, numpy scan of as many float32 vectors": peer(computed["rows"]),
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "load when begun": round(load_before, 2),
            "load at the end": round(os.getloadavg()[0], 2),
            "versions": versions(),
        },
        "aims": {"p99 under load, ms": AIM_MS, "warm query p50, ms": AIM_WARM_MS},
    }
    write_text(given.out, json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def measured(index: Path, given: argparse.Namespace, *limits: str) -> dict[str, Any]:
    """Start a server; ask it alone, then all at a time."""
    with Server(index, given.threads, *limits) as server:
        name = httpx.get(f"{server.address}/v1/libraries").json()["libraries"][0]
        alone = one_client(server.address, name["name"])
        server.watch()
        load = asyncio.run(many(server.address, name["name"], given.clients, given.screens))
        memory = server.memory()
    return {
        "rows": name["n_molecules"],
        "one client": alone,
        "load": load,
        "memory of the server": memory,
    }


def made(work: Path) -> Path:
    """Index a made-up library, once."""
    work.mkdir(parents=True, exist_ok=True)
    source, index = work / f"{ROWS}.smi", work / f"{ROWS}.index"
    if not (index / "manifest.json").exists():
        library(source, ROWS)
        command = ["index", str(source), "-o", str(index), "-q"]
        subprocess.run([sys.executable, "-m", "molsearch", *command], check=True)
    return index


def queries() -> list[str]:
    """Known drugs of the bundled example, forty of them."""
    with (bundled.example() / "library.csv").open(encoding="utf-8") as handle:
        drugs = [row["smiles"] for row in csv.DictReader(handle) if row["drug_class"]]
    return drugs[:: len(drugs) // 40][:40]


class Server:
    """A server of one index, and its memory while it is watched."""

    def __init__(self, index: Path, threads: int, *more: str) -> None:
        run = ["serve", str(index), "--port", "0", "--threads", str(threads), *more]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "molsearch", *run],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert self._process.stderr is not None
        self.address = self._process.stderr.readline().split()[1]
        threading.Thread(target=self._process.stderr.read, daemon=True).start()
        self._bytes: list[int] = []
        self._over = threading.Event()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._process.terminate()
        self._process.wait(60)

    def watch(self) -> None:
        """Look at the memory several times a second, from now on."""

        def look() -> None:
            process = psutil.Process(self._process.pid)
            while not self._over.wait(0.25):
                self._bytes.append(process.memory_info().rss)

        threading.Thread(target=look, daemon=True).start()

    def memory(self) -> dict[str, Any]:
        """Resident MB: least and most, and the mean of the first and of the last quarter."""
        seen = np.array(self._bytes) / 1e6
        quarter = max(1, len(seen) // 4)
        first, last = seen[:quarter].mean(), seen[-quarter:].mean()
        return {
            "least MB": round(float(seen.min())),
            "most MB": round(float(seen.max())),
            "first quarter MB": round(float(first)),
            "last quarter MB": round(float(last)),
            "growth": round(float(last / first - 1), 3),
        }


def body(name: str, smiles: str) -> dict[str, Any]:
    """Write the request of a screen."""
    return {"library": name, "queries": [smiles], "k": K}


def one_client(address: str, name: str) -> dict[str, Any]:
    """Ask for every query twice: what the first time takes, and the second."""
    seconds: dict[str, list[float]] = {"first": [], "again": []}
    with httpx.Client(base_url=address, timeout=120) as client:
        client.post("/v1/screen", json=body(name, "CCO")).raise_for_status()  # loads the encoder
        for which in seconds:
            for smiles in queries():
                started = time.perf_counter()
                answer = client.post("/v1/screen", json=body(name, smiles))
                seconds[which].append(time.perf_counter() - started)
                assert answer.json()["n_hits"] == K
    return {f"{which} time a query is asked": spread(taken) for which, taken in seconds.items()}


async def many(address: str, name: str, clients: int, screens: int) -> dict[str, Any]:
    """Let all clients ask at a time; each waits for its answer before it asks again."""
    seconds: list[float] = []
    codes: Counter[int] = Counter()
    every = queries()

    async def one(number: int, client: httpx.AsyncClient) -> None:
        for turn in range(screens):
            smiles = every[(number * 7 + turn) % len(every)]
            started = time.perf_counter()
            answer = await client.post("/v1/screen", json=body(name, smiles))
            codes[answer.status_code] += 1
            if answer.status_code == 200:
                seconds.append(time.perf_counter() - started)

    # Before the clock runs: making one reads certificates, and meanwhile no other hears its answer.
    asking = [client_of(address, number) for number in range(clients)]
    started = time.perf_counter()
    await asyncio.gather(*(one(number, client) for number, client in enumerate(asking)))
    spent = time.perf_counter() - started
    for client in asking:
        await client.aclose()
    refused = {429: codes.pop(429, 0), 503: codes.pop(503, 0)}
    good = codes.pop(200, 0)
    return {
        "answered": good,
        "429": refused[429],
        "503": refused[503],
        "errors": sum(codes.values()),
        "seconds": round(spent, 1),
        "screens a second": round(good / spent, 1),
        **spread(seconds),
    }


def client_of(address: str, number: int) -> httpx.AsyncClient:
    """Make a client with an address of its own on the loopback."""
    own = httpx.AsyncHTTPTransport(local_address=f"127.0.0.{number + 2}", verify=False)
    return httpx.AsyncClient(base_url=address, timeout=300, transport=own, trust_env=False)


def spread(seconds: list[float]) -> dict[str, float]:
    """Middle, 99th part in a hundred, and longest, in milliseconds."""
    taken = np.array(seconds) * 1000
    return {
        "p50 ms": round(float(np.median(taken)), 1),
        "p99 ms": round(float(np.percentile(taken, 99)), 1),
        "longest ms": round(float(taken.max()), 1),
    }


def peer(rows: int) -> dict[str, float]:
    """Scan as many vectors with one product, as one would write it in three lines."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((rows, 256), dtype=np.float32)
    taken = []
    for _ in range(20):
        started = time.perf_counter()
        scores = vectors @ vectors[0]
        np.argpartition(-scores, K)[:K]
        taken.append(time.perf_counter() - started)
    return spread(taken)


if __name__ == "__main__":
    main()
