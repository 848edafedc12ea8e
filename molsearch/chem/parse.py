"""From the text of a record to a molecule, with a reason a chemist can act on where it fails."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any

from rdkit import Chem

from molsearch.schema import Record

_BRACKET = re.compile(r"\[[^\[\]]*\]")
_RING = re.compile(r"%\d\d|\d")


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
        With stage ``"parse"``: syntax, valence, aromaticity, no atoms at all, or a search pattern.
    """
    if not record.molblock and not record.smiles.strip():
        raise RejectedError("parse", "empty SMILES")
    mol = _read(record)
    if mol is None:
        raise RejectedError("parse", _explain(record))
    if mol.GetNumAtoms() == 0:
        raise RejectedError("parse", "no atoms")
    # SMILES have no query features but the wildcard bond; looking at every atom is not free.
    if (record.molblock or "~" in record.smiles) and _is_pattern(mol):
        raise RejectedError("parse", "query atoms or bonds: a search pattern, not a molecule")
    if mol.HasSubstructMatch(_plain_hydrogen()):
        mol = Chem.RemoveHs(mol, _hydrogen_parameters())
    return mol


def _is_pattern(mol: Chem.Mol) -> bool:
    # R-groups and atom lists have no element; the standardiser refuses them as dummy atoms.
    atoms = any(atom.HasQuery() and atom.GetAtomicNum() for atom in mol.GetAtoms())
    return atoms or any(bond.HasQuery() for bond in mol.GetBonds())


def _read(record: Record) -> Chem.Mol | None:
    if record.molblock:
        return Chem.MolFromMolBlock(record.molblock)
    return Chem.MolFromSmiles(record.smiles, _smiles_parameters())


def _explain(record: Record) -> str:
    """Say in one line why RDKit could not read `record`."""
    if record.molblock:
        raw = Chem.MolFromMolBlock(record.molblock, sanitize=False)
        what = "mol block"
    elif ">" in record.smiles:
        return "a reaction, not a molecule"
    else:
        parameters = Chem.SmilesParserParams()
        parameters.sanitize = False
        raw = Chem.MolFromSmiles(record.smiles, parameters)
        what = "SMILES"
    if raw is None:
        return _syntax(record.smiles) if record.smiles else f"not a readable {what}"
    problems = Chem.DetectChemistryProblems(raw)
    return problems[0].Message() if problems else f"not a readable {what}"


def _syntax(smiles: str) -> str:
    """Name the usual slips in a SMILES that cannot be read."""
    bare = _BRACKET.sub("", smiles.split()[0])
    if "[" in bare or "]" in bare:
        return "not a readable SMILES: unbalanced square brackets"
    if bare.count("(") != bare.count(")"):
        return "not a readable SMILES: unbalanced parentheses"
    rings = Counter(_RING.findall(bare))
    if odd := sorted(label for label, count in rings.items() if count % 2):
        return f"not a readable SMILES: ring bond {odd[0]} is never closed"
    return "not a readable SMILES"
