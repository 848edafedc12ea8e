"""How close a benchmark's targets are to those that an encoder was trained on, by sequence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from molsearch.data.homology import BENCHMARKS, DEVELOPMENT
from molsearch.io import parquet

# Tiers of the highest known identity to a training target: lower bounds.
IDENTITY_TIERS = {"> 0.9": 0.9, "0.4–0.9": 0.4, "≤ 0.4": -1.0}
# Groups of targets, and the tier that a member of the same group is at least in.
_GROUPS = {"cluster_90": "> 0.9", "cluster_40": "0.4–0.9"}


@dataclass(frozen=True)
class Homology:
    """What a table of sequence identity says about a training set's targets.

    Attributes
    ----------
    known
        Accessions that have a sequence.
    trained
        The training targets themselves.
    nearest
        By benchmark target: the highest identity of the training targets that it is the
        nearest of.
    groups
        By column of `_GROUPS`: the group of each accession, and the groups that hold a
        training target.
    """

    known: frozenset[str]
    trained: frozenset[str]
    nearest: Mapping[str, float]
    groups: Mapping[str, tuple[Mapping[str, str], frozenset[str]]]

    def tier(self, target: str) -> str | None:
        """Put a target into one of `IDENTITY_TIERS`; None where its sequence is unknown.

        The table holds, for each training target, the nearest target of each benchmark alone: a
        training target that lies nearer to another one counts by its homology group.
        """
        if target in self.trained:
            return "> 0.9"
        if target not in self.known:
            return None
        identity = self.nearest.get(target, 0.0)
        found = next(name for name, lower in IDENTITY_TIERS.items() if identity > lower)
        shared = [
            tier for column, tier in _GROUPS.items() if self._in_group_of_trained(column, target)
        ]
        names = list(IDENTITY_TIERS)
        return min([found, *shared], key=names.index)

    def _in_group_of_trained(self, column: str, target: str) -> bool:
        group, trained = self.groups[column]
        return group.get(target) in trained


def load_homology(path: Path, trained: Collection[str]) -> Homology | None:
    """Read a table of sequence identity for a training set; None where there is none.

    Parameters
    ----------
    path
        Table with a row a target: ``uniprot``, ``cluster_40``, ``cluster_90``, and for each
        benchmark ``id_*`` and ``nearest_*``, the highest identity to one of its targets and
        which one that is.
    trained
        Accessions of the training targets.
    """
    if not path.is_file():
        return None
    table = parquet.read_frame(path)
    mine = table[table["uniprot"].isin(list(trained))]
    nearest: dict[str, float] = {}
    for column in (*BENCHMARKS, *DEVELOPMENT):
        name = f"nearest_{column.removeprefix('id_')}"
        highest = mine[[name, column]].dropna().groupby(name)[column].max()
        for target, identity in highest.items():
            nearest[str(target)] = max(float(identity), nearest.get(str(target), 0.0))
    return Homology(
        known=frozenset(table.loc[_has_sequence(table), "uniprot"].astype(str)),
        trained=frozenset(map(str, trained)),
        nearest=nearest,
        groups={column: (_groups(table, column), _held(mine, column)) for column in _GROUPS},
    )


def _has_sequence(table: pd.DataFrame) -> pd.Series:
    return table["cluster_40"].notna() & (table["cluster_40"] != "")


def _groups(table: pd.DataFrame, column: str) -> dict[str, str]:
    rows = table[["uniprot", column]].dropna()
    return dict(zip(rows["uniprot"].astype(str), rows[column].astype(str), strict=True))


def _held(mine: pd.DataFrame, column: str) -> frozenset[str]:
    return frozenset(mine[column].dropna().astype(str)) - {""}
