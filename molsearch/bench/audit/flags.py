"""Which records of an activity table benchmarks know: what honest training leaves out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from molsearch.bench.benchmarks.places import read_table
from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.data.parents import parents_of
from molsearch.errors import InputError

#: Benchmarks whose molecules are marked; the targets of the first three are marked too.
BENCHMARKS = ("dude", "litpcba", "muv", "dekois")
_MARKED_TARGETS = BENCHMARKS[:3]
_SCREENS, _SPLITS, _ACTIVITIES = "dev_screens.parquet", "splits.json", "activities.parquet"
_COLUMNS = ["smiles", "inchikey", "uniprot"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the benchmarks of a data folder hold.

    Attributes
    ----------
    found
        Names of what the folder has.
    unnamed
        Benchmarks among them whose files name no accessions.
    skeletons
        InChIKey blocks 1 of actives and queries.
    targets, development
        UniProt accessions of benchmark and of development targets.
    names
        Name of a protein by its accession, from the folder's own activity table.
    """

    found: tuple[str, ...]
    unnamed: tuple[str, ...]
    skeletons: frozenset[str]
    targets: frozenset[str]
    development: frozenset[str]
    names: dict[str, str]


def read_known(
    root: Path, *, workers: int = 1, on_progress: Callable[[int], None] = lambda done: None
) -> Known:
    """Collect actives, queries and targets of all benchmarks and of the development screens.

    Skeletons are those that the files name and those of the standardised parents; molecules
    that the folder's own activity table marks (of further test sets) count as well.

    Parameters
    ----------
    root
        Data folder.
    on_progress
        Called with the number of structures standardised.

    Raises
    ------
    InputError
        The folder has neither, or a file cannot be read.
    """
    ligands = {name: _ligands(name, root / name) for name in BENCHMARKS if (root / name).is_dir()}
    development: set[str] = set()
    if (root / _SCREENS).is_file():
        rows = read_table(root / _SCREENS)
        development = set(rows["target"].astype(str)) | _split_targets(root / _SPLITS)
        ligands["dev"] = rows[rows["label"].astype(str) == "active"].reindex(columns=_COLUMNS)
    if not ligands:
        raise InputError(
            f"{root}: holds no benchmark ({', '.join(BENCHMARKS)}) and no {_SCREENS} to mark by"
        )
    everything = pd.concat(ligands.values(), ignore_index=True).fillna("").astype(str)
    skeletons = set(everything["inchikey"].str[:14])
    smiles = list(dict.fromkeys(everything["smiles"]))
    parents = parents_of(smiles, workers=workers, on_progress=on_progress)
    skeletons |= {key[:14] for _, key, _ in parents}
    accessions = {
        name: set(ligands[name]["uniprot"].dropna().astype(str)) - {""}
        for name in _MARKED_TARGETS
        if name in ligands
    }
    names: dict[str, str] = {}
    if (root / _ACTIVITIES).is_file():
        table = read_table(root / _ACTIVITIES)
        if "is_benchmark_molecule" in table:
            skeletons |= set(table.loc[table["is_benchmark_molecule"], "inchikey"].str[:14])
        named = table.reindex(columns=["uniprot", "target_name"]).fillna("").astype(str)
        named = named.drop_duplicates("uniprot")
        names = dict(zip(named["uniprot"], named["target_name"], strict=True))
    return Known(
        found=tuple(ligands),
        unnamed=tuple(name for name, found in accessions.items() if not found),
        skeletons=frozenset(skeletons - {""}),
        targets=frozenset(set().union(*accessions.values())),
        development=frozenset(development),
        names=names,
    )


def flagged(table: pd.DataFrame, known: Known) -> pd.DataFrame:
    """Add the columns by which training leaves records out.

    ``is_benchmark_molecule`` by skeleton. ``is_benchmark_target`` and ``is_dev_target`` by
    accession or by the protein's name, which orthologs share; the former is left out where a
    benchmark does not say which proteins its targets are.

    Parameters
    ----------
    table
        Columns ``inchikey``, ``uniprot``, ``target_name``.
    """
    found = table.assign(is_benchmark_molecule=table["inchikey"].str[:14].isin(known.skeletons))
    if not known.unnamed:
        found["is_benchmark_target"] = _of_targets(table, known.targets, known.names)
    found["is_dev_target"] = _of_targets(table, known.development, known.names)
    return found


def _of_targets(table: pd.DataFrame, targets: frozenset[str], names: dict[str, str]) -> pd.Series:
    ours = table["uniprot"].isin(targets)
    name = table["target_name"].fillna("").astype(str).str.casefold()
    shared = set(name[ours]) | {names[one].casefold() for one in targets if one in names}
    return ours | name.isin(shared - {""})


def _ligands(name: str, folder: Path) -> pd.DataFrame:
    """Actives and queries of all targets, screened or not: `_COLUMNS`."""
    tables = [folder / f"{stem}.parquet" for stem in ("actives", "ligands", "queries")]
    parts = [read_table(path) for path in tables if path.is_file()]
    parts = [
        part[part["label"].astype(str) == "active"] if "label" in part else part for part in parts
    ]
    if not parts:
        benchmark = open_benchmark(name, folder)
        for task in map(benchmark.load, benchmark.targets()):
            queries = pd.DataFrame([(q.smiles, q.inchikey) for q in task.queries])
            both = [task.pool[task.pool["is_active"]], queries.set_axis(_COLUMNS[:2], axis=1)]
            parts += [part.assign(uniprot=task.uniprot) for part in both]
    return pd.concat([part.reindex(columns=_COLUMNS) for part in parts], ignore_index=True)


def _split_targets(path: Path) -> set[str]:
    """Development targets without screens, which only the splits name."""
    if not path.is_file():
        return set()
    try:
        return set(json.loads(path.read_text())["dev_targets"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: names no dev_targets ({error})") from None
