"""Structures as programs hold them: mol blocks and RDKit molecules."""

from __future__ import annotations

from typing import Any

from rdkit import Chem, rdBase

from molsearch.errors import InputError

_END = "M  END"


def is_mol_block(text: str) -> bool:
    """Whether a text is a mol block, V2000 or V3000."""
    return _END in text and "\n" in text


def smiles_of_mol_block(block: str) -> tuple[str, str]:
    """SMILES of a mol block, and its title.

    Raises
    ------
    InputError
        It cannot be read.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock(block)
    title = block.splitlines()[0].strip()
    if mol is None or mol.GetNumAtoms() == 0:
        named = f" {title[:80]!r}" if title else ""
        raise InputError(f"the mol block{named} cannot be read; check that it is whole")
    return str(Chem.MolToSmiles(mol)), title


def smiles_of_mol(mol: Any) -> tuple[str, str]:
    """SMILES of an RDKit molecule, and its name.

    Raises
    ------
    InputError
        It has no atom, or RDKit cannot write it.
    """
    name = mol.GetProp("_Name").strip() if mol.HasProp("_Name") else ""
    try:
        smiles = _written(Chem.RemoveHs(mol)) if mol.GetNumAtoms() else ""
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"the RDKit molecule {name!r} cannot be written as SMILES: {reason}"
        ) from error
    if not smiles:
        raise InputError(f"the RDKit molecule {name!r} has no atoms; give one that has")
    return smiles, name


def _written(mol: Any) -> str:
    """Write SMILES, with the enhanced stereo that a molecule has."""
    if not mol.GetStereoGroups():
        return str(Chem.MolToSmiles(mol))
    fields = Chem.CXSmilesFields.CX_ENHANCEDSTEREO
    return str(Chem.MolToCXSmiles(mol, Chem.SmilesWriteParams(), fields))


def is_rdkit_mol(thing: object) -> bool:
    """Whether something is an RDKit molecule."""
    return isinstance(thing, Chem.Mol)
