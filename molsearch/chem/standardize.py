"""The parent of a molecule: its largest organic fragment, disconnected, normalised, neutralised.

Stereo and isotopes are kept; tautomers stay as drawn. Each step runs only where a look at the
atoms shows that it could change something, because the full clean-up costs more than all other
chemistry short of conformers.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import Descriptors
from rdkit.Chem.MolStandardize import rdMolStandardize

from molsearch.chem.parse import RejectedError
from molsearch.chem.reasons import chemistry_problem
from molsearch.chem.stereo import ordered_smiles
from molsearch.words import counted

STAGE = "standardize"

_NON_METALS = (1, 2, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 32, 33, 34, 35, 36, 51, 52, 53, 54)
# One look for atoms that anything but the choice of a fragment could concern. Three-connected
# sulfur is among them because S=O and S+-O- must become one form.
_UNUSUAL = f"[!+0,#0,$([#16X3]),!#{'!#'.join(map(str, _NON_METALS))}]"
_BOUND_METAL = f"[!#0!#{'!#'.join(map(str, _NON_METALS))};!D0]"
_DUMMY = "[#0]"
_CHARGED = "[!+0]"
_CARBON = "[#6]"
# Carbon alone does not make a counter-ion organic: carbonates, carbon oxides, cyanides, ….
_INORGANIC_CARBON = frozenset(
    Chem.CanonSmiles(smiles)
    for smiles in (
        *("OC(=O)O", "OC(=O)[O-]", "[O-]C(=O)[O-]", "O=C=O", "[C-]#[O+]", "C#N", "[C-]#N"),
        *("N=C=O", "[N-]=C=O", "N#C[O-]", "N#CO", "N#C[S-]", "N=C=S", "[N-]=C=S", "N#CS", "S=C=S"),
    )
)


@cache
def _pattern(smarts: str) -> Any:
    return Chem.MolFromSmarts(smarts)


@cache
def _disconnector() -> Any:
    return rdMolStandardize.MetalDisconnector()


@cache
def _normalizer() -> Any:
    return rdMolStandardize.Normalizer()


@cache
def _uncharger() -> Any:
    return rdMolStandardize.Uncharger()


def parent_of(mol: Chem.Mol, max_heavy_atoms: int) -> Chem.Mol:
    """Standardise a parsed molecule into its parent.

    Raises
    ------
    RejectedError
        With stage ``"standardize"``: dummy atoms, nothing organic, or too large.
    """
    if mol.HasSubstructMatch(_pattern(_DUMMY)):
        raise RejectedError(STAGE, "dummy atom (R-group, attachment point or atom list)")
    metals = _bound_metals(mol)
    if metals:
        mol = _disconnector().Disconnect(mol)
    mol = largest_organic_fragment(mol)
    heavy = mol.GetNumHeavyAtoms()
    if heavy > max_heavy_atoms:
        raise RejectedError(
            STAGE, f"too large: {counted(heavy, 'heavy atom')}, limit {max_heavy_atoms}"
        )
    mol = neutral(mol) if mol.HasSubstructMatch(_pattern(_UNUSUAL)) else mol
    if metals and Chem.MolFromSmiles(smiles := Chem.MolToSmiles(mol)) is None:
        raise RejectedError(
            STAGE,
            f"a ring bound to {metals} is no molecule without it ({smiles[:120]}): "
            "give the ligand by itself, or leave the complex out",
        )
    return mol


def _bound_metals(mol: Chem.Mol) -> str:
    """Symbols of the metals that are bound to something, as one text; empty for none."""
    found = mol.GetSubstructMatches(_pattern(_BOUND_METAL))
    return ", ".join(sorted({mol.GetAtomWithIdx(atom).GetSymbol() for (atom,) in found}))


def _unreadable(smiles: str) -> str:
    raw = Chem.MolFromSmiles(smiles, sanitize=False)
    problem = chemistry_problem(raw) if raw is not None else ""
    return (
        f"without its charges and counter-ions it is no molecule ({smiles[:120]}"
        f"{': ' if problem else ''}{problem}): draw it neutral, or leave it out"
    )


def neutral(mol: Chem.Mol) -> Chem.Mol:
    """Normalise functional groups and remove charges that protons can balance.

    Quaternary nitrogen, nitro groups, N-oxides, ylides and the like keep their charges.
    """
    # In place, because the copying variant reorders atoms and so loses their coordinates.
    mol = Chem.Mol(mol)
    _normalizer().normalizeInPlace(mol)
    if mol.HasSubstructMatch(_pattern(_CHARGED)):
        mol = _uncharger().uncharge(mol)
    return mol


def canonical_parent(
    parent: Chem.Mol,
) -> tuple[str, Chem.Mol, npt.NDArray[np.float64] | None]:
    """Canonical SMILES of a parent, the molecule it reads as, and the input's coordinates.

    Returns
    -------
    smiles
        Canonical SMILES with stereo and isotopes; CXSMILES where the stereo needs it, see
        `molsearch.chem.stereo`.
    mol
        ``Chem.MolFromSmiles(smiles)``: its atom order is the order of all coordinates.
    positions
        float64 ``[n_atoms, 3]`` in Å, the conformer that `parent` carries in the atom order of
        `mol`; ``None`` where it carries none.
    """
    smiles, order = ordered_smiles(parent)
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise RejectedError(STAGE, _unreadable(smiles))
    if not parent.GetNumConformers() or len(order) != mol.GetNumAtoms():
        return smiles, mol, None
    return smiles, mol, parent.GetConformer().GetPositions()[order]


def largest_organic_fragment(mol: Chem.Mol) -> Chem.Mol:
    """Pick the organic fragment with most heavy atoms.

    Ties go to the heavier fragment, then to the first in order of canonical SMILES, so that the
    order in the file does not matter.
    """
    fragments = [mol]
    if len(Chem.GetMolFrags(mol)) > 1:
        fragments = list(Chem.GetMolFrags(mol, asMols=True))
    organic = [fragment for fragment in fragments if is_organic(fragment)]
    if not organic:
        raise RejectedError(STAGE, "no organic fragment")
    most = max(fragment.GetNumHeavyAtoms() for fragment in organic)
    best = [fragment for fragment in organic if fragment.GetNumHeavyAtoms() == most]
    if len(best) == 1:
        return best[0]
    return min(best, key=lambda one: (-Descriptors.MolWt(one), Chem.MolToSmiles(one)))


def is_organic(fragment: Chem.Mol) -> bool:
    """Whether a fragment holds carbon, and is no carbonate, cyanide or the like."""
    if not fragment.HasSubstructMatch(_pattern(_CARBON)):
        return False
    if fragment.GetNumHeavyAtoms() > 4:
        return True
    return Chem.MolToSmiles(fragment) not in _INORGANIC_CARBON
