"""LIT-PCBA: 15 targets, measured inactives, all PDB ligands of a target as queries."""

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
    title="LIT-PCBA",
    citation="Tran-Nguyen, Jacquemard, Rognan, J. Chem. Inf. Model. 2020, 60, 4263",
    url="https://drugdesign.unistra.fr/LIT-PCBA",
    licence="free for research; PubChem BioAssay data (public domain)",
    inactives="inactives",
    notes=(
        "Audits found molecules repeated within and across the splits, and queries among actives.",
        "Small targets (13 to 39 actives) make EF1 coarse.",
    ),
)
# (file stems of actives, of inactives, split) as the full set and the AVE splits ship them.
_LISTS = (
    (("actives", "active"), ("inactives", "inactive"), ""),
    (("active_T", "actives_T"), ("inactive_T", "inactives_T"), "T"),
    (("active_V", "actives_V"), ("inactive_V", "inactives_V"), "V"),
)


def open_litpcba(given: Path | None = None) -> Benchmark:
    """Open LIT-PCBA as its site ships it (full set or AVE splits) or as parquet files.

    Raises
    ------
    InputError
        Neither form is found.
    """
    root = locate("litpcba", given)
    if (root / "ligands.parquet").is_file():
        return LitPcbaTables(root)
    found = LitPcbaFolders(root)
    if found.targets():
        return found
    raise InputError(
        f"{root} holds no LIT-PCBA data: expected <target>/actives.smi, <target>/active_T.smi or "
        f"ligands.parquet; see {bundled.guide('litpcba')}"
    )


class LitPcbaFolders:
    """The official layout: ``<target>/{actives, inactives}.smi`` or ``active_T.smi`` and so on.

    Queries are the folder's ``*_ligand.mol2`` files. Where both the full lists and the AVE
    splits lie in one folder, the splits are read.
    """

    name = "litpcba"
    provenance = _SOURCE

    def __init__(self, root: Path) -> None:
        self.root = root

    def targets(self) -> list[str]:
        """Folders that hold a list of actives."""
        folders = {path.parent.name for path in self.root.glob("*/active*.smi")}
        return sorted(folders)

    def load(self, target: str) -> Task:
        """Read one target's folder; see `Benchmark.load`.

        Ligands whose MOL2 file RDKit refuses are left out and named in the task's notes.
        """
        if target not in self.targets():
            raise unknown_target(self.name, target, self.targets())
        folder = self.root / target
        queries, refused = [], []
        for path in sorted(folder.glob("*_ligand.mol2")):
            try:
                queries.append(read_mol2_query(path, path.name.removesuffix("_ligand.mol2")))
            except InputError:
                refused.append(path.name)
        if not queries:
            raise InputError(
                f"{folder} holds no readable *_ligand.mol2: see {bundled.guide('litpcba')}"
            )
        notes = (f"queries refused by RDKit: {', '.join(refused)}",) if refused else ()
        return Task(target, tuple(queries), self._pool(folder), notes=notes)

    def _pool(self, folder: Path) -> pd.DataFrame:
        parts = [part for lists in _LISTS if (part := _read_lists(folder, *lists)) is not None]
        split = [part for part in parts if part["split"].iloc[0]]
        return pd.concat(split or parts, ignore_index=True)

    def counts(self) -> pd.DataFrame:
        """Count the lines of the official lists; see `Benchmark.counts`."""
        rows = []
        for target in self.targets():
            pool = self._pool(self.root / target)
            actives = int(pool["is_active"].sum())
            n_queries = len(list((self.root / target).glob("*_ligand.mol2")))
            rows.append((target, actives, len(pool) - actives, n_queries))
        return pd.DataFrame(rows, columns=["target", "actives", "inactives", "queries"])


def _read_lists(
    folder: Path, actives: tuple[str, ...], inactives: tuple[str, ...], split: str
) -> pd.DataFrame | None:
    """Read one pair of lists, or give None where the folder has no such actives."""
    parts = []
    for stems, active in ((actives, True), (inactives, False)):
        paths = [folder / f"{stem}.smi" for stem in stems if (folder / f"{stem}.smi").is_file()]
        if not paths:
            if active:
                return None
            raise InputError(f"{folder} has {actives[0]}.smi but no {stems[0]}.smi: download it")
        smiles, ids = read_smiles(paths[0])
        parts.append(pool_frame(smiles, ids, active, split=split))
    return pd.concat(parts, ignore_index=True)


class LitPcbaTables:
    """The parquet form: ``ligands.parquet`` (with AVE split) and ``queries.parquet``.

    Targets without inactives cannot be screened: they are left out of `targets` and named in
    the provenance.
    """

    name = "litpcba"

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _ligands(self) -> pd.DataFrame:
        frame = read_table(self.root / "ligands.parquet")
        return frame.astype({"target": str, "label": str, "split": str})

    @cached_property
    def _queries(self) -> pd.DataFrame:
        return read_table(self.root / "queries.parquet").astype({"target": str})

    @cached_property
    def _splits(self) -> dict[str, tuple[str, ...]]:
        """Splits in which a target has inactives."""
        inactive = self._ligands[self._ligands["label"] == "inactive"]
        grouped = inactive.groupby("target")["split"].unique()
        return {str(target): tuple(sorted(found)) for target, found in grouped.items()}

    @cached_property
    def provenance(self) -> Provenance:
        """The source with the parts that are missing here."""
        every = sorted(self._ligands["target"].unique())
        none = [t for t in every if t not in self._splits]
        partial = [t for t, found in self._splits.items() if found != ("T", "V")]
        missing = []
        if none:
            missing.append(f"Incomplete copy: no inactives for {', '.join(none)} (left out).")
        if partial:
            missing.append(f"Validation split only for {', '.join(partial)}.")
        return replace(_SOURCE, notes=(*_SOURCE.notes, *missing))

    def targets(self) -> list[str]:
        """Targets with both actives and inactives."""
        return sorted(self._splits)

    def load(self, target: str) -> Task:
        """Read one target; see `Benchmark.load`.

        Only splits that hold inactives count: actives of a split without inactives would make
        the screen look richer than it is.
        """
        if target not in self._splits:
            raise unknown_target(self.name, target, self.targets())
        splits = self._splits[target]
        rows = only(self._ligands, target)
        rows = rows[rows["split"].isin(splits)].reset_index(drop=True)
        pool = pool_frame(
            rows["smiles"],
            rows["id"].astype(str),
            rows["label"].eq("active").to_numpy(),
            split=list(rows["split"]),
            inchikey=list(rows["inchikey"].fillna("").astype(str)),
        )
        asked = only(self._queries, target)
        queries = tuple(
            TaskQuery(f"{q.pdb_id}:{q.ligand_id}", str(q.smiles), inchikey=str(q.inchikey or ""))
            for q in asked.itertuples()
        )
        notes = (f"{'+'.join(splits)} split only",) if splits != ("T", "V") else ()
        return Task(target, queries, pool, uniprot=str(rows["uniprot"].iloc[0]), notes=notes)

    def counts(self) -> pd.DataFrame:
        """Molecules by target; see `Benchmark.counts`."""
        ligands = read_table(self.root / "ligands.parquet", ["target", "label"]).astype(str)
        table = pd.crosstab(ligands["target"], ligands["label"])
        frame = table.rename(columns={"active": "actives", "inactive": "inactives"})
        frame["queries"] = self._queries["target"].value_counts()
        frame = frame.fillna(0).astype(int).reset_index()
        return frame.loc[:, ["target", "actives", "inactives", "queries"]]
