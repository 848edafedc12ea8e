"""Shapes of conformers: starting poses, overlay by Gaussian shape and colour, USRCAT moments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors, rdShapeAlign

OPT_PARAM = 0.5  # shape and colour count alike
USRCAT_NUMBERS = 60
# The principal frame itself, and half turns about its axes: RDKit's overlay starts from that
# frame, whose axes have no natural direction, and ends in another optimum for another choice.
_TURNS = (np.diag([1, 1, 1]), np.diag([1, -1, -1]), np.diag([-1, 1, -1]), np.diag([-1, -1, 1]))


def with_geometry(smiles: str, coords: npt.NDArray[np.int16]) -> Chem.Mol:
    """Build a molecule with conformers.

    Parameters
    ----------
    coords
        int16 ``[n_conformers, n_atoms, 3]``, thousandths of an Å, in the order of the SMILES.
    """
    mol = Chem.MolFromSmiles(smiles)
    for geometry in coords / 1000.0:
        conformer = Chem.Conformer(len(geometry))
        conformer.SetPositions(np.ascontiguousarray(geometry))
        mol.AddConformer(conformer, assignId=True)
    return mol


def starts(mol: Chem.Mol, n: int = 2) -> Iterator[Chem.Mol]:
    """Each conformer of a molecule in each of `n` starting poses, as a molecule of its own."""
    for conformer in mol.GetConformers():
        frame = _principal(conformer.GetPositions())
        for turn in _TURNS[:n]:
            pose = Chem.Mol(mol, True)
            start = Chem.Conformer(len(frame))
            start.SetPositions(np.ascontiguousarray(frame @ turn))
            pose.AddConformer(start, assignId=True)
            yield pose


def references(mol: Chem.Mol) -> list[Any]:
    """Return the shape of each conformer of a query, for `overlaid`."""
    with rdBase.BlockLogs():
        return [rdShapeAlign.PrepareConformer(mol, c.GetId()) for c in mol.GetConformers()]


def overlaid(reference: Any, pose: Chem.Mol) -> float:
    """Shape plus colour Tanimoto, 0 to 2, of a pose laid over the shape of a query."""
    # The overlay moves the probe shape it is given, so each call makes its own.
    with rdBase.BlockLogs():
        probe = rdShapeAlign.PrepareConformer(pose)
        shape, colour, _ = rdShapeAlign.AlignShapes(reference, probe, OPT_PARAM)
    return float(shape) + float(colour)


def laid_over(query: Chem.Mol, conformer: int, pose: Chem.Mol) -> tuple[float, float]:
    """Move a pose onto a conformer of a query, as `overlaid` does without moving it.

    Returns
    -------
    Tanimoto similarities of shape and of colour.
    """
    shape, colour = rdShapeAlign.AlignMol(
        query, pose, refConfId=conformer, probeConfId=0, opt_param=OPT_PARAM
    )
    return float(shape), float(colour)


def usrcat(mol: Chem.Mol) -> list[npt.NDArray[np.float32]]:
    """USRCAT moments ``[60]`` of each conformer; none of molecules of fewer than three atoms."""
    if mol.GetNumAtoms() < 3:
        return []
    return [
        np.array(rdMolDescriptors.GetUSRCAT(mol, confId=c.GetId()), np.float32)
        for c in mol.GetConformers()
    ]


def _principal(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn positions into their principal axes, without mirroring them."""
    centred = positions - positions.mean(axis=0)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1].copy()
    if np.linalg.det(axes) < 0:
        axes[:, 2] *= -1
    return np.asarray(centred @ axes)
