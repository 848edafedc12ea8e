"""Is a geometry real? Stereo as the structure says, depth, finite coordinates, sane distances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molsearch.chem.atropisomers import keeps_atropisomers

_SAME_SIDE = (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
_OTHER_SIDE = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS)
# Å of z that a drawing lacks; a planar molecule in z = 0 passes for one: an embedding, no more.
_NO_DEPTH = 1e-6
_FLAT = 0.05  # Å of depth that a tilted drawing does not have
_BOND_RANGE = (0.6, 3.5)  # Å between bonded atoms
_CLASH = 0.4  # Å that any two atoms keep

Positions = npt.NDArray[np.float64]


def keeps_stereo(mol: Chem.Mol, conformer_id: int = -1) -> bool:
    """Whether a conformer shows every centre, double bond and hindered bond as specified."""
    return (
        _keeps_centres(mol, conformer_id)
        and _keeps_double_bonds(mol, conformer_id)
        and keeps_atropisomers(mol, conformer_id)
    )


def _keeps_centres(mol: Chem.Mol, conformer_id: int) -> bool:
    unspecified = Chem.ChiralType.CHI_UNSPECIFIED
    wanted = {
        atom.GetIdx(): atom.GetChiralTag()
        for atom in mol.GetAtoms()
        if atom.GetChiralTag() != unspecified
    }
    if not wanted:
        return True
    seen = Chem.Mol(mol)
    Chem.AssignAtomChiralTagsFromStructure(seen, conformer_id, replaceExistingTags=True)
    return all(seen.GetAtomWithIdx(index).GetChiralTag() == tag for index, tag in wanted.items())


def _keeps_double_bonds(mol: Chem.Mol, conformer_id: int) -> bool:
    conformer = mol.GetConformer(conformer_id)
    for bond in mol.GetBonds():
        stereo = bond.GetStereo()
        if stereo not in _SAME_SIDE and stereo not in _OTHER_SIDE:
            continue
        first, last = bond.GetStereoAtoms()
        torsion = rdMolTransforms.GetDihedralDeg(
            conformer, first, bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), last
        )
        if (abs(torsion) < 90.0) != (stereo in _SAME_SIDE):
            return False
    return True


def why_not_3d(mol: Chem.Mol, positions: Positions, *, all_atoms: Positions | None = None) -> str:
    """Say why given coordinates are no 3D geometry of `mol`; empty where they are.

    Parameters
    ----------
    mol
        The parent.
    positions
        float64 ``[n_atoms, 3]`` in Å, in the atom order of `mol`.
    all_atoms
        Those of the input with its hydrogens, in any order: they tell a small molecule whose
        other atoms happen to lie in the plane z = 0 from a drawing.
    """
    if not np.isfinite(positions).all():
        return "coordinates are not finite"
    if mol.GetNumAtoms() > 1 and np.ptp(positions, axis=0).max() < _CLASH:
        return "coordinates are all alike"
    given = positions if all_atoms is None else all_atoms
    if np.ptp(given[:, 2]) < _NO_DEPTH or _is_tilted_drawing(mol, positions):
        return "coordinates are flat"
    if not _has_sane_distances(mol, positions):
        return "distances are not a molecule's"
    model = Chem.Mol(mol)
    conformer = Chem.Conformer(len(positions))
    conformer.SetPositions(np.ascontiguousarray(positions))
    model.AddConformer(conformer, assignId=True)
    return "" if keeps_stereo(model) else "stereo differs from the parent's"


def _is_tilted_drawing(mol: Chem.Mol, positions: Positions) -> bool:
    """Whether coordinates lie in a plane although the molecule cannot."""
    if len(positions) < 4:
        return False
    centred = positions - positions.mean(axis=0)
    depth = np.linalg.svd(centred, compute_uv=False)[-1] / np.sqrt(len(positions))
    return bool(depth < _FLAT and _must_have_depth(mol))


def _must_have_depth(mol: Chem.Mol) -> bool:
    """Whether some sp3 carbon has three heavy neighbours, which no plane can hold."""
    sp3 = Chem.HybridizationType.SP3
    return any(
        atom.GetHybridization() == sp3 and atom.GetAtomicNum() == 6 and atom.GetDegree() >= 3
        for atom in mol.GetAtoms()
    )


def _has_sane_distances(mol: Chem.Mol, positions: Positions) -> bool:
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    bonded = [distances[bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()] for bond in mol.GetBonds()]
    if bonded and not (_BOND_RANGE[0] < min(bonded) and max(bonded) < _BOND_RANGE[1]):
        return False
    np.fill_diagonal(distances, np.inf)
    return bool(distances.min() > _CLASH)
