"""DEKOIS 2.0: 81 targets of 40 actives and 1,200 decoys, in gzipped SD files."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import pandas as pd

from molsearch import bundled
from molsearch.bench.benchmarks.files import read_mol2_query, read_sdf
from molsearch.bench.benchmarks.places import locate, unknown_target
from molsearch.bench.benchmarks.queries import drawn_queries
from molsearch.bench.benchmarks.task import Benchmark, Provenance, Task, pool_frame
from molsearch.errors import InputError

_DECOYS = "_Celling-v1.12_decoyset"


def open_dekois(given: Path | None = None, seed: int = 0) -> Benchmark:
    """Open DEKOIS 2.0 as its site ships it.

    Parameters
    ----------
    given
        Folder with ``ligands/`` and ``decoys/``; ``None`` means the shared data folder.
    seed
        Draws the query actives where a target has no ``queries/<target>.mol2``.

    Raises
    ------
    InputError
        The folder is not found or holds no targets.
    """
    found = Dekois(locate("dekois", given), seed)
    if not found.targets():
        raise InputError(
            f"{found.root} holds no DEKOIS data: expected ligands/<target>.sdf.gz and "
            f"decoys/<target>{_DECOYS}.sdf.gz; see {bundled.guide('dekois')}"
        )
    return found


class Dekois:
    """The official layout: ``ligands/<target>.sdf.gz``, ``decoys/<target>_Celling-…sdf.gz``.

    DEKOIS ships no query ligands. A ligand laid down by the user as ``queries/<target>.mol2``
    is the query; otherwise five drawn actives are, each alone.
    """

    name = "dekois"
    provenance = Provenance(
        title="DEKOIS 2.0",
        citation="Bauer, Ibrahim, Vogel, Boeckler, J. Chem. Inf. Model. 2013, 53, 1447",
        url="http://www.dekois.com",
        licence="free for academic use; actives from BindingDB, decoys from ZINC",
        inactives="decoys",
        notes=("Without query ligands of its own: drawn actives are the queries, each alone.",),
    )

    def __init__(self, root: Path, seed: int = 0) -> None:
        self.root = root
        self.seed = seed

    @cached_property
    def _files(self) -> dict[str, tuple[Path, Path]]:
        decoys = {
            path.name.split(".sdf")[0].removesuffix(_DECOYS).lower(): path
            for path in self.root.glob("decoys/*.sdf*")
        }
        actives = {path.name.split(".sdf")[0]: path for path in self.root.glob("ligands/*.sdf*")}
        return {
            target: (path, decoys[target.lower()])
            for target, path in sorted(actives.items())
            if target.lower() in decoys
        }

    def targets(self) -> list[str]:
        """Targets that have both files."""
        return list(self._files)

    def load(self, target: str) -> Task:
        """Read one target; see `Benchmark.load`."""
        if target not in self._files:
            raise unknown_target(self.name, target, self.targets())
        pool = pd.concat(
            [
                pool_frame(*read_sdf(path), active)
                for path, active in zip(self._files[target], (True, False), strict=True)
            ],
            ignore_index=True,
        )
        crystal = self.root / "queries" / f"{target}.mol2"
        if crystal.is_file():
            return Task(target, (read_mol2_query(crystal),), pool)
        return Task(target, drawn_queries(pool, target, self.seed), pool, protocol="each")

    def counts(self) -> pd.DataFrame:
        """Count the records of the SD files; see `Benchmark.counts`."""
        rows = []
        for target, paths in self._files.items():
            n = [len(read_sdf(path)[0]) for path in paths]
            rows.append((target, *n, int((self.root / "queries" / f"{target}.mol2").is_file())))
        return pd.DataFrame(rows, columns=["target", "actives", "inactives", "queries"])
