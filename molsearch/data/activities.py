"""Activity tables: which molecules act on which targets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sparse
from numpy.typing import NDArray

from molsearch.data.training_tables import (
    BENCHMARK_MOLECULE,
    BENCHMARK_TARGET,
    DEV_TARGET,
    read_table,
)
from molsearch.data.unread import NO_SMILES, NO_TARGET, Naming, Unread
from molsearch.errors import InputError
from molsearch.words import some_of

_FLAGS = (BENCHMARK_MOLECULE, DEV_TARGET, BENCHMARK_TARGET)


@dataclass(frozen=True, slots=True)
class Activities:
    """Distinct molecules, and the targets each acts on.

    Attributes
    ----------
    smiles
        One parent SMILES a molecule, M in all.
    keys
        InChIKey (first block, or whole) of each molecule; what conformers are found by.
    targets
        Names of the T targets.
    acts_on
        Sparse bool ``[M, T]``.
    pchembl
        Sparse float ``[M, T]``: -log10 of the molar activity, the strongest where a table repeats
        a pair, 0 where there is none; None where the table has no such column.
    kinds
        Sparse int8 ``[M, T]``: number of the type of that activity, from one; None where the table
        has no column ``activity_type``.
    unflagged
        Columns that would keep benchmark molecules out, and that the table lacks.
    naming
        Which records name which molecule; None of molecules that were chosen from a table's.
    unread
        Records that name no molecule or no target.
    """

    smiles: list[str]
    keys: list[str]
    targets: list[str]
    acts_on: sparse.csr_matrix
    pchembl: sparse.csr_matrix | None = None
    unflagged: tuple[str, ...] = ()
    kinds: sparse.csr_matrix | None = None
    naming: Naming | None = None
    unread: tuple[Unread, ...] = ()

    @property
    def n_pairs(self) -> int:
        """Number of (molecule, target) pairs."""
        return int(self.acts_on.nnz)

    @property
    def n_targets(self) -> int:
        """Number of targets that some molecule acts on."""
        return int((self.acts_on.getnnz(axis=0) > 0).sum())

    @property
    def n_trained_targets(self) -> int:
        """Number of targets with two molecules, from which pairs are drawn."""
        return int((self.acts_on.getnnz(axis=0) >= 2).sum())

    @property
    def n_labelled(self) -> int:
        """Number of molecules with a target."""
        return int((self.acts_on.getnnz(axis=1) > 0).sum())

    def limited(self, n_pairs: int | None, seed: int) -> Activities:
        """Keep so many pairs, drawn by `seed`, and all molecules, now perhaps without a target.

        The pairs of a lower limit are among those of a higher one.
        """
        if n_pairs is None or n_pairs >= self.n_pairs:
            return self
        pairs = self.acts_on.tocoo()
        kept = np.random.default_rng(seed).permutation(pairs.nnz)[:n_pairs]
        matrix = sparse.csr_matrix(
            (pairs.data[kept], (pairs.row[kept], pairs.col[kept])), shape=pairs.shape
        )
        return replace(self, acts_on=matrix)

    def keep(self, rows: NDArray[np.bool_]) -> Activities:
        """Keep the molecules where `rows` is true, and all targets."""
        chosen = np.flatnonzero(rows)
        return replace(
            self,
            smiles=[self.smiles[i] for i in chosen],
            keys=[self.keys[i] for i in chosen],
            acts_on=self.acts_on[chosen],
            pchembl=None if self.pchembl is None else self.pchembl[chosen],
            kinds=None if self.kinds is None else self.kinds[chosen],
            naming=None,
        )


def load_activities(
    path: Path,
    *,
    target_column: str = "uniprot",
    hold_out_benchmark_targets: bool = False,
    hold_out: Collection[str] = (),
    tiers: Collection[str] = ("active",),
    keep_benchmark_molecules: bool = False,
) -> Activities:
    """Read the pairs to train on from an activity table.

    Rows of development targets are left out always, and rows whose molecule occurs in a benchmark
    unless `keep_benchmark_molecules` asks for them; weak actives (``tier`` other than ``active``)
    too, unless `tiers` names them.

    Parameters
    ----------
    path
        A parquet or csv file with ``smiles``, a column of targets and optionally ``inchikey``,
        ``tier`` and the flags ``is_benchmark_molecule``, ``is_dev_target``,
        ``is_benchmark_target``.
    target_column
        Name of the column of targets.
    hold_out_benchmark_targets
        Also leave out all records of benchmark targets.
    hold_out
        Targets whose records are left out, flagged or not.
    tiers
        Values of ``tier`` that count as acting on a target, where the table has that column.
    keep_benchmark_molecules
        Train on molecules of benchmarks as well, to repeat a protocol that does.

    Raises
    ------
    InputError
        If the file is absent, lacks a column, or has no row left.
    """
    table = read_table(path, "activity table", ("smiles", target_column))
    named, unread = named_rows(table, target_column, path.name)
    table = table[named]
    kept = trainable(
        table,
        target_column,
        hold_out_benchmark_targets,
        hold_out,
        keep_benchmark_molecules=keep_benchmark_molecules,
    )
    if "tier" in table:
        kept &= table["tier"].isin(list(tiers)).to_numpy(bool)
    if not kept.any():
        raise InputError(f"{path}: no active row is left to train on{_tiers(table, tiers)}")
    table = table[kept]
    key = table["smiles"]
    if "inchikey" in table:
        key = table["inchikey"].where(table["inchikey"] != "", key)
    molecule, keys = pd.factorize(key)
    target, targets = pd.factorize(table[target_column], sort=True)
    _, first = np.unique(molecule, return_index=True)
    shape = (len(keys), len(targets))
    matrix = sparse.csr_matrix((np.ones(len(table), bool), (molecule, target)), shape=shape)
    pchembl, kinds = _strongest(table, molecule, target, shape)
    return Activities(
        table["smiles"].to_numpy()[first].tolist(),
        list(keys),
        list(targets),
        matrix,
        pchembl,
        tuple(flag for flag in _FLAGS if flag not in table),
        kinds,
        Naming(table.index.to_numpy(np.int64) + 1, molecule.astype(np.int64)),
        unread,
    )


def named_rows(
    table: pd.DataFrame, target_column: str, source: str
) -> tuple[NDArray[np.bool_], tuple[Unread, ...]]:
    """Return which rows name a molecule and a target, and those that do not."""
    smiles, target = (table[name].to_numpy() for name in ("smiles", target_column))
    kept: NDArray[np.bool_] = (smiles != "") & (target != "")
    unread = tuple(
        Unread(source, row + 1, NO_TARGET if smiles[row] else NO_SMILES, str(smiles[row]))
        for row in np.flatnonzero(~kept).tolist()
    )
    return kept, unread


def _tiers(table: pd.DataFrame, tiers: Collection[str]) -> str:
    if "tier" not in table or table["tier"].isin(list(tiers)).any():
        return ""
    there = some_of([repr(one) for one in sorted(set(table["tier"]))], 5)
    return f": its tiers are {there}, the run asks for {', '.join(tiers)} (tiers)"


def trainable(
    table: pd.DataFrame,
    target_column: str,
    hold_out_benchmark_targets: bool,
    hold_out: Collection[str],
    *,
    keep_benchmark_molecules: bool = False,
) -> NDArray[np.bool_]:
    """Rows that may be trained on, actives or not: by flags, and by the targets held out."""
    kept = np.ones(len(table), bool)
    for flag in _FLAGS[int(keep_benchmark_molecules) : 3 if hold_out_benchmark_targets else 2]:
        if flag in table:
            kept &= ~table[flag].to_numpy(bool)
    kept &= ~table[target_column].isin([str(one) for one in hold_out]).to_numpy(bool)
    return kept


def _strongest(
    table: pd.DataFrame,
    molecule: NDArray[np.int64],
    target: NDArray[np.int64],
    shape: tuple[int, int],
) -> tuple[sparse.csr_matrix | None, sparse.csr_matrix | None]:
    """Activity of each pair and its type; a matrix would add up what a table repeats."""
    if "pchembl" not in table:
        return None, None
    values = pd.to_numeric(table["pchembl"], errors="coerce").fillna(0.0).to_numpy(np.float32)
    order = np.lexsort([-values, target, molecule])
    pair = molecule[order].astype(np.int64) * shape[1] + target[order]
    strongest = order[np.diff(pair, prepend=-1) > 0]
    places = (molecule[strongest], target[strongest])
    pchembl = sparse.csr_matrix((values[strongest], places), shape=shape)
    if "activity_type" not in table:
        return pchembl, None
    codes = pd.factorize(table["activity_type"], use_na_sentinel=False)[0][strongest]
    kinds = (codes.clip(max=126) + 1).astype(np.int8)
    return pchembl, sparse.csr_matrix((kinds, places), shape=shape)
