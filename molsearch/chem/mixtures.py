"""Structures of several molecules, of which the parent is one alone."""

from __future__ import annotations

from rdkit import Chem, rdBase

from molsearch.chem.parse import RejectedError
from molsearch.chem.standardize import is_organic, largest_organic_fragment

_SIZE = 0.5  # of the parent's heavy atoms: what has fewer is a counter-ion or a solvate


def left_out(smiles: str) -> str:
    """Another molecule of a mixture, whose size does not make it a counter-ion; empty for none.

    Examples
    --------
    >>> left_out("CCCO.CCN")
    'CCN'
    >>> left_out("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]")
    ''
    """
    if "." not in smiles:
        return ""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        return ""
    try:
        chosen = largest_organic_fragment(mol)
    except RejectedError:
        return ""
    least = _SIZE * chosen.GetNumHeavyAtoms()
    named = {
        Chem.MolToSmiles(one): one.GetNumHeavyAtoms()
        for one in Chem.GetMolFrags(mol, asMols=True)
        if is_organic(one) and one.GetNumHeavyAtoms() >= least
    }
    named.pop(Chem.MolToSmiles(chosen), None)
    return min(named, key=lambda name: (-named[name], name), default="")
