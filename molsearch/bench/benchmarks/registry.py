"""From a name on the command line to a benchmark."""

from __future__ import annotations

from pathlib import Path

from molsearch.bench.benchmarks.dekois import open_dekois
from molsearch.bench.benchmarks.dev import DevScreens
from molsearch.bench.benchmarks.dude import open_dude
from molsearch.bench.benchmarks.folder import FolderBenchmark
from molsearch.bench.benchmarks.litpcba import open_litpcba
from molsearch.bench.benchmarks.muv import open_muv
from molsearch.bench.benchmarks.task import Benchmark
from molsearch.errors import UsageError

NAMES = ("dude", "litpcba", "muv", "dekois", "dev", "dev-lite")


def open_benchmark(name: str, data: Path | None = None, *, seed: int = 0) -> Benchmark:
    """Open a benchmark by its name, or a user's own folder by its path.

    Parameters
    ----------
    name
        One of `NAMES`, or a path.
    data
        Folder of the benchmark's files; ``None`` means its folder in the shared data folder.
    seed
        Draws queries where a benchmark has none.

    Raises
    ------
    UsageError
        `name` is neither.
    InputError
        The data are missing.
    """
    if name == "dude":
        return open_dude(data)
    if name == "litpcba":
        return open_litpcba(data)
    if name == "muv":
        return open_muv(data, seed)
    if name == "dekois":
        return open_dekois(data, seed)
    if name in ("dev", "dev-lite"):
        return DevScreens(lite=name == "dev-lite", root=data)
    folder = Path(name)
    if folder.is_dir():
        return FolderBenchmark(folder, seed)
    raise UsageError(f"no benchmark {name!r}: choose from {', '.join(NAMES)}, or name a folder")
