"""From a name on the command line to a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from molsearch import extensions
from molsearch.bench.benchmarks.dekois import open_dekois
from molsearch.bench.benchmarks.dev import DevScreens
from molsearch.bench.benchmarks.dude import open_dude
from molsearch.bench.benchmarks.folder import SHAPE, FolderBenchmark
from molsearch.bench.benchmarks.litpcba import open_litpcba
from molsearch.bench.benchmarks.muv import open_muv
from molsearch.bench.benchmarks.task import Benchmark
from molsearch.errors import UsageError

# Opens a benchmark from the folder of its files (None: its folder among all data) and a seed,
# which draws queries where it has none.
Opener = Callable[[Path | None, int], Benchmark]
OPENERS: dict[str, Opener] = {
    "dude": lambda data, seed: open_dude(data),
    "litpcba": lambda data, seed: open_litpcba(data),
    "muv": open_muv,
    "dekois": open_dekois,
    "dev": lambda data, seed: DevScreens(lite=False, root=data),
    "dev-lite": lambda data, seed: DevScreens(lite=True, root=data),
}
NAMES = tuple(OPENERS)


def open_benchmark(name: str, data: Path | None = None, *, seed: int = 0) -> Benchmark:
    """Open a benchmark by its name, or a user's own folder by its path.

    Parameters
    ----------
    name
        One of `OPENERS`, or a path.
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
    extensions.load()
    if name in OPENERS:
        return OPENERS[name](data, seed)
    folder = Path(name)
    if folder.is_dir():
        return FolderBenchmark(folder, seed)
    raise UsageError(
        f"no benchmark {name!r}: choose from {', '.join(OPENERS)}, or name a folder with {SHAPE}"
    )
