"""Three-dimensional baselines: USRCAT, and overlay of shapes and colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors, rdShapeAlign

from molsearch.bench.baselines import Scores
from molsearch.bench.conformers import Prepared3D
from molsearch.bench.molecules import CONFORMERS, Molecules
from molsearch.schema import COORDS, N_ATOMS, N_CONFORMERS, PARENT_SMILES

_COLUMNS = (PARENT_SMILES, N_CONFORMERS, N_ATOMS, COORDS)


def molecules_of(table: pa.Table) -> Iterator[Chem.Mol | None]:
    """Yield each row as an RDKit molecule with its conformers, or None where it has none."""
    columns = (table.column(name).to_pylist() for name in _COLUMNS)
    for smiles, n_conformers, n_atoms, coords in zip(*columns, strict=True):
        if not n_conformers:
            yield None
            continue
        mol = Chem.MolFromSmiles(smiles)
        positions = np.frombuffer(coords, "<i2").reshape(n_conformers, n_atoms, 3) / 1000.0
        for geometry in positions:
            conformer = Chem.Conformer(n_atoms)
            conformer.SetPositions(np.ascontiguousarray(geometry))
            mol.AddConformer(conformer, assignId=True)
        yield mol


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
    numbers, owner = [], []
    for row, mol in enumerate(molecules_of(table)):
        if mol is None or mol.GetNumAtoms() < 3:
            continue
        for conformer in mol.GetConformers():
            numbers.append(rdMolDescriptors.GetUSRCAT(mol, confId=conformer.GetId()))
            owner.append(row)
    return np.array(numbers, np.float32).reshape(-1, 60), np.array(owner, np.int64)


class ShapeScorer:
    """RDKit's Gaussian shape and colour overlay (the PubChem align3d code), several starts.

    The score is shape Tanimoto plus colour Tanimoto, 0 to 2, the best over conformers and
    starting poses. Overlays end in local optima: what one start misses another may find.

    Parameters
    ----------
    n_starts
        Starting poses: the principal axes as given, then turned by half about each.
    """

    name = "shape"
    needs = frozenset({CONFORMERS})
    relative = False

    def __init__(self, n_starts: int = 2) -> None:
        self.n_starts = n_starts

    def identity(self) -> dict[str, Any]:
        """See `Scorer.identity`."""
        return {"score": "shape + colour Tanimoto", "n_starts": self.n_starts, "opt_param": 0.5}

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`."""
        asked = [_references(mol) for mol in molecules_of(queries.prepared.table)]
        best = np.full((len(asked), pool.prepared.table.num_rows), np.nan, dtype=np.float32)
        with rdBase.BlockLogs():
            for column, mol in enumerate(molecules_of(pool.prepared.table)):
                poses = _poses(mol, self.n_starts)
                for row, references in enumerate(asked):
                    scores = [_overlay(r, pose) for r in references for pose in poses]
                    best[row, column] = max(scores, default=np.nan)
        by_query = spread(best, pool.prepared)
        return spread(by_query.T, queries.prepared).T


# The principal frame itself, and half turns about its axes: RDKit's overlay starts from that
# frame, whose axes have no natural direction, and ends in another optimum for another choice.
_TURNS = (np.diag([1, 1, 1]), np.diag([1, -1, -1]), np.diag([-1, 1, -1]), np.diag([-1, -1, 1]))


def _references(mol: Chem.Mol | None) -> list[Any]:
    """Return the shape of each conformer of a query."""
    if mol is None:
        return []
    with rdBase.BlockLogs():
        return [rdShapeAlign.PrepareConformer(mol, c.GetId()) for c in mol.GetConformers()]


def _poses(mol: Chem.Mol | None, n_starts: int) -> list[Chem.Mol]:
    """Return one molecule a conformer and starting pose."""
    poses = []
    for conformer in mol.GetConformers() if mol is not None else ():
        frame = _principal(conformer.GetPositions())
        for turn in _TURNS[:n_starts]:
            pose = Chem.Mol(mol, True)
            start = Chem.Conformer(len(frame))
            start.SetPositions(np.ascontiguousarray(frame @ turn))
            pose.AddConformer(start, assignId=True)
            poses.append(pose)
    return poses


def _principal(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn positions into their principal axes, without mirroring them."""
    centred = positions - positions.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1].copy()
    if np.linalg.det(axes) < 0:
        axes[:, 2] *= -1
    return np.asarray(centred @ axes)


def _overlay(reference: Any, pose: Chem.Mol) -> float:
    # The overlay moves the probe shape it is given, so each call makes its own.
    probe = rdShapeAlign.PrepareConformer(pose)
    shape, colour, _ = rdShapeAlign.AlignShapes(reference, probe, 0.5)
    return float(shape) + float(colour)
