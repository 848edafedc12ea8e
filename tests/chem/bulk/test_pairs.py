"""Distances in the bits of words against RDKit's matrix."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from rdkit import Chem

from molsearch.chem.bulk.graphs import joined, seen
from molsearch.chem.bulk.hashing import hashed
from molsearch.chem.bulk.pairs import pairs

SMILES = ["CCCCCCCCCCCCCCCC", "c1ccc2ccccc2c1CCN", "C1CC1C1CC1", "CC(C)(C)C"]


@pytest.mark.parametrize("furthest", [1, 2, 7, 12])
def test_pairs_are_those_of_the_distance_matrix(furthest: int) -> None:
    mols = [Chem.MolFromSmiles(smiles) for smiles in SMILES]
    graphs = joined([seen(mol) for mol in mols])
    codes = np.arange(len(graphs.molecule), dtype=np.uint32)  # every atom its own kind
    molecule, hashes = pairs(graphs, codes, furthest)
    due: Counter[tuple[int, int]] = Counter()
    for number, mol in enumerate(mols):
        distance = Chem.GetDistanceMatrix(mol)
        start = int(graphs.start[number])
        for i in range(mol.GetNumAtoms()):
            for j in range(i + 1, mol.GetNumAtoms()):
                if distance[i, j] <= furthest:
                    row = [start + i, int(distance[i, j]), start + j]
                    key = hashed(*(np.array([value], np.uint32) for value in row))
                    due[number, int(key[0])] += 1
    assert Counter(zip(molecule.tolist(), hashes.tolist(), strict=True)) == due
