"""A user's own benchmark: a folder of actives, decoys and queries in any readable format."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rdkit import Chem

from molsearch.bench.benchmarks.places import unknown_target
from molsearch.bench.benchmarks.queries import drawn_queries
from molsearch.bench.benchmarks.task import Provenance, Task, TaskQuery, pool_frame
from molsearch.chem.inchi import PREFIX as INCHI
from molsearch.chem.parse import RejectedError, parse
from molsearch.chem.records import iter_records
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Record

# What such a folder holds, for messages.
SHAPE = (
    "actives.smi and decoys.smi (or inactives; and queries where they are given; or .csv, .sdf, "
    ".parquet), in it or in one folder a target"
)
_ACTIVES, _INACTIVES, _QUERIES = ("actives",), ("decoys", "inactives"), ("queries", "query")


class FolderBenchmark:
    """``FOLDER/<target>/`` (or FOLDER itself) with actives.*, decoys.* or inactives.*, queries.*.

    Every format that ``molsearch prepare`` reads will do; mol2 and SD files of
    queries keep their geometry. Without queries, five drawn actives are the queries, each alone.

    Parameters
    ----------
    root
        The folder.
    seed
        Draws the query actives.

    Raises
    ------
    InputError
        Neither the folder nor any folder in it holds actives.
    """

    def __init__(self, root: Path, seed: int = 0) -> None:
        self.root = root
        self.seed = seed
        self.name = root.resolve().name
        single = _find(root, _ACTIVES) is not None
        folders = [root] if single else sorted(path for path in root.iterdir() if path.is_dir())
        self._folders = {
            path.resolve().name: path for path in folders if _find(path, _ACTIVES) is not None
        }
        if not self._folders:
            raise InputError(f"{root} holds no benchmark: expected {SHAPE}")
        self.provenance = Provenance(
            title=self.name,
            citation="",
            url="",
            licence="the user's own",
            inactives="decoys",
        )

    def targets(self) -> list[str]:
        """Folders that hold actives."""
        return list(self._folders)

    def load(self, target: str) -> Task:
        """Read one target; see `Benchmark.load`."""
        if target not in self._folders:
            raise unknown_target(self.name, target, self.targets())
        folder = self._folders[target]
        pool = pd.concat([_pool(folder, _ACTIVES, True), _pool(folder, _INACTIVES, False)])
        pool = pool.reset_index(drop=True)
        path = _find(folder, _QUERIES)
        if path is None:
            return Task(target, drawn_queries(pool, target, self.seed), pool, protocol="each")
        return Task(target, _read_queries(path), pool)

    def counts(self) -> pd.DataFrame:
        """Molecules by target; see `Benchmark.counts`."""
        rows = []
        for target in self._folders:
            task = self.load(target)
            n_actives = int(task.is_active.sum())
            rows.append((target, n_actives, len(task.pool) - n_actives, len(task.queries)))
        return pd.DataFrame(rows, columns=["target", "actives", "inactives", "queries"])


def _find(folder: Path, stems: tuple[str, ...]) -> Path | None:
    for stem in stems:
        paths = sorted(folder.glob(f"{stem}.*"))
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise InputError(f"{folder} holds {names}: keep one file of {stem}")
        if paths:
            return paths[0]
    return None


def _pool(folder: Path, stems: tuple[str, ...], active: bool) -> pd.DataFrame:
    path = _find(folder, stems)
    if path is None:
        raise InputError(f"{folder} holds no file of {' or '.join(stems)}: add one, e.g. .smi")
    records = list(iter_records([str(path)], ReadConfig()))
    if not records:
        raise InputError(f"{path} holds no molecules")
    # An unreadable row keeps its place: it ranks last for every method instead of vanishing.
    return pool_frame([_smiles(r) for r in records], [r.molecule_id for r in records], active)


def _smiles(record: Record) -> str:
    if record.error:
        return ""
    if record.smiles and not record.smiles.startswith(INCHI):
        return record.smiles
    try:
        return str(Chem.MolToSmiles(parse(record)))
    except RejectedError:
        return ""


def _read_queries(path: Path) -> tuple[TaskQuery, ...]:
    queries = []
    for record in iter_records([str(path)], ReadConfig()):
        smiles = _smiles(record)
        if not smiles or Chem.MolFromSmiles(smiles) is None:
            reason = record.error or "RDKit cannot read the structure"
            raise InputError(f"{path}:{record.row}: query {record.molecule_id}: {reason}")
        queries.append(TaskQuery(record.molecule_id, smiles, record.molblock))
    if not queries:
        raise InputError(f"{path} holds no queries: add one, or remove the file")
    return tuple(queries)
