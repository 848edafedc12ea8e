"""From the text of a record to a molecule, with a reason a chemist can act on where it fails."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem

from molsearch.chem.inchi import PREFIX as INCHI
from molsearch.chem.incomplete import why_incomplete
from molsearch.chem.reasons import explain
from molsearch.schema import Record


class RejectedError(ValueError):
    """A record that cannot become a parent: `stage` and reason of its failure row."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(reason)
        self.stage = stage


@cache
def _smiles_parameters() -> Any:
    parameters = Chem.SmilesParserParams()
    # A malformed CXSMILES tail says nothing against the structure in front of it.
    parameters.strictCXSMILES = False
    return parameters


@cache
def _plain_hydrogen() -> Any:
    return Chem.MolFromSmarts("[0#1]")


@cache
def _hydrogen_parameters() -> Any:
    parameters = Chem.RemoveHsParameters()
    # The E/Z mark of an N-H imine or amidine swaps in solution; files disagree about it.
    parameters.removeDefiningBondStereo = True
    parameters.removeHydrides = True
    return parameters


def parse(record: Record) -> Chem.Mol:
    """Read the structure of a record: sanitised, hydrogens implicit, isotopes kept.

    Mol blocks keep their coordinates as the molecule's only conformer.

    Raises
    ------
    RejectedError
        With stage ``"parse"``: syntax, valence, aromaticity, no atoms at all, a search pattern, or
        less than a molecule (an abbreviation, a polymer, an attachment point).
    """
    if not record.molblock and not record.smiles.strip():
        raise RejectedError("parse", "empty SMILES")
    mol = _read(record)
    if mol is None:
        raise RejectedError("parse", explain(record))
    if mol.GetNumAtoms() == 0:
        raise RejectedError("parse", "no atoms")
    # SMILES have no query features but the wildcard bond; looking at every atom is not free.
    if (record.molblock or "~" in record.smiles) and _is_pattern(mol):
        raise RejectedError("parse", "query atoms or bonds: a search pattern, not a molecule")
    if reason := why_incomplete(record, mol):
        raise RejectedError("parse", reason)
    if mol.HasSubstructMatch(_plain_hydrogen()):
        mol = Chem.RemoveHs(mol, _hydrogen_parameters())
    return mol


def all_positions(record: Record) -> npt.NDArray[np.float64]:
    """Coordinates ``[n, 3]`` of every atom of a mol block, hydrogens included, in Å."""
    mol = Chem.MolFromMolBlock(record.molblock, sanitize=False, removeHs=False)
    return mol.GetConformer().GetPositions()


def _is_pattern(mol: Chem.Mol) -> bool:
    # R-groups and atom lists have no element; the standardiser refuses them as dummy atoms.
    atoms = any(atom.HasQuery() and atom.GetAtomicNum() for atom in mol.GetAtoms())
    return atoms or any(bond.HasQuery() for bond in mol.GetBonds())


def _read(record: Record) -> Chem.Mol | None:
    if record.molblock:
        try:
            return Chem.MolFromMolBlock(record.molblock)
        except (ValueError, RuntimeError):  # a number out of range; `explain` finds it
            return None
    if record.smiles.startswith(INCHI):
        return Chem.MolFromInchi(record.smiles)
    return Chem.MolFromSmiles(record.smiles, _smiles_parameters())
