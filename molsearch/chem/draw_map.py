"""Atom maps as SVG: what each atom contributes, as a disc behind it; what two molecules share."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from molsearch.chem.draw import align, drawer_of, finished, laid_out
from molsearch.words import counted

#: Colours of atoms that raise and lower a score; told apart without red and green.
RAISES = "#1f9d55"
LOWERS = "#c0399f"
_SHARED = (0.45, 0.52, 0.62, 0.5)
_SMALLEST_SHARE = 0.04  # of the largest: what is less is not drawn
_SMALLEST_PART = 5  # atoms; a smaller common part turns drawings about for no visible gain


def map_svg(
    smiles: str,
    shares: NDArray[np.float64],
    size: tuple[int, int] = (320, 240),
    *,
    scale: float | None = None,
    shared: Collection[int] = (),
    query: str | None = None,
    pairs: Sequence[tuple[int, int]] = (),
) -> str:
    """Draw a molecule with what its atoms contribute.

    Parameters
    ----------
    smiles, shares
        The molecule, and the contribution of each of its atoms, ``[n_atoms]``.
    size
        Width and height in pixels.
    scale
        Contribution that is drawn in full; the largest of `shares` by default.
    shared
        Atoms whose bonds to each other are underlaid: the part shared with the other molecule.
    query
        SMILES of a molecule as which the drawing shall lie.
    pairs
        Atom of `query` and atom of this molecule that lie alike; by their ring systems where
        there are too few.

    Returns
    -------
    str
        One ``<svg>`` element, as of `molsearch.chem.draw.svg`.

    Raises
    ------
    InputError
        A SMILES cannot be read.
    ValueError
        There is not one contribution an atom.
    """
    mol = laid_out(smiles)
    if mol.GetNumAtoms() != len(shares):
        raise ValueError(f"{len(shares)} contributions for {counted(mol.GetNumAtoms(), 'atom')}")
    if query is not None:
        lie_alike(mol, query, pairs)
    largest = scale if scale is not None else float(np.abs(shares).max(initial=0.0))
    parts = np.clip(shares / largest, -1, 1) if largest > 0 else np.zeros(len(shares))
    drawn = [int(atom) for atom in np.flatnonzero(np.abs(parts) >= _SMALLEST_SHARE)]
    bonds = [
        bond.GetIdx()
        for bond in mol.GetBonds()
        if bond.GetBeginAtomIdx() in shared and bond.GetEndAtomIdx() in shared
    ]
    drawer = drawer_of(size, coloured=False)  # colours tell contributions here
    options = drawer.drawOptions()
    options.fillHighlights = True
    options.standardColoursForHighlightedAtoms = True
    options.atomHighlightsAreCircles = True
    options.highlightBondWidthMultiplier = 14
    rdMolDraw2D.PrepareAndDrawMolecule(
        drawer,
        mol,
        highlightAtoms=drawn,
        highlightAtomColors={atom: _colour(parts[atom]) for atom in drawn},
        highlightAtomRadii={atom: 0.22 + 0.28 * abs(float(parts[atom])) for atom in drawn},
        highlightBonds=bonds,
        highlightBondColors=dict.fromkeys(bonds, _SHARED),
    )
    return finished(drawer, size)


def lie_alike(mol: Chem.Mol, query: str, pairs: Sequence[tuple[int, int]]) -> None:
    """Turn a molecule that is laid out so that what it shares with the query lies as there."""
    if len(pairs) < _SMALLEST_PART:
        align(mol, query)
        return
    rdDepictor.GenerateDepictionMatching2DStructure(mol, laid_out(query), atomMap=list(pairs))


def _colour(part: float) -> tuple[float, ...]:
    text = RAISES if part > 0 else LOWERS
    red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue, 0.3 + 0.5 * abs(float(part))
