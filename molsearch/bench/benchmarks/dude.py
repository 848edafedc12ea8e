"""DUD-E: 102 targets, property-matched decoys, one crystal ligand as the query."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from molsearch import bundled
from molsearch.bench.benchmarks.files import read_mol2_query, read_smiles
from molsearch.bench.benchmarks.places import locate, only, read_table, unknown_target
from molsearch.bench.benchmarks.task import Benchmark, Provenance, Task, TaskQuery, pool_frame
from molsearch.errors import InputError

_SOURCE = Provenance(
    title="DUD-E",
    citation="Mysinger et al., J. Med. Chem. 2012, 55, 6582",
    url="http://dude.docking.org",
    licence="free for research; actives are ChEMBL's (CC BY-SA 3.0), decoys ZINC's",
    inactives="decoys",
    notes=(
        "Presumed inactive decoys, chosen unlike the actives in 2D, which flatters 2D methods.",
        "Its authors call the set inappropriate for testing 2D methods.",
    ),
)
_PARQUET_NOTE = (
    "Queries are PDB ligands as structures without poses, assigned by PDB and ligand code; "
    "glcm and dhi1 carry a medoid active. 81 actives fewer than published."
)


def open_dude(given: Path | None = None) -> Benchmark:
    """Open DUD-E as its site ships it (a folder a target) or as parquet files.

    Raises
    ------
    InputError
        Neither form is found.
    """
    root = locate("dude", given)
    if (root / "actives.parquet").is_file():
        return DudeTables(root)
    if any(root.glob("*/actives_final.ism*")):
        return DudeFolders(root)
    raise InputError(
        f"{root} holds no DUD-E data: expected <target>/actives_final.ism or actives.parquet; "
        f"see {bundled.guide('dude')}"
    )


def _target_counts(path: Path) -> pd.Series[int]:
    return read_table(path, ["target"])["target"].value_counts()


class DudeFolders:
    """The official layout: ``<target>/{actives_final.ism, decoys_final.ism, crystal_ligand.mol2}``.

    Parameters
    ----------
    root
        Folder that holds the targets' folders.
    """

    name = "dude"
    provenance = _SOURCE

    def __init__(self, root: Path) -> None:
        self.root = root

    def targets(self) -> list[str]:
        """Folders that hold actives."""
        return sorted(path.parent.name for path in self.root.glob("*/actives_final.ism*"))

    def load(self, target: str) -> Task:
        """Read one target's folder; see `Benchmark.load`."""
        if target not in self.targets():
            raise unknown_target(self.name, target, self.targets())
        parts = []
        for stem, active in (("actives_final.ism", True), ("decoys_final.ism", False)):
            smiles, ids = read_smiles(_plain_or_gz(self.root / target / stem))
            parts.append(pool_frame(smiles, ids, active))
        query = read_mol2_query(_plain_or_gz(self.root / target / "crystal_ligand.mol2"))
        return Task(target, (query,), pd.concat(parts, ignore_index=True))

    def counts(self) -> pd.DataFrame:
        """Count the lines of the official lists; see `Benchmark.counts`."""
        rows = []
        for target in self.targets():
            folder = self.root / target
            counted = [
                len(read_smiles(_plain_or_gz(folder / stem))[0])
                for stem in ("actives_final.ism", "decoys_final.ism")
            ]
            found = _plain_or_gz(folder / "crystal_ligand.mol2").is_file()
            rows.append((target, *counted, int(found)))
        return pd.DataFrame(rows, columns=["target", "actives", "inactives", "queries"])


def _plain_or_gz(path: Path) -> Path:
    zipped = path.with_name(path.name + ".gz")
    return path if path.is_file() or not zipped.is_file() else zipped


class DudeTables:
    """The parquet form: ``actives.parquet``, ``decoys.parquet``, ``queries.parquet``."""

    name = "dude"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.provenance = replace(_SOURCE, notes=(*_SOURCE.notes, _PARQUET_NOTE))

    @cached_property
    def _actives(self) -> pd.DataFrame:
        return read_table(self.root / "actives.parquet")

    @cached_property
    def _decoys(self) -> pd.DataFrame:
        return read_table(self.root / "decoys.parquet", ["smiles", "id", "target"])

    @cached_property
    def _queries(self) -> pd.DataFrame:
        return read_table(self.root / "queries.parquet")

    def targets(self) -> list[str]:
        """Targets that have a query, in order."""
        return sorted(self._queries["target"].astype(str))

    def load(self, target: str) -> Task:
        """Read one target; see `Benchmark.load`."""
        if target not in self.targets():
            raise unknown_target(self.name, target, self.targets())
        actives, decoys = only(self._actives, target), only(self._decoys, target)
        pool = pd.concat(
            [
                pool_frame(
                    actives["smiles"], actives["id"], True, inchikey=list(actives["inchikey"])
                ),
                pool_frame(decoys["smiles"], decoys["id"], False),
            ],
            ignore_index=True,
        )
        row = only(self._queries, target).iloc[0]
        query = TaskQuery(f"{row.pdb}:{row.ligand_ccd}", row.smiles, inchikey=row.inchikey or "")
        medoid = str(row.query_source).startswith("FALLBACK")
        notes = ("query is a medoid active, not the crystal ligand",) if medoid else ()
        return Task(target, (query,), pool, uniprot=str(row.uniprot), notes=notes)

    def counts(self) -> pd.DataFrame:
        """Molecules by target; see `Benchmark.counts`."""
        frame = pd.DataFrame(
            {
                "actives": self._actives["target"].value_counts(),
                # A million structures are not read for their number.
                "inactives": _target_counts(self.root / "decoys.parquet"),
                "queries": self._queries["target"].value_counts(),
            }
        )
        return frame.fillna(0).astype(int).rename_axis("target").sort_index().reset_index()
