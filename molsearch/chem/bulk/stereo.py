"""Marks of stereo on atoms and bonds, as environments with chirality see them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molsearch.chem.bulk.circular import Stereo
from molsearch.chem.bulk.graphs import DOUBLE, Graphs

_CIP = {"R": 3, "S": 2}
# RDKit numbers stereo double bonds from here.
_FIRST = 100 + 10 * DOUBLE
_DOUBLE_ORDER = 2.0


def stereo_of(
    graphs: Graphs, mols: Sequence[Chem.Mol], tagged: NDArray[np.int64], drawn: Sequence[bool]
) -> Stereo:
    """Read the stereo of molecules.

    Parameters
    ----------
    graphs, mols
        The molecules.
    tagged
        int64: atoms that may have a chiral tag.
    drawn
        For each molecule whether double bonds may have stereo.
    """
    atoms = np.zeros(len(graphs.molecule), np.uint32)
    molecule = graphs.molecule[tagged]
    places = zip(tagged.tolist(), molecule.tolist(), graphs.local[tagged].tolist(), strict=True)
    for at, of, local in places:
        atom = mols[of].GetAtomWithIdx(local)
        if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED:
            cip = atom.GetProp("_CIPCode") if atom.HasProp("_CIPCode") else ""
            atoms[at] = _CIP.get(cip, 1)
    kinds = graphs.kinds.copy()
    may = np.asarray(drawn)[graphs.molecule[graphs.begin]]
    local = graphs.local
    for at in np.flatnonzero(may & (graphs.order == _DOUBLE_ORDER)).tolist():
        begin, end = int(graphs.begin[at]), int(graphs.end[at])
        mol = mols[int(graphs.molecule[begin])]
        stereo = mol.GetBondBetweenAtoms(int(local[begin]), int(local[end])).GetStereo()
        if stereo != Chem.BondStereo.STEREONONE:
            kinds[at] = _FIRST + int(stereo)
    return Stereo(atoms, kinds)
