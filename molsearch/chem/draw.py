"""Structures as SVG: no background, carbon in the colour of the text around it.

Drawings stand on light and dark pages alike, because carbon takes ``currentColor`` and the
hetero-atom colours are of middle brightness. Drawings of hits turn to the query's orientation.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache

from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from molsearch.chem.orient import Frame
from molsearch.errors import InputError

# Of middle brightness: these stand on light and dark pages alike.
PALETTE = {
    7: "#3f7fe8", 8: "#e5484d", 9: "#2f9e62", 15: "#d9822b", 16: "#b58105", 17: "#2f9e62",
    35: "#b4552d", 53: "#8e4ec6",
}  # fmt: skip
_CARBON = "#010203"  # stands for currentColor while RDKit draws; no other element has it
_HIGHLIGHT = (0.95, 0.69, 0.2, 0.45)

_LINE_WIDTH = 1.4
_PLAIN_LINE = rf"style='fill:none;fill-rule:evenodd;stroke:(#\w+);stroke-width:{_LINE_WIDTH}px;'"


@lru_cache(maxsize=4096)
def svg(
    smiles: str,
    size: tuple[int, int] = (260, 180),
    *,
    align_to: str | None = None,
    highlight: str | None = None,
) -> str:
    """Draw a molecule.

    Parameters
    ----------
    smiles
        The molecule.
    size
        Width and height in pixels; the drawing scales with its ``viewBox``.
    align_to
        SMILES of a molecule (the query) whose orientation the drawing takes where the two share
        a scaffold or a ring system.
    highlight
        SMARTS whose matches are tinted.

    Returns
    -------
    str
        One ``<svg>`` element, without XML declaration, ids or classes: safe to inline many times.

    Raises
    ------
    InputError
        Where `smiles` or `align_to` cannot be read, or `highlight` is no SMARTS.

    Examples
    --------
    >>> svg("c1ccccc1O").startswith("<svg")
    True
    """
    mol = laid_out(smiles)
    if align_to is not None:
        align(mol, align_to)
    drawer = drawer_of(size)
    drawer.drawOptions().setHighlightColour(_HIGHLIGHT)
    tinted = _matching_atoms(mol, highlight) if highlight else set()
    rdMolDraw2D.PrepareAndDrawMolecule(
        drawer,
        mol,
        highlightAtoms=sorted(tinted),
        highlightBonds=[
            bond.GetIdx()
            for bond in mol.GetBonds()
            if {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()} <= tinted
        ],
    )
    return finished(drawer, size)


def drawer_of(size: tuple[int, int], *, coloured: bool = True) -> rdMolDraw2D.MolDraw2DSVG:
    """Take a canvas of so many pixels, with the lines and colours of all drawings.

    Parameters
    ----------
    coloured
        Whether hetero-atoms have colours of their own, rather than that of carbon.
    """
    drawer = rdMolDraw2D.MolDraw2DSVG(*size)
    options = drawer.drawOptions()
    options.clearBackground = False
    options.padding = 0.06
    options.fixedBondLength = 24
    options.bondLineWidth = _LINE_WIDTH
    options.scaleBondWidth = False
    options.minFontSize = 9
    options.additionalAtomLabelPadding = 0.06
    palette = PALETTE if coloured else {}
    options.setAtomPalette({-1: _rgb(_CARBON), **{z: _rgb(c) for z, c in palette.items()}})
    return drawer


def laid_out(smiles: str) -> Chem.Mol:
    """Return a fresh copy of a molecule with 2D coordinates, as it is always drawn.

    Raises
    ------
    InputError
        Where the SMILES cannot be read.
    """
    return Chem.Mol(_template(smiles))


def align(mol: Chem.Mol, query: str) -> None:
    """Turn a molecule that is laid out as the query lies, where they share a ring system."""
    _frame(query).align(mol)


def finished(drawer: rdMolDraw2D.MolDraw2DSVG, size: tuple[int, int]) -> str:
    """Take the drawing off a canvas as one ``<svg>`` element."""
    drawer.FinishDrawing()
    return _tidy(drawer.GetDrawingText(), size)


def n_atoms(smiles: str) -> int:
    """Count the atoms of a structure, which is quick where a drawing of it may not be.

    Raises
    ------
    InputError
        Where `smiles` cannot be read.
    """
    return int(_parse(smiles).GetNumAtoms())


def data_url(drawing: str, *, light: str = "#1c2430", dark: str = "#e8ecf2") -> str:
    """Turn a drawing into a ``data:`` URL for ``<img>``, where ``currentColor`` has no text around.

    Carbon takes the colour `light` or `dark` by the viewer's colour scheme.
    """
    dark_rule = f"@media(prefers-color-scheme:dark){{svg{{color:{dark}}}}}"
    style = f"<style>svg{{color:{light}}}{dark_rule}</style>"
    head, body = drawing.split(">", 1)
    return (
        "data:image/svg+xml;base64," + base64.b64encode(f"{head}>{style}{body}".encode()).decode()
    )


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _parse(smiles: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    if mol is None or mol.GetNumAtoms() == 0:
        raise InputError(f"cannot draw {smiles[:80]!r}: not a SMILES; check the structure")
    return mol


@lru_cache(maxsize=64)
def _template(smiles: str) -> Chem.Mol:
    mol = _parse(smiles)
    rdDepictor.Compute2DCoords(mol, canonOrient=True)
    rdDepictor.StraightenDepiction(mol)
    return mol


@lru_cache(maxsize=64)
def _frame(smiles: str) -> Frame:
    return Frame(laid_out(smiles))


def _matching_atoms(mol: Chem.Mol, smarts: str) -> set[int]:
    pattern = Chem.MolFromSmarts(smarts)
    if pattern is None:
        raise InputError(f"cannot highlight {smarts[:80]!r}: not a SMARTS; check the pattern")
    return {atom for match in mol.GetSubstructMatches(pattern) for atom in match}


def _tidy(text: str, size: tuple[int, int]) -> str:
    """Strip what a page does not need, and hand carbon's colour to the page."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\s(?:class|id|xml:space|baseProfile|version)='[^']*'", "", text)
    text = re.sub(r"\sxmlns:\w+='[^']*'", "", text)
    text = re.sub(r"stroke-linecap:butt;|stroke-opacity:1;?|stroke-linejoin:miter;", "", text)
    text = re.sub(_PLAIN_LINE, r"stroke='\1'", text)
    text = re.sub(_CARBON, "currentColor", text, flags=re.IGNORECASE)
    text = re.sub(r">\s+<", "><", text).strip()
    width, height = size
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'"
    head += f" width='{width}' height='{height}' fill='none' stroke-width='{_LINE_WIDTH}'"
    return f"{head} role='img'>{text.split('>', 1)[1]}"
