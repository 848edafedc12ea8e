"""Structures as PNG, for files that hold no SVG."""

from __future__ import annotations

from rdkit import Chem, rdBase
from rdkit.Chem.Draw import rdMolDraw2D

from molsearch.errors import InputError


def png(smiles: str, size: tuple[int, int]) -> bytes:
    """Draw a molecule on white.

    Parameters
    ----------
    size
        Width and height in pixels.

    Raises
    ------
    InputError
        The SMILES cannot be read.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise InputError(f"cannot draw {smiles[:80]!r}: not a SMILES; check the structure")
    drawer = rdMolDraw2D.MolDraw2DCairo(*size)
    options = drawer.drawOptions()
    options.padding = 0.06
    options.fixedBondLength = 24 * size[0] / 260
    options.scaleBondWidth = False
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol)
    drawer.FinishDrawing()
    return bytes(drawer.GetDrawingText())
