"""Whether CUDA gives what the processor gives, and how fast: ``make gpu``.

    python benchmarks/gpu.py [--rows 1000000] [--out results/gpu.json]

Parity: embeddings of the bundled example, and hits of every kind of search, on both. Rates:
encoding, one query, 64 queries, the default ranking of one and of five, with rows that lie on the
card, that are brought there first, and that never stay there. Rows are random unit vectors with
random fingerprints: they say nothing of chemistry. The result file names the card; nothing is
written where there is none. ``--device cpu`` runs the same code without a card, for tests.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from search_rates import DIM, synthetic, unit

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepare import prepare
from molsearch.data.prepared import PreparedSet
from molsearch.io.atomic import write_text
from molsearch.io.runs import processor, versions
from molsearch.nn.weights import load_encoder
from molsearch.scoring.blend import Blend, Likeness
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.search.engine import Candidates, Residents, search, search_each
from molsearch.search.engine.resident import devices_of, residents_of

LIBRARY = Path(__file__).resolve().parents[1] / "datasets" / "example" / "library.csv"
#: Half-precision storage rounds at 2^-11 of a component; float32 arithmetic differs below 1e-5.
ALLOWED = 1e-3
K = 1000
ROUNDS = 5
Run = Callable[[], Any]


def main() -> int:
    """Run the checks; 0 where they pass or there is no CUDA device."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path("results/gpu.json"))
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        print("no CUDA device on this machine: nothing is compared and no result written")
        return 0
    device = torch.device(given.device)
    with TemporaryDirectory() as folder:
        found = {
            "card": card(device),
            "encoding": encoding(Path(folder), device),
            "search": searching(given.rows, Path(folder), device),
            "versions": versions(),
            "processor": processor(),
        }
    agree = found["encoding"]["agree"] and found["search"]["agree"]
    write_text(given.out, json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    print(f"{given.device} and the processor {'agree' if agree else 'DISAGREE'}: {given.out}")
    return int(not agree)


def card(device: torch.device) -> dict[str, Any]:
    """Name what was measured on."""
    if device.type != "cuda":
        return {"names": [], "torch": torch.__version__}
    places = devices_of(device)
    return {
        "names": [torch.cuda.get_device_name(one) for one in places],
        "bytes": [torch.cuda.get_device_properties(one).total_memory for one in places],
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }


def encoding(folder: Path, device: torch.device) -> dict[str, Any]:
    """Embed the example on both, features included."""
    prepared = prepare(
        [LIBRARY], folder / "prepared", ReadConfig(), PrepareConfig(n_conformers=0), workers=2
    )
    found: dict[str, Any] = {"molecules": prepared.n_ok}
    made = {}
    for name in ("cpu", device.type):
        vectors, seconds = embedded(prepared, name)
        made[name] = vectors
        found[f"{name}, molecules per second"] = round(prepared.n_ok / seconds)
    largest = float(np.abs(made["cpu"] - made[device.type]).max())
    return {**found, "largest difference": largest, "agree": largest <= ALLOWED}


def embedded(prepared: PreparedSet, device: str) -> tuple[np.ndarray, float]:
    """Embed on a device; the second pass counts, since kernels are loaded at first use."""
    encoder = load_encoder(device=device)
    for _ in range(2):
        started = time.perf_counter()
        made = [encoder.embed_table(table) for table in prepared.iter_tables()]
    return np.concatenate(made), time.perf_counter() - started


def searching(rows: int, folder: Path, device: torch.device) -> dict[str, Any]:
    """Search on both: whether hits are equal, and milliseconds."""
    reader = synthetic(rows, folder)
    rng = np.random.default_rng(1)
    vectors = unit(rng.standard_normal((64, DIM), dtype=np.float32))
    one, five, many = (QuerySet(vectors[:n], np.arange(n)) for n in (1, 5, 64))
    prints = np.array(reader.fingerprints(0)[:5])
    alone = {"blend": Blend(1.0, "max", Likeness(prints[:1], 1.0))}
    together = {"blend": Blend(1.0, "top2", Likeness(prints, 2.0))}
    out = {**together, "excluded": [np.arange(n) % 3 == 0 for n in reader.shard_rows]}
    against = {"against": Against(QuerySet(vectors[5:8], np.arange(3)), 0.5)}
    cases: dict[str, tuple[Callable[..., Any], QuerySet, dict[str, Any]]] = {
        "one query": (search, one, {}),
        "64 queries, a list each": (search_each, many, {}),
        "default ranking, one query": (search, one, alone),
        "default ranking, five queries": (search, five, together),
        "a third excluded": (search, five, out),
        "inactives that weigh": (search, five, against),
    }
    kept = Residents([device], 2**62) if device.type == "cpu" else residents_of(device)
    nothing = Residents(kept.devices, 0)
    found: dict[str, Any] = {"rows": rows, "k": K, "agree": True, "bytes resident": 0}
    for name, (run, queries, more) in cases.items():
        kept.clear()
        cold, on_device = timed(lambda: run(reader, queries, K, residents=kept, **more))  # noqa: B023
        warm = best(lambda: run(reader, queries, K, residents=kept, **more))  # noqa: B023
        stream = best(lambda: run(reader, queries, K, residents=nothing, **more))  # noqa: B023
        _, due = timed(lambda: run(reader, queries, K, **more))  # noqa: B023
        cpu = best(lambda: run(reader, queries, K, **more))  # noqa: B023
        agree = equal(on_device, due)
        taken = sum(kept.n_bytes(place) for place in range(len(kept.devices)))
        found["bytes resident"] = max(found["bytes resident"], taken)
        found["agree"] &= agree
        found[name] = {
            "agree": agree,
            "processor, ms": round(1e3 * cpu, 2),
            "resident, ms": round(1e3 * warm, 2),
            "first search, ms": round(1e3 * cold, 2),
            "streamed, ms": round(1e3 * stream, 2),
            "processor to resident": round(cpu / warm, 2),
        }
    found["bytes a row"] = round(found["bytes resident"] / reader.n_rows, 1)
    return found


def timed(run: Run) -> tuple[float, Any]:
    """Seconds of one call, and what it gives."""
    started = time.perf_counter()
    found = run()
    return time.perf_counter() - started, found


def best(run: Run) -> float:
    """Seconds of the fastest of some calls."""
    return min(timed(run)[0] for _ in range(ROUNDS))


def equal(first: Candidates | list[Candidates], second: Candidates | list[Candidates]) -> bool:
    """Whether both are the same rows with the same scores."""
    pairs = zip(
        first if isinstance(first, list) else [first],
        second if isinstance(second, list) else [second],
        strict=True,
    )
    return all(
        np.array_equal(a.rows, b.rows)
        and np.array_equal(a.shards, b.shards)
        and np.array_equal(a.scores, b.scores)
        for a, b in pairs
    )


if __name__ == "__main__":
    sys.exit(main())
