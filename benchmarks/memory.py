"""Peak memory of ``prepare`` and ``index`` as the library grows: it should stay flat.

    python benchmarks/memory.py LIBRARY.smi --sizes 20000 200000 [--conformers 0]

Resident memory of the command is sampled with that of its workers, shared pages counted in
each, so the figures are upper bounds. Without conformers the sizes take minutes, with them hours.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil


def main() -> None:
    """Run both verbs at each size and print peaks, and their ratio to the smallest size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[20_000, 200_000])
    parser.add_argument("--conformers", default="0")
    given = parser.parse_args()
    first: dict[str, float] = {}
    print(f"{'records':>10}{'verb':>10}{'seconds':>10}{'peak MB':>10}{'x smallest':>12}")
    for size in given.sizes:
        with TemporaryDirectory() as folder:
            prepared, index = f"{folder}/p", f"{folder}/i"
            options = ["--limit", str(size), "--conformers", given.conformers, "-q"]
            commands = {
                "prepare": ["prepare", str(given.library), "-o", prepared, *options],
                "index": ["index", prepared, "-o", index, "-q"],
            }
            for verb, arguments in commands.items():
                seconds, peak = measured(arguments)
                ratio = peak / first.setdefault(verb, peak)
                print(f"{size:>10,}{verb:>10}{seconds:>10.0f}{peak:>10.0f}{ratio:>12.2f}")


def measured(arguments: list[str]) -> tuple[float, float]:
    """Run a verb; return seconds and the peak resident megabytes of it and its workers."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "molsearch", *arguments])
    family = psutil.Process(process.pid)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _resident(family))
        time.sleep(0.1)
    if process.returncode:
        sys.exit(f"molsearch {' '.join(arguments)} ended with {process.returncode}")
    return time.monotonic() - started, peak


def _resident(family: psutil.Process) -> float:
    total = 0
    try:
        for process in (family, *family.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total / 1e6


if __name__ == "__main__":
    main()
