"""Molecules without labels: where they come from, and which of them a step sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch.data.conformers import Conformers, conformers_of
from molsearch.data.prepared import PreparedSet
from molsearch.data.store import GraphStore, concatenate, take
from molsearch.data.training_tables import IS_POOL, read_table
from molsearch.data.unread import NO_SMILES, Naming, Unread
from molsearch.errors import InputError
from molsearch.io.folders import Kind, look
from molsearch.schema import COORDS, N_ATOMS, N_CONFORMERS, PARENT_SMILES

_STREAM = 1  # keeps these draws apart from those of the labelled pairs, which have no such number


@dataclass(frozen=True, slots=True)
class WithoutLabels:
    """Molecules without labels, once each.

    Attributes
    ----------
    smiles
        K distinct SMILES.
    naming
        Which records name which of them; of those that `limit` left, where there was one.
    conformers
        Packed coordinates by SMILES for those that have any.
    unread
        Records without a SMILES.
    """

    smiles: list[str]
    naming: Naming
    conformers: Conformers
    unread: tuple[Unread, ...] = ()


def load_unlabelled(path: Path, *, limit: int | None, seed: int) -> WithoutLabels:
    """Read molecules without labels.

    Parameters
    ----------
    path
        A parquet or csv table with a ``smiles`` column, or a prepared set, whose
        conformers come along. Of a table with a column ``is_pool_molecule`` the rows where it
        is true are left out: they are molecules that evaluations draw from.
    limit
        Keep this many, drawn by `seed`.

    Raises
    ------
    InputError
        If there is no such file or it has no ``smiles`` column, or no molecule at all.
    """
    conformers: Conformers = {}
    unread: tuple[Unread, ...] = ()
    if look(path).kind is Kind.PREPARED:
        named: list[str] = []
        for table in PreparedSet.open(path).iter_tables(
            [PARENT_SMILES, N_CONFORMERS, N_ATOMS, COORDS]
        ):
            named.extend(table[PARENT_SMILES].to_pylist())
            conformers |= conformers_of(table)
        smiles = pd.Series(named, dtype=object)
    else:
        rows = read_table(path, "table of molecules without labels", ("smiles",))
        smiles = rows.loc[~rows[IS_POOL], "smiles"] if IS_POOL in rows else rows["smiles"]
        empty = smiles.index[smiles == ""]
        unread = tuple(Unread(path.name, int(row) + 1, NO_SMILES, "") for row in empty)
    named_by = smiles[smiles != ""]
    distinct = named_by.drop_duplicates()
    if distinct.empty:
        raise InputError(f"{path}: no molecule without labels is in it; name another table")
    if limit is not None and limit < len(distinct):
        chosen = np.random.default_rng(seed).choice(len(distinct), limit, replace=False)
        distinct = distinct.iloc[np.sort(chosen)]
    molecule = pd.Index(distinct).get_indexer(pd.Index(named_by)).astype(np.int64)
    inside = molecule >= 0
    naming = Naming(named_by.index.to_numpy(np.int64)[inside] + 1, molecule[inside])
    return WithoutLabels(distinct.tolist(), naming, conformers, unread)


class UnlabelledStream:
    """Draws molecules for soft labels, without their labels where they have any.

    The draw of a step depends on the seed and the step alone, as that of the pairs does.

    Parameters
    ----------
    labelled
        Molecules that have labels, which are not looked at here.
    unlabelled
        Molecules that have none; None or empty where there are only labelled ones.
    batch_size
        Molecules a step.
    labelled_share
        Share of the step from `labelled`; all where there are no others.
    """

    def __init__(
        self,
        labelled: GraphStore,
        unlabelled: GraphStore | None,
        batch_size: int,
        *,
        labelled_share: float,
        seed: int,
    ) -> None:
        there = unlabelled is not None and len(unlabelled) > 0
        n_labelled = round(batch_size * labelled_share) if there else batch_size
        self._stores: list[GraphStore] = [labelled]
        sizes = [min(n_labelled, len(labelled))]
        if there and unlabelled is not None:
            self._stores.append(unlabelled)
            sizes.append(min(batch_size - n_labelled, len(unlabelled)))
        self._sizes = sizes
        self._seed = seed

    @property
    def batch_size(self) -> int:
        """Molecules a step; fewer than asked for where there are not enough."""
        return sum(self._sizes)

    def draw(self, step: int) -> GraphStore:
        """Return the molecules of a step, all different rows."""
        random = np.random.default_rng([self._seed, _STREAM, step])
        parts: Sequence[GraphStore] = [
            take(store, _rows(random, len(store), size))
            for store, size in zip(self._stores, self._sizes, strict=True)
            if size
        ]
        return concatenate(parts)


def _rows(random: np.random.Generator, n: int, size: int) -> NDArray[np.int64]:
    return random.choice(n, size, replace=False).astype(np.int64)
