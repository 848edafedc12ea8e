"""A prepared molecule as a mol block: with its stored geometry, or a drawing where it has none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import AllChem
from rdkit.Geometry import Point3D

from molsearch.errors import InputError
from molsearch.sdtags import title_line
from molsearch.words import counted

_UNITS = 1000.0  # stored coordinates are thousandths of an Angstrom


def mol_block(parent_smiles: str, coords: NDArray[np.int16] | None, title: str) -> str:
    """Write a parent as a mol block.

    Parameters
    ----------
    coords
        int16 ``[n_atoms, 3]`` in thousandths of an Angstrom, in the atom order of the SMILES;
        None gives the flat coordinates of a drawing, which the block declares as 2D.
    title
        First line of the block, verbatim but for line ends; see `molsearch.sdtags`.

    Raises
    ------
    InputError
        The SMILES cannot be read, or does not fit the coordinates.
    """
    mol = Chem.MolFromSmiles(parent_smiles)
    if mol is None:
        raise InputError(f"cannot read the parent {parent_smiles[:80]!r}")
    if coords is None:
        AllChem.Compute2DCoords(mol)
    else:
        mol.AddConformer(_conformer(mol, coords))
    mol.ClearProp("_Name")
    return title_line(title) + str(Chem.MolToMolBlock(mol))


def _conformer(mol: Chem.Mol, coords: NDArray[np.int16]) -> Chem.Conformer:
    if len(coords) != mol.GetNumAtoms():
        raise InputError(f"{len(coords)} coordinates for {counted(mol.GetNumAtoms(), 'atom')}")
    conformer = Chem.Conformer(len(coords))
    conformer.Set3D(True)
    for atom, (x, y, z) in enumerate(coords.astype(np.float64) / _UNITS):
        conformer.SetAtomPosition(atom, Point3D(x, y, z))
    return conformer
