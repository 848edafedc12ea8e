"""Three-dimensional scorers: overlay of shapes and colours, and USRCAT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from molsearch.chem.shapes import (
    OPT_PARAM,
    USRCAT_NUMBERS,
    overlaid,
    references,
    starts,
    usrcat,
    with_geometry,
)
from molsearch.schema import COORDS, N_ATOMS, N_CONFORMERS, PARENT_SMILES
from molsearch.scoring.protocols import CONFORMERS, Molecules, Prepared3D, Scores

_COLUMNS = (PARENT_SMILES, N_CONFORMERS, N_ATOMS, COORDS)


def molecules_of(table: pa.Table) -> Iterator[Any]:
    """Yield each row as an RDKit molecule with its conformers, or None where it has none."""
    columns = (table.column(name).to_pylist() for name in _COLUMNS)
    for smiles, n_conformers, n_atoms, coords in zip(*columns, strict=True):
        if not n_conformers:
            yield None
            continue
        yield with_geometry(smiles, np.frombuffer(coords, "<i2").reshape(n_conformers, n_atoms, 3))


def spread(found: npt.NDArray[np.float32], prepared: Prepared3D) -> Scores:
    """Bring scores of table rows, float32 ``[q, rows]``, to the order asked for; NaN for none."""
    padded = np.hstack([found, np.full((len(found), 1), np.nan, np.float32)])
    return np.ascontiguousarray(padded[:, prepared.rows])


class UsrcatScorer:
    """USRCAT: moments of the atoms' distances, for all atoms and by pharmacophore class.

    The score is ``1 / (1 + mean |difference|)`` of the 60 numbers, the best over pairs of
    conformers.
    """

    name = "usrcat"
    needs = frozenset({CONFORMERS})
    relative = False

    def identity(self) -> dict[str, Any]:
        """See `Scorer.identity`."""
        return {"conformer_fusion": "max", "hydrogens": "none"}

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`."""
        first, first_owner = _usrcat(queries.prepared.table)
        second, second_owner = pool.remember("usrcat", lambda: _usrcat(pool.prepared.table))
        n_first, n_second = queries.prepared.table.num_rows, pool.prepared.table.num_rows
        best = np.full((n_first, n_second), -np.inf, dtype=np.float32)
        for owner, numbers in zip(first_owner, first, strict=True):
            similarity = 1.0 / (1.0 + np.abs(second - numbers).mean(axis=1))
            np.maximum.at(best[owner], second_owner, similarity.astype(np.float32))
        best[np.isneginf(best)] = np.nan
        by_query = spread(best, pool.prepared)
        return spread(by_query.T, queries.prepared).T


def _usrcat(table: pa.Table) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    found = [usrcat(mol) if mol is not None else [] for mol in molecules_of(table)]
    owner = np.repeat(np.arange(len(found)), [len(numbers) for numbers in found])
    every = [numbers for several in found for numbers in several]
    return np.array(every, np.float32).reshape(-1, USRCAT_NUMBERS), owner.astype(np.int64)


class ShapeScorer:
    """RDKit's Gaussian shape and colour overlay (the PubChem align3d code), several starts.

    The score is shape Tanimoto plus colour Tanimoto, 0 to 2, the best over conformers and
    starting poses. Overlays end in local optima: what one start misses another may find. Some
    hundred molecules a second: a `Rescorer` of the first of a list rather than of a library.

    Parameters
    ----------
    n_starts
        Starting poses: the principal axes as given, then turned by half about each.
    """

    name = "shape"
    needs = frozenset({CONFORMERS})
    relative = False
    depth = 1000

    def __init__(self, n_starts: int = 2) -> None:
        self.n_starts = n_starts

    def identity(self) -> dict[str, Any]:
        """See `Scorer.identity`."""
        return {
            "score": "shape + colour Tanimoto",
            "n_starts": self.n_starts,
            "opt_param": OPT_PARAM,
        }

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`."""
        asked = [references(m) if m else [] for m in molecules_of(queries.prepared.table)]
        best = np.full((len(asked), pool.prepared.table.num_rows), np.nan, dtype=np.float32)
        for column, mol in enumerate(molecules_of(pool.prepared.table)):
            poses = [] if mol is None else list(starts(mol, self.n_starts))
            for row, shapes in enumerate(asked):
                scores = [overlaid(shape, pose) for shape in shapes for pose in poses]
                best[row, column] = max(scores, default=np.nan)
        by_query = spread(best, pool.prepared)
        return spread(by_query.T, queries.prepared).T
