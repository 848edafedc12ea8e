"""What a Ray cluster on one machine costs beside the crew of processes there: the same library.

    python benchmarks/cluster.py LIBRARY.csv [--molecules 200000] [--workers 2]

The library is prepared as ``molsearch prepare --conformers 0`` does it: by the crew, by Ray, and by
the crew again, whose mean counts, so that the ratio holds on a machine whose load changes. The
cluster is up before; that a command joins it is told apart, for it is paid once. Ray gives its
workers way to all other processes unless RAY_worker_niceness is 0, as it is here: beside other
load the two could not be compared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

_STORE = 256 * 2**20  # bytes


def prepared(library: Path, folder: Path, workers: int, address: str | None) -> dict[str, Any]:
    """Seconds of one preparation, of which those that joining the cluster took, and its bytes."""
    from molsearch.service.events import Progress
    from molsearch.service.prepare import prepare
    from molsearch.service.requests import PrepareRequest

    begun: list[float] = []

    def note(event: Any) -> None:
        if isinstance(event, Progress) and not begun:
            begun.append(time.perf_counter())

    asked = {"library": (str(library),), "output": str(folder), "prepare": {"n_conformers": 0}}
    request = PrepareRequest(**asked, workers=workers, cluster=address)
    started = time.perf_counter()
    made = prepare(request, note).prepared
    ended = time.perf_counter()
    return {
        "joining_seconds": round(begun[0] - started, 2),
        "seconds": round(ended - begun[0], 2),
        "n_in": made.n_in,
        "identity": made.identity,
    }


def measured(library: Path, n: int, workers: int) -> dict[str, Any]:
    """Crew, Ray, crew."""
    import ray
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory(prefix="molsearch-") as name:
        folder = Path(name)
        part = folder / library.name
        with library.open() as whole, part.open("w") as some:
            some.writelines(islice(whole, n + 1))
        os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  as Ray spells it
        options = {"num_cpus": workers, "object_store_memory": _STORE, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=options)
        try:
            before = prepared(part, folder / "before", workers, None)
            on_ray = prepared(part, folder / "ray", workers, cluster.address)
            after = prepared(part, folder / "after", workers, None)
        finally:
            ray.shutdown()
            cluster.shutdown()
    assert before["identity"] == on_ray["identity"] == after["identity"], "other bytes"
    crew = (before["seconds"] + after["seconds"]) / 2
    return {
        "molecules": on_ray["n_in"],
        "workers": workers,
        "crew_seconds": [before["seconds"], after["seconds"]],
        "ray_seconds": on_ray["seconds"],
        "joining_seconds": on_ray["joining_seconds"],
        "overhead": round(on_ray["seconds"] / crew - 1, 3),
    }


def main() -> None:
    """Measure, print, and keep."""
    import ray

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path, help="csv of structures, a header first")
    parser.add_argument("--molecules", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("results/cluster.json"))
    given = parser.parse_args()
    record = measured(given.library, given.molecules, given.workers)
    record |= {
        "ray": ray.__version__,
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    given.output.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps(record, indent=1))


if __name__ == "__main__":
    main()
