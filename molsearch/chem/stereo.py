"""Stereo that plain SMILES cannot hold: AND/OR groups of centres, and hindered single bonds.

Two substances may differ in nothing else (a racemate and one of its enantiomers, the two forms of a
hindered biaryl), so a molecule that has such stereo is written as CXSMILES: its canonical SMILES, a
space and the extension, ``CC[C@H](C)O |o1:2|``. Every other molecule is plain SMILES, as ever.
"""

from __future__ import annotations

from rdkit import Chem

from molsearch.chem.atropisomers import (
    atropisomer_bonds,
    cx_smiles,
    numbered,
    relative_groups,
    spelled,
)

_MOST_GROUPS = 12  # making groups canonical takes 2^n steps


def is_enhanced(mol: Chem.Mol) -> bool:
    """Whether a molecule has stereo that its plain SMILES would lose."""
    return bool(mol.GetStereoGroups()) or bool(atropisomer_bonds(mol))


def n_relative(mol: Chem.Mol) -> int:
    """Count the centres and bonds whose configuration is drawn and yet left open (AND, OR)."""
    return sum(len(group.GetAtoms()) + len(group.GetBonds()) for group in relative_groups(mol))


def stereo_smiles(mol: Chem.Mol) -> str:
    """Canonical SMILES, with a CXSMILES extension where the stereo of `mol` needs one.

    Equal for any order of the atoms, for the enantiomers within an AND or OR group, and for any
    numbering of the groups. A group "absolute" beside no other, and one of all centres of a meso
    form, say nothing and are left out.

    Examples
    --------
    >>> [stereo_smiles(Chem.MolFromSmiles(f"C[C@{x}H](O)CC |&7:1|")) for x in ("", "@")]
    ['CC[C@H](C)O |&1:2|', 'CC[C@H](C)O |&1:2|']
    """
    return ordered_smiles(mol)[0]


def ordered_smiles(mol: Chem.Mol) -> tuple[str, list[int]]:
    """`stereo_smiles` of a molecule, and the atoms of `mol` in the order of the text."""
    if not is_enhanced(mol):
        smiles = str(Chem.MolToSmiles(mol))
        return smiles, list(mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
    if atropisomer_bonds(mol):
        return spelled(mol)
    mol = numbered(mol)
    few = len(relative_groups(mol)) <= _MOST_GROUPS
    return cx_smiles(Chem.CanonicalizeStereoGroups(mol) if few else mol)


def extension(smiles: str) -> str:
    """CXSMILES extension of a parent's SMILES; empty for a plain one.

    Examples
    --------
    >>> extension("CC[C@H](C)O |o1:2|")
    '|o1:2|'
    """
    return smiles.partition(" ")[2]


def parent_key(inchikey: str, parent_smiles: str) -> str:
    """Identity of a parent: its InChIKey and the stereo that InChI does not know.

    A parent that InChI cannot name is known by its SMILES.
    """
    if not inchikey:
        return parent_smiles
    more = extension(parent_smiles)
    return f"{inchikey} {more}" if more else inchikey
