"""From a csv to an index, against RDKit's reading and ECFP4 of the same molecules; and search.

    python benchmarks/engine.py LIBRARY.csv [--molecules 40000] [--rows 1000000]

Everything runs in one process one after the other, so the ratios compare although the rates
depend on the machine and its load: the peer before and after each of ours, of which the mean
counts. "csv to index" is what ``molsearch index LIBRARY.csv --conformers 0`` does, its worker
processes' start, the encoder and the disk included. Search: `engine_search.py`. A part that is left
out (0 molecules, 0 rows) keeps the figures that the result file has.
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
from pathlib import Path
from typing import Any

# Heavy imports are inside: each worker process imports this file too.


def timed(run: Callable[[], Any]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def processor_seconds() -> float:
    """Processor time of this process and of its workers that have ended: no neighbour counts."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def peer(smiles: list[str]) -> None:
    """Read structures and make their ECFP4, in one thread."""
    from rdkit import Chem
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    for text in smiles:
        mol = Chem.MolFromSmiles(text)
        if mol is not None:
            generator.GetFingerprint(mol)


def preparing(library: Path, n: int, folder: Path) -> dict[str, Any]:
    """Rates from a csv to an index, and their ratios to the peer's."""
    import torch

    from molsearch.config import PrepareConfig
    from molsearch.service.index import index
    from molsearch.service.requests import IndexRequest
    from molsearch.service.session import Session

    with library.open(newline="") as handle:
        rows = [row["smiles"] for _, row in zip(range(n), csv.DictReader(handle), strict=False)]
    cut = folder / "library.csv"
    with cut.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["smiles", "id"])
        writer.writerows([text, f"m{number}"] for number, text in enumerate(rows))
    session = Session()
    session.encoder(None, device="cpu")  # warm, as the imports are
    before = processor_seconds()
    peers = [timed(lambda: peer(rows))]
    work = {0: processor_seconds() - before}
    ours: dict[int, float] = {}
    for workers in (1, 2):
        torch.set_num_threads(workers)  # the encoder may use as many cores as the chemistry
        request = IndexRequest(
            library=(str(cut),),
            output=str(folder / f"index-{workers}"),
            prepare=PrepareConfig(n_conformers=0),
            device="cpu",
            workers=workers,
        )
        before = processor_seconds()
        ours[workers] = timed(partial(index, request, session))
        work[workers] = processor_seconds() - before
        peers.append(timed(lambda: peer(rows)))
    mean_peer = sum(peers) / len(peers)
    return {
        "molecules": len(rows),
        "rdkit parse + ecfp4, per second": round(len(rows) / mean_peer),
        "csv to index, one worker, per second": round(len(rows) / ours[1]),
        "csv to index, two workers, per second": round(len(rows) / ours[2]),
        "one worker to rdkit": round(mean_peer / ours[1], 3),
        "two workers to rdkit": round(mean_peer / ours[2], 3),
        "two workers to one": round(ours[1] / ours[2], 3),
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
    for name in ("rdkit", "torch", "numpy", "numkong", "pyarrow", "faiss-cpu", "FPSim2"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = None
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"cpu": cpu, "cores": os.cpu_count(), "load when begun": load, "versions": versions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path, help="csv with a column smiles")
    parser.add_argument("--molecules", type=int, default=40_000, help="0: none")
    parser.add_argument("--rows", type=int, default=1_000_000, help="vectors searched; 0: none")
    parser.add_argument("-o", "--output", type=Path, default=Path("results/engine.json"))
    given = parser.parse_args()
    from rdkit import RDLogger

    RDLogger.DisableLog("rdApp.*")
    result: dict[str, Any] = {}
    if given.output.exists():
        result = json.loads(given.output.read_text())
    with tempfile.TemporaryDirectory() as folder:
        if given.molecules:
            about = {"machine": machine()}
            made = preparing(given.library, given.molecules, Path(folder))
            result["csv to index"] = {**made, **about}
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
