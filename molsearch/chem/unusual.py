"""What makes a molecule unlike nearly all that encoders are trained on."""

from __future__ import annotations

from rdkit import Chem

from molsearch.words import counted

# Of 15,000 molecules of the training set 1.7 % have so large a ring, 2.4 % more atoms than that.
RING = 12
HEAVY_ATOMS = 60


def unusual(smiles: str) -> str:
    """Say what is unusual of a molecule; empty for most, and for one that cannot be read.

    Examples
    --------
    >>> unusual("C1CCCCCCCCCCCCC1"), unusual("CCO")
    ('a macrocycle (a ring of 14 atoms)', '')
    """
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        return ""
    largest = max(map(len, mol.GetRingInfo().AtomRings()), default=0)
    if largest >= RING:
        return f"a macrocycle (a ring of {counted(largest, 'atom')})"
    n = mol.GetNumHeavyAtoms()
    return f"large ({counted(n, 'heavy atom')})" if n > HEAVY_ATOMS else ""
