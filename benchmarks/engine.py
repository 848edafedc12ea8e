"""From a csv to an index, against RDKit's reading and ECFP4 of the same molecules; and search.

    python benchmarks/engine.py LIBRARY.csv [--molecules 40000] [--rows 1000000] [--lists 250000]

Everything runs in one process one after the other, so the ratios compare although the rates
depend on the machine and its load: ours and the peer in turn, of which the fastest count. "csv to
index" is what ``molsearch index LIBRARY.csv --conformers 0`` does, its worker processes' start, the
encoder and the disk included. The index that it makes serves ``prefix storage`` (`prefixes.py`) and
``lists`` (`engine_lists.py`, approximate search). Search: `engine_search.py`. A part that is left
out (0 molecules, 0 rows) keeps the figures that the result file has. What a cluster costs beside
worker processes: `cluster.py`. Then: ``python benchmarks/speed_page.py`` writes docs/speed.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

# Heavy imports are inside: each worker process imports this file too.

_TURNS = 2


def measured(run: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of one call, and processor time."""
    started, before = time.perf_counter(), processor_seconds()
    run()
    return time.perf_counter() - started, processor_seconds() - before


def _fastest(times: list[tuple[float, float]]) -> tuple[float, float]:
    return min(one[0] for one in times), min(one[1] for one in times)


def processor_seconds() -> float:
    """Processor time of this process and of its workers that have ended: no neighbour counts.

    Workers are children of a fork server, which is a child of this process and goes on living.
    """
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    living = [one.cpu_times() for one in psutil.Process().children()]
    return sum(one.ru_utime + one.ru_stime for one in both) + sum(
        one.user + one.system + one.children_user + one.children_system for one in living
    )


def peer(smiles: list[str]) -> None:
    """Read structures and make their ECFP4, in one thread."""
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    for text in smiles:
        mol = Chem.MolFromSmiles(text)
        if mol is not None:
            generator.GetFingerprint(mol)


def preparing(library: Path, n: int, folder: Path, session: Any) -> dict[str, Any]:
    """Rates from a csv to an index, and their ratios to the peer's."""
    import torch

    from molsearch.chem.block import prepare_block
    from molsearch.config import PrepareConfig
    from molsearch.schema import Record
    from molsearch.service.index import index
    from molsearch.service.requests import IndexRequest

    with library.open(newline="") as handle:
        rows = [row["smiles"] for _, row in zip(range(n), csv.DictReader(handle), strict=False)]
    cut = folder / "library.csv"
    with cut.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["smiles", "id"])
        writer.writerows([text, f"m{number}"] for number, text in enumerate(rows))
    session.encoder(None, device="cpu")  # warm, as the imports are
    # Loops are compiled once an account: here, where this is the first time.
    first = [Record(1, "", 1, "", "CCCCCO")]
    prepare_block(first, PrepareConfig(n_conformers=0), (8, 8, 8), compiled=True)
    peers: list[tuple[float, float]] = [measured(lambda: peer(rows))]
    ours: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for turn in range(_TURNS):
        for workers, times in ours.items():
            torch.set_num_threads(workers)  # the encoder may use as many cores as the chemistry
            request = IndexRequest(
                library=(str(cut),),
                output=str(folder / f"index-{workers}-{turn}"),
                prepare=PrepareConfig(n_conformers=0),
                device="cpu",
                workers=workers,
            )
            times.append(measured(partial(index, request, session)))
            peers.append(measured(lambda: peer(rows)))
    best = {name: _fastest(times) for name, times in ({0: peers} | ours).items()}
    wall, work = ({name: one[i] for name, one in best.items()} for i in (0, 1))
    return {
        "molecules": len(rows),
        "rdkit parse + ecfp4, per second": round(len(rows) / wall[0]),
        "csv to index, one worker, per second": round(len(rows) / wall[1]),
        "csv to index, two workers, per second": round(len(rows) / wall[2]),
        "one worker to rdkit": round(wall[0] / wall[1], 3),
        "two workers to rdkit": round(wall[0] / wall[2], 3),
        "two workers to one": round(wall[1] / wall[2], 3),
        "processor time, rdkit to one worker": round(work[0] / work[1], 3),
        "processor time, rdkit to two workers": round(work[0] / work[2], 3),
    }


def machine() -> dict[str, Any]:
    """Name where the figures are from."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = lines[0].partition(":")[2].strip() if lines else cpu
    versions = {}
    for name in ("rdkit", "torch", "numpy", "numkong", "numba", "pyarrow", "faiss-cpu", "FPSim2"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"cpu": cpu, "cores": os.cpu_count(), "load when begun": load, "versions": versions}


def of_library(library: Path, n: int, rows: int, folder: Path) -> dict[str, Any]:
    """Take a library to an index, and measure what that index is good for."""
    from molsearch.index.reader import open_index
    from molsearch.service.session import Session

    about, session = {"machine": machine()}, Session()
    found = {"csv to index": {**preparing(library, n, folder, session), **about}}
    made = folder / "index-1-0"
    from prefixes import measured as of_prefixes

    found["prefix storage"] = {**of_prefixes(open_index(made), n, 20, 3), **about}
    if rows and find_spec("faiss") is not None:
        from engine_lists import near

        found["lists"] = {**near(made, rows, folder / "lists", session), **about}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path, help="csv with a column smiles")
    parser.add_argument("--molecules", type=int, default=40_000, help="0: none")
    parser.add_argument("--rows", type=int, default=1_000_000, help="vectors searched; 0: none")
    parser.add_argument("--lists", type=int, default=250_000, help="rows near real ones; 0: none")
    parser.add_argument("-o", "--output", type=Path, default=Path("results/engine.json"))
    given = parser.parse_args()
    from rdkit import RDLogger

    RDLogger.DisableLog("rdApp.*")
    result: dict[str, Any] = {}
    if given.output.exists():
        result = json.loads(given.output.read_text())
    with tempfile.TemporaryDirectory() as folder:
        if given.molecules:
            result |= of_library(given.library, given.molecules, given.lists, Path(folder))
        if given.rows:
            from engine_search import searching

            about = {"machine": machine()}
            result["search"] = {**searching(given.rows, Path(folder) / "search"), **about}
    result.pop("machine", None)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
