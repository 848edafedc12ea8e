"""MUV: 17 targets of 30 actives and 15,000 decoys from confirmatory screens; no crystal ligands."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from molsearch import bundled
from molsearch.bench.benchmarks.files import open_binary, read_sdf, read_smiles
from molsearch.bench.benchmarks.places import locate, only, read_table, unknown_target
from molsearch.bench.benchmarks.queries import drawn_queries
from molsearch.bench.benchmarks.task import Benchmark, Provenance, Task, pool_frame
from molsearch.errors import InputError

_SOURCE = Provenance(
    title="MUV",
    citation="Rohrer, Baumann, J. Chem. Inf. Model. 2009, 49, 169",
    url="https://github.com/rdkit/benchmarking_platform",
    licence="PubChem BioAssay data (public domain)",
    inactives="decoys",
    notes=(
        "No crystal ligands: five drawn actives are the queries, each alone.",
        "Actives were chosen unlike each other, so a single query finds few of them.",
    ),
)
_LIST = re.compile(
    r"(?:.*MUV[_-]|aid)?(?P<aid>\d{3})[_-]?(?P<kind>actives|decoys)"
    r"\.(?P<form>dat|smi|sdf)(?:\.gz)?$"
)


def open_muv(given: Path | None = None, seed: int = 0) -> Benchmark:
    """Open MUV from per-target lists or as a parquet file.

    Parameters
    ----------
    given
        Folder; ``None`` means the shared data folder.
    seed
        Draws the query actives.

    Raises
    ------
    InputError
        Neither form is found.
    """
    root = locate("muv", given)
    if (root / "ligands.parquet").is_file():
        return MuvTables(root, seed)
    found = MuvLists(root, seed)
    if found.targets():
        return found
    raise InputError(
        f"{root} holds no MUV data: expected cmp_list_MUV_<aid>_actives.dat.gz (or .smi, .sdf) "
        f"with its decoys, or ligands.parquet; see {bundled.guide('muv')}"
    )


class MuvLists:
    """One list of actives and one of decoys a target, as ``.dat``, ``.smi`` or ``.sdf`` (.gz).

    ``.dat`` is the form of the RDKit benchmarking platform: external id, internal id, SMILES.
    """

    name = "muv"
    provenance = _SOURCE

    def __init__(self, root: Path, seed: int = 0) -> None:
        self.root = root
        self.seed = seed

    @cached_property
    def _lists(self) -> dict[str, dict[str, Path]]:
        found: dict[str, dict[str, Path]] = {}
        for path in sorted(self.root.rglob("*")):
            match = _LIST.match(path.name)
            if match:
                found.setdefault(match["aid"], {})[match["kind"]] = path
        return {aid: paths for aid, paths in found.items() if len(paths) == 2}

    def targets(self) -> list[str]:
        """Assays that have both lists."""
        return sorted(self._lists)

    def load(self, target: str) -> Task:
        """Read one assay; see `Benchmark.load`."""
        if target not in self._lists:
            raise unknown_target(self.name, target, self.targets())
        parts = []
        for kind in ("actives", "decoys"):
            smiles, ids = _read_list(self._lists[target][kind])
            parts.append(pool_frame(smiles, ids, kind == "actives"))
        return _task(target, pd.concat(parts, ignore_index=True), self.seed)

    def counts(self) -> pd.DataFrame:
        """Count the molecules of the lists; see `Benchmark.counts`."""
        rows = []
        for target in self.targets():
            n = [len(_read_list(self._lists[target][kind])[0]) for kind in ("actives", "decoys")]
            rows.append((target, *n, 0))
        return pd.DataFrame(rows, columns=["target", "actives", "inactives", "queries"])


def _read_list(path: Path) -> tuple[list[str], list[str]]:
    if ".sdf" in path.suffixes:
        return read_sdf(path)
    if ".dat" not in path.suffixes:
        return read_smiles(path)
    with open_binary(path) as handle:
        rows = [line.decode().split() for line in handle if not line.startswith(b"#")]
    rows = [row for row in rows if row]
    if not rows or any(len(row) < 3 for row in rows):
        raise InputError(f"{path} is not a list of external id, internal id and SMILES")
    return [row[2] for row in rows], [row[0] for row in rows]


def _task(target: str, pool: pd.DataFrame, seed: int, uniprot: str = "") -> Task:
    queries = drawn_queries(pool, target, seed)
    return Task(target, queries, pool, protocol="each", uniprot=uniprot)


class MuvTables:
    """The parquet form: ``ligands.parquet``."""

    name = "muv"
    provenance = _SOURCE

    def __init__(self, root: Path, seed: int = 0) -> None:
        self.root = root
        self.seed = seed

    @cached_property
    def _ligands(self) -> pd.DataFrame:
        frame = read_table(self.root / "ligands.parquet")
        return frame.astype({"target": str, "label": str})

    def targets(self) -> list[str]:
        """Assay numbers, in order."""
        return sorted(self._ligands["target"].unique())

    def load(self, target: str) -> Task:
        """Read one assay; see `Benchmark.load`."""
        rows = only(self._ligands, target)
        if rows.empty:
            raise unknown_target(self.name, target, self.targets())
        pool = pool_frame(
            rows["smiles"],
            rows["id"].astype(str),
            np.asarray(rows["label"] == "active"),
            inchikey=rows["inchikey"].astype(object).fillna("").tolist(),
        )
        return _task(target, pool, self.seed, str(rows["uniprot"].iloc[0]))

    def counts(self) -> pd.DataFrame:
        """Molecules by assay; see `Benchmark.counts`."""
        ligands = read_table(self.root / "ligands.parquet", ["target", "label"]).astype(str)
        table = pd.crosstab(ligands["target"], ligands["label"])
        frame = table.rename(columns={"active": "actives", "decoy": "inactives"}).reset_index()
        frame["queries"] = 0
        return frame.loc[:, ["target", "actives", "inactives", "queries"]]
