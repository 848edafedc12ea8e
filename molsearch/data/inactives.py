"""Measured inactives: which molecules were tested on a target and did nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sparse
from numpy.typing import NDArray

from molsearch.data.activities import trainable
from molsearch.data.training_tables import IS_POOL, read_table
from molsearch.errors import InputError

OWN_TIER = "inactive"


@dataclass(frozen=True, slots=True)
class Inactives:
    """Distinct molecules, and the targets that each was found inactive on.

    Attributes
    ----------
    smiles
        K molecules.
    inactive_on
        Sparse bool ``[K, T]``, T the targets of the actives.
    left_out
        Pairs that are not among them, by reason.
    """

    smiles: list[str]
    inactive_on: sparse.csr_matrix
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def n_pairs(self) -> int:
        """Number of (molecule, target) pairs."""
        return int(self.inactive_on.nnz)

    @property
    def n_molecules(self) -> int:
        """Number of molecules of these pairs."""
        return int((self.inactive_on.getnnz(axis=1) > 0).sum())

    def keep(self, rows: NDArray[np.bool_], reason: str) -> Inactives:
        """Keep the molecules where `rows` is true; pairs of the others are `reason`'s."""
        gone = int(self.inactive_on[np.flatnonzero(~rows)].nnz)
        return Inactives(
            [self.smiles[i] for i in np.flatnonzero(rows)],
            self.inactive_on[np.flatnonzero(rows)],
            _with(self.left_out, reason, gone),
        )

    def without(self, pairs: sparse.csr_matrix, reason: str) -> Inactives:
        """Drop pairs, sparse bool ``[K, T]``, that are wrong for `reason`."""
        wrong = self.inactive_on.multiply(pairs).astype(bool).tocsr()
        left = (self.inactive_on.astype(np.int8) - wrong.astype(np.int8)).tocsr()
        left.eliminate_zeros()
        return Inactives(
            self.smiles, left.astype(bool), _with(self.left_out, reason, int(wrong.nnz))
        )


def pairs_of_table(
    path: Path,
    molecules: Path,
    *,
    target_column: str,
    hold_out_benchmark_targets: bool,
    hold_out: Collection[str],
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Read measured inactives, ``smiles`` and ``target``, that may be trained on.

    Rules are those of the actives: flags, held-out targets. Where the table names rows of
    `molecules` instead of structures, those that an evaluation draws from
    (``is_pool_molecule``) are left out: a decoy must not be learnt by heart.

    Returns
    -------
    pairs, left_out
        And how many are missing, by reason.

    Raises
    ------
    InputError
        A file is absent or lacks a column.
    """
    table = read_table(path, "table of inactives", (target_column,))
    left_out: dict[str, int] = {}
    if "smiles" not in table:
        if "row" not in table:
            raise InputError(
                f"{path}: no column 'smiles', nor 'row' (positions in {molecules.name}); it has "
                f"{', '.join(table.columns)}"
            )
        known = read_table(molecules, "table of the inactives' molecules", ("smiles",))
        row = pd.to_numeric(table["row"], errors="coerce").fillna(-1).to_numpy(np.int64)
        inside = (row >= 0) & (row < len(known))
        left_out = _with(left_out, "of unknown molecules", int((~inside).sum()))
        table, row = table[inside], row[inside]
        table = table.assign(smiles=known["smiles"].to_numpy()[row])
        if IS_POOL in known:
            pool = known[IS_POOL].to_numpy(bool)[row]
            left_out = _with(left_out, "of molecules in evaluation pools", int(pool.sum()))
            table = table[~pool]
    named = (table["smiles"] != "").to_numpy()
    left_out = _with(left_out, "of unknown molecules", int((~named).sum()))
    table = table[named]
    kept = trainable(table, target_column, hold_out_benchmark_targets, hold_out)
    left_out = _with(left_out, "of held-out targets or molecules", int((~kept).sum()))
    return _pairs(table[kept], target_column), left_out


def pairs_of_activities(
    path: Path,
    *,
    target_column: str,
    hold_out_benchmark_targets: bool,
    hold_out: Collection[str],
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Read the rows of an activity table whose tier is ``inactive``, as `pairs_of_table` does.

    Raises
    ------
    InputError
        The table is absent, or has no tiers.
    """
    table = read_table(path, "activity table", ("smiles", target_column, "tier"))
    table = table[table["tier"] == OWN_TIER]
    kept = trainable(table, target_column, hold_out_benchmark_targets, hold_out)
    left_out = _with({}, "of held-out targets or molecules", int((~kept).sum()))
    return _pairs(table[kept], target_column), left_out


def inactives_among(
    pairs: pd.DataFrame,
    targets: list[str],
    *,
    left_out: dict[str, int],
    per_target: int | None = None,
    seed: int = 0,
) -> Inactives:
    """Bring pairs into the targets' order, and leave out those of targets without actives.

    Parameters
    ----------
    pairs
        Columns ``smiles`` and ``target``; repeats count once.
    targets
        Those that are trained on; a target with inactives alone trains nothing.
    per_target
        Keep at most so many a target, drawn by `seed`.
    """
    names = pd.Index([str(target) for target in targets], dtype=object)
    column = names.get_indexer(pd.Index(pairs["target"].astype(object)))
    there = column >= 0
    left_out = _with(left_out, "of targets without actives", int((~there).sum()))
    pairs = pairs[there].assign(column=column[there])
    pairs = pairs.drop_duplicates(["smiles", "column"])
    if per_target is not None:
        order = np.random.default_rng([seed, 5]).permutation(len(pairs))
        nth = pairs.iloc[order].groupby("column", sort=False).cumcount().sort_index()
        pairs = pairs.sort_index()[(nth < per_target).to_numpy()]
    molecule, smiles = pd.factorize(pairs["smiles"])
    matrix = sparse.csr_matrix(
        (np.ones(len(pairs), bool), (molecule, pairs["column"].to_numpy())),
        shape=(len(smiles), len(targets)),
    )
    return Inactives(list(smiles), matrix, left_out)


def _pairs(table: pd.DataFrame, target_column: str) -> pd.DataFrame:
    found = table[["smiles", target_column]].rename(columns={target_column: "target"})
    return found.astype({"target": str}).reset_index(drop=True)


def _with(counts: dict[str, int], reason: str, n: int) -> dict[str, int]:
    return {**counts, reason: counts.get(reason, 0) + n} if n else counts


def together(
    parts: list[tuple[pd.DataFrame, dict[str, int]]],
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Join pairs of several sources, and add up what each left out."""
    counts: dict[str, int] = {}
    for _, left_out in parts:
        for reason, n in left_out.items():
            counts = _with(counts, reason, n)
    return pd.concat([pairs for pairs, _ in parts], ignore_index=True), counts
