"""Memory of ``prepare``, ``index`` and ``screen`` as the library grows: it should not.

    python benchmarks/memory.py [--sizes 10000 100000 1000000] [--conformers 0]
        [--out results/memory.json]

The library is made up here (amides, ureas and the like of drawn pieces, all different), so any
machine can repeat the run. Each verb runs as a process of its own at each of the sizes, its memory
is sampled with that of its workers, and a line through the peaks gives the bytes that one more
molecule costs. What was measured is kept in ``--work``, so a run that
was stopped goes on with the next figure.

Two figures: resident memory, which counts the pages of a mapped index that the system may drop at
any time, and anonymous memory, which a machine must have.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from molsearch.io.atomic import write_text
from molsearch.io.runs import processor, versions

RINGS = (
    "c1ccc({0})cc1 c1cc({0})ccc1F c1ccnc({0})c1 c1cnc({0})nc1 c1csc({0})c1 c1coc({0})c1 "
    "C1CCN({0})CC1 C1CCC({0})CC1 c1ccc2c({0})cccc2c1 c1cn({0})cn1 C1COCCN1{0} "
    "c1ccc(-c2ccc({0})cc2)cc1 C1CN({0})C1 c1cc({0})no1 c1ccc2[nH]c({0})cc2c1"
)
GROUPS = (
    "C CC CCC C(C)C CC(C)C C1CC1 CCO CCOC CC#N CC(F)(F)F CCCC CCC(C)C CC(=O)NC CC(=O)N(C)C CCN(C)C "
    "CCc1ccccc1 Cc1ccccc1 Cc1ccc(F)cc1 Cc1ccc(Cl)cc1 Cc1ccncc1 CCS(C)(=O)=O CC(C)(C)O CC1CCOCC1 "
    "CCn1cccn1 Cc1ccco1 Cc1cccs1 CC1CCCC1 CCOCC CCCO CC(=O)OC"
)
LINKS = (
    *("O=C(C{a})NC{b}", "O=C(NC{a})N(C)C{b}", "O=C(C{a})N(C)C{b}", "O=S(=O)(C{a})NC{b}"),
    *("O=C(OC{a})NC{b}", "C(C{a})NC{b}"),
)
FEWEST = 2000
QUERY = "CCc1ccc(CC(=O)NCc2ccncc2)cc1 query"


def library(path: Path, n: int) -> None:
    """Write `n` different molecules, at most about 1,200,000."""
    ends = [ring.format(group) for ring, group in product(RINGS.split(), GROUPS.split())]
    made = islice(product(LINKS, ends, ends), n)
    lines = [f"{link.format(a=a, b=b)} m{i}" for i, (link, a, b) in enumerate(made, 1)]
    if len(lines) < n:
        sys.exit(f"the made-up library has {len(lines):,} molecules; give sizes up to that")
    write_text(path, "\n".join(lines) + "\n")


def main() -> None:
    """Measure what is still missing, fit the lines, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--conformers", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("runs/memory"))
    parser.add_argument("--out", type=Path, default=Path("results/memory.json"))
    given = parser.parse_args()
    sizes = sorted(set(given.sizes))
    if sizes[0] < FEWEST:
        sys.exit(f"fewer than {FEWEST:,} rows measure Python's imports; give more")
    if len(sizes) < 2:
        sys.exit("a slope needs two sizes at least")
    work = given.work / f"{given.conformers}-{given.workers}"
    work.mkdir(parents=True, exist_ok=True)
    points: list[dict[str, Any]] = []
    print(f"{'molecules':>10}{'verb':>10}{'seconds':>10}{'resident MB':>13}{'anonymous MB':>14}")
    for size in sizes:
        for verb, command in commands(work, size, given).items():
            point = kept(work / f"{size}-{verb}.json", verb, size, command)
            points.append(point)
            print(
                f"{size:>10,}{verb:>10}{point['seconds']:>10.0f}{point['resident'] / 1e6:>13.0f}"
                f"{point['anonymous'] / 1e6:>14.0f}",
                flush=True,
            )
    result = {
        "sizes": sizes,
        "conformers": given.conformers,
        "workers": given.workers,
        "points": points,
        "bytes_a_molecule": {verb: slopes(points, verb) for verb in ("prepare", "index", "screen")},
        "versions": versions(),
        "processor": processor(),
    }
    write_text(given.out, json.dumps(result, indent=1) + "\n")
    for verb, slope in result["bytes_a_molecule"].items():
        print(
            f"{verb}: {slope['anonymous']:+.0f} bytes of memory a molecule, "
            f"{slope['resident']:+.0f} with mapped pages"
        )


def commands(work: Path, size: int, given: argparse.Namespace) -> dict[str, list[str]]:
    """Return the three verbs at one size, over the same files."""
    source, prepared, index = (work / f"{size}{suffix}" for suffix in (".smi", ".p", ".i"))
    if not source.exists():
        library(source, size)
    options = ["--conformers", str(given.conformers), "-n", str(given.workers), "--overwrite"]
    return {
        "prepare": ["prepare", str(source), "-o", str(prepared), *options, "-q"],
        "index": ["index", str(prepared), "-o", str(index), "--overwrite", "-q"],
        "screen": [
            *("screen", "-q", QUERY, "-i", str(index), "-k", "1000", "--overwrite", "--quiet"),
            *("-o", str(work / f"{size}.csv")),
        ],
    }


def kept(path: Path, verb: str, size: int, command: list[str]) -> dict[str, Any]:
    """Return a figure that an earlier run measured, or measure it and keep it."""
    if path.exists():
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    seconds, resident, anonymous = measured(command)
    point = {
        "verb": verb,
        "molecules": size,
        "seconds": round(seconds, 1),
        "resident": resident,
        "anonymous": anonymous,
    }
    write_text(path, json.dumps(point) + "\n")
    return point


def measured(command: list[str]) -> tuple[float, int, int]:
    """Run a verb; seconds, and the peaks of resident and anonymous bytes of it and its workers."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "molsearch", *command])
    family = psutil.Process(process.pid)
    resident = anonymous = 0
    while process.poll() is None:
        now = [_memory(one) for one in _members(family)]
        resident = max(resident, sum(one[0] for one in now))
        anonymous = max(anonymous, sum(one[1] for one in now))
        time.sleep(0.1)
    if process.returncode:
        sys.exit(f"molsearch {' '.join(command)} ended with {process.returncode}")
    return time.monotonic() - started, resident, anonymous


def _members(family: psutil.Process) -> list[psutil.Process]:
    try:
        return [family, *family.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Resident and anonymous bytes of a process; zeros where it is gone."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    values = dict(line.split(":", 1) for line in lines if line.endswith(" kB"))
    resident, anonymous = (
        1024 * int(values.get(name, "0 kB").split()[0]) for name in ("VmRSS", "RssAnon")
    )
    return resident, anonymous


def slopes(points: list[dict[str, Any]], verb: str) -> dict[str, float]:
    """Bytes that one more molecule costs: the slope of a line through the peaks."""
    mine = [point for point in points if point["verb"] == verb]
    molecules = [point["molecules"] for point in mine]
    return {
        kind: round(float(np.polyfit(molecules, [point[kind] for point in mine], 1)[0]), 1)
        for kind in ("resident", "anonymous")
    }


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
