"""The fast lane's molecules: read one by one, their substructures counted many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rdkit import Chem

from molsearch.chem.bulk.bags import Substructures, Usual, substructures
from molsearch.chem.bulk.graphs import fits
from molsearch.chem.counters import Buckets
from molsearch.chem.plain import read_plain

Counting = Callable[[Sequence[Usual], Buckets | None], Substructures]


def counting(compiled: bool) -> Counting:
    """Choose between arrays and compiled loops; the numbers are the same."""
    if not compiled:
        return substructures
    # Numba takes a third of a second to start: only where many molecules will need it.
    from molsearch.chem.kernels.bags import substructures as by_loops

    return by_loops


def read_usual(smiles: str, max_heavy_atoms: int, compiled: bool) -> tuple[Chem.Mol, Usual] | None:
    """Read a plain SMILES as what `counting` counts; None for one that cannot go with others.

    Parameters
    ----------
    smiles, max_heavy_atoms
        As of `molsearch.chem.plain.read_plain`.
    compiled
        Whether compiled loops will count.
    """
    mol = read_plain(smiles, max_heavy_atoms, barely=True)
    if mol is None or not fits(mol):
        return None
    asked = Usual.briefly if compiled else Usual.of
    return mol, asked(mol, smiles)
