"""Records that hold less than the molecule they mean: abbreviations, polymers, attachment points.

RDKit reads them without a word, as the atoms that happen to be there.
"""

from __future__ import annotations

import re

from rdkit import Chem

from molsearch.schema import Record

# What a text holds that may say so; looking at every atom is not free.
_HINTS = re.compile(r"^A  |^M  APO|ATTCHPT=|^M  STY|BEGIN SGROUP|LINKNODE", re.MULTILINE)
_CX_HINTS = re.compile(r"\|.*(?:Sg:|LN:|_AP\d)")
_POLYMERS = frozenset(("SRU", "MON", "MER", "COP", "CRO", "MOD", "GRA", "ANY"))
_LABEL = re.compile(r"[\d\s'*.()-]*")
_MEND = "expand it in the drawing program and export the file again"


def why_incomplete(record: Record, mol: Chem.Mol) -> str:
    """Say what `mol`, as read from `record` with its hydrogens, leaves out; empty for nothing."""
    hints = _HINTS.search(record.molblock) if record.molblock else _CX_HINTS.search(record.smiles)
    if hints is None:
        return ""
    for group in Chem.GetMolSubstanceGroups(mol):
        kind = group.GetProp("TYPE")
        if kind in _POLYMERS:
            return f"polymer ({kind}): how often its unit repeats is open; draw one molecule"
    if mol.HasProp("_molLinkNodes"):
        return "link node: how often an atom repeats is open; draw one molecule"
    for atom in mol.GetAtoms():
        if reason := _of_atom(atom):
            return reason
    return ""


def _of_atom(atom: Chem.Atom) -> str:
    place = f"atom {atom.GetIdx() + 1}"
    if atom.HasProp("molAttchpt"):
        return f"attachment point at {place}: a fragment, not a molecule"
    alias = atom.GetProp("molFileAlias").strip() if atom.HasProp("molFileAlias") else ""
    if alias and atom.GetAtomicNum() and not _is_itself(alias, atom):
        return (
            f"abbreviation {alias[:40]!r} at {place} stands for atoms that are not there; {_MEND}"
        )
    return ""


def _is_itself(alias: str, atom: Chem.Atom) -> bool:
    """Whether an alias says no more than the atom: its symbol, with its hydrogens, or a number."""
    if _LABEL.fullmatch(alias):
        return True
    symbol, hydrogens = atom.GetSymbol(), atom.GetTotalNumHs(includeNeighbors=True)
    bound = "" if hydrogens == 0 else "H" if hydrogens == 1 else f"H{hydrogens}"
    charge = atom.GetFormalCharge()
    sign = "" if charge == 0 else "+" if charge > 0 else "-"
    sign = f"{abs(charge)}{sign}" if abs(charge) > 1 else sign
    names = {symbol, f"{symbol}{bound}", f"{bound}{symbol}"}
    if (symbol, hydrogens) == ("C", 3):
        names.add("Me")
    return alias.replace(" ", "") in {f"{name}{end}" for name in names for end in {"", sign}}
