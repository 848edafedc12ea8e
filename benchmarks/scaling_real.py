"""Real molecules from files to an index, as the tasks of an array job: each one is measured once.

A step that was measured is read from the work folder, so a run that was stopped goes on with the
next one. Of a step that was stopped in its middle the command goes on where it stopped, and what
both attempts took is added.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

from molsearch.io.atomic import write_text

PART_ROWS = 50_000
# (file below the data folder, what its records are)
SOURCES = (
    ("unlabelled.parquet", "screening compounds (PubChem)"),
    ("dude/decoys.parquet", "DUD-E decoys"),
)
_SAMPLED = 0.5  # seconds
_NOTED = 20.0


def molecules(data: Path) -> Iterator[tuple[str, str]]:
    """Yield SMILES and id of every different structure of the sources, in their order."""
    seen: set[int] = set()
    for name, _ in SOURCES:
        file = pq.ParquetFile(data / name)
        for batch in file.iter_batches(65_536, columns=["smiles", "id"]):
            pairs = zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
            for smiles, name_ in pairs:
                key = hash(smiles)
                if key not in seen:
                    seen.add(key)
                    yield smiles, str(name_)


def used(data: Path, rows: int) -> list[str]:
    """Say what the first `rows` molecules are of."""
    found, left = [], rows
    for name, words in SOURCES:
        if left > 0:
            found.append(words)
        left -= pq.ParquetFile(data / name).metadata.num_rows
    return found


def parts(data: Path, rows: int, work: Path) -> list[Path]:
    """Write the library in files of `PART_ROWS`; those that are there stay."""
    n_parts = -(-rows // PART_ROWS)
    paths = [work / f"part-{number:02d}.smi" for number in range(n_parts)]
    if all(path.exists() for path in paths):
        return paths
    source = molecules(data)
    left = rows
    for path in paths:
        lines = [
            f"{smiles} {name}\n"
            for _, (smiles, name) in zip(range(min(left, PART_ROWS)), source, strict=False)
        ]
        left -= len(lines)
        write_text(path, "".join(lines))
    if left:
        sys.exit(f"{data} holds {rows - left:,} different structures; give --molecules up to that")
    return paths


def step(work: Path, name: str, command: list[str]) -> dict[str, Any]:
    """Run a command, or read what an earlier run measured of it."""
    done = work / f"{name}.json"
    if not done.exists():
        measured(work, name, command)
    found: dict[str, Any] = json.loads(done.read_text())
    return found


def measured(work: Path, name: str, command: list[str]) -> None:
    """Run a verb and keep its seconds, processor seconds and peaks of memory."""
    so_far = work / f"{name}.part.json"
    before = json.loads(so_far.read_text()) if so_far.exists() else {}
    started, noted = time.monotonic(), 0.0
    with (work / f"{name}.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "molsearch", *command], stdout=log, stderr=log
        )
        family, point = _Family(process.pid), dict(before)
        while process.poll() is None:
            family.look()
            point = _added(before, time.monotonic() - started, family)
            if time.monotonic() - noted > _NOTED:
                noted = time.monotonic()
                write_text(so_far, json.dumps(point) + "\n")
            time.sleep(_SAMPLED)
    if process.returncode:
        sys.exit(
            f"molsearch {' '.join(command)} ended with {process.returncode}; see {work / name}.log"
        )
    write_text(work / f"{name}.json", json.dumps(point) + "\n")
    so_far.unlink(missing_ok=True)


class _Family:
    """Processor seconds and memory of a process and its workers."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seconds: dict[int, float] = {}
        self.resident = self.anonymous = 0

    @property
    def seconds(self) -> float:
        """Processor seconds, those of workers that have ended included."""
        return sum(self._seconds.values())

    def look(self) -> None:
        """Take a sample."""
        try:
            process = psutil.Process(self._pid)
            members = [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        resident = anonymous = 0
        for one in members:
            try:
                times = one.cpu_times()
                lines = Path(f"/proc/{one.pid}/status").read_text().splitlines()
            except (psutil.NoSuchProcess, OSError):
                continue
            self._seconds[one.pid] = times.user + times.system
            values = dict(line.split(":", 1) for line in lines if line.endswith(" kB"))
            resident += 1024 * int(values.get("VmRSS", "0 kB").split()[0])
            anonymous += 1024 * int(values.get("RssAnon", "0 kB").split()[0])
        self.resident = max(self.resident, resident)
        self.anonymous = max(self.anonymous, anonymous)


def _added(before: dict[str, Any], seconds: float, family: _Family) -> dict[str, Any]:
    return {
        "seconds": round(before.get("seconds", 0) + seconds, 1),
        "processor_seconds": round(before.get("processor_seconds", 0) + family.seconds, 1),
        "resident": max(before.get("resident", 0), family.resident),
        "anonymous": max(before.get("anonymous", 0), family.anonymous),
    }


def indexed(paths: list[Path], work: Path, workers: int) -> dict[str, dict[str, Any]]:
    """Prepare and index every part."""
    found = {}
    for path in paths:
        prepared, index = path.with_suffix(".prepared"), path.with_suffix(".index")
        found[f"prepare {path.stem}"] = step(
            work,
            f"{path.stem}-prepare",
            [
                *("prepare", str(path), "-o", str(prepared), "--conformers", "0"),
                *("-n", str(workers), "-q"),
            ],
        )
        found[f"index {path.stem}"] = step(
            work, f"{path.stem}-index", ["index", str(prepared), "-o", str(index), "-q"]
        )
    return found
