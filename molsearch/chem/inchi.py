"""InChI as a way to name a query."""

from __future__ import annotations

from rdkit import Chem, rdBase

from molsearch.errors import InputError

PREFIX = "InChI="


def smiles_of_inchi(inchi: str) -> str:
    """SMILES of an InChI.

    Raises
    ------
    InputError
        The InChI cannot be read.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromInchi(inchi)
    if mol is None or mol.GetNumAtoms() == 0:
        raise InputError(f"{inchi[:80]!r} is not a readable InChI; check that it is whole")
    return str(Chem.MolToSmiles(mol))
