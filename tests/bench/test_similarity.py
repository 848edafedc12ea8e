from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, DataStructs
from rdkit.Chem import MACCSkeys, rdFingerprintGenerator

from molsearch.bench.molecules import Molecules
from molsearch.bench.similarity import Neighbourhood
from molsearch.chem.fingerprints import tanimoto_matrix

SMILES = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
    "CC(C)Cc1ccc(C(C)C(=O)O)cc1",
    "c1ccccc1",
    "CCO",
    "CN1CCC[C@H]1c1cccnc1",
]


def bits(packed):
    return {int(i) for i in np.flatnonzero(np.unpackbits(packed))}


def naive(a, b):
    a, b = bits(a), bits(b)
    return len(a & b) / len(a | b) if a | b else 0.0


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 30), st.integers(0, 2**31), st.sampled_from([3, 8, 21]))
def test_matrix_and_nearest_equal_sets(n, q, seed, width):
    rng = np.random.default_rng(seed)
    density = rng.random((n, 1))
    library = np.packbits(rng.random((n, width * 8)) < density, axis=1)
    queries = np.packbits(rng.random((q, width * 8)) < 0.4, axis=1).reshape(q, width)
    found = tanimoto_matrix(queries, library)
    expected = np.array([[naive(a, b) for b in library] for a in queries]).reshape(q, n)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    nearest = Neighbourhood.of(library).nearest(queries)
    np.testing.assert_allclose(nearest, expected.max(axis=1, initial=0.0), atol=1e-6)


def test_nearest_of_many():
    rng = np.random.default_rng(0)
    library = np.packbits(rng.random((9000, 512)) < rng.random((9000, 1)), axis=1)
    queries = library[rng.choice(9000, 20)] ^ np.packbits(rng.random((20, 512)) < 0.03, axis=1)
    expected = tanimoto_matrix(queries, library).max(axis=1)
    np.testing.assert_allclose(Neighbourhood.of(library).nearest(queries), expected, atol=1e-6)
    assert Neighbourhood.of(library[:0]).nearest(queries).tolist() == [0.0] * 20


def test_features_equal_rdkit():
    molecules = Molecules([*SMILES, "not a molecule", ""])
    molecules.need(["ecfp4", "rdkit", "maccs", "skeleton", "heavy_atoms"])
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(s)) for s in SMILES]
    found = tanimoto_matrix(molecules["ecfp4"], molecules["ecfp4"])
    for row, fingerprint in enumerate(prints):
        expected = DataStructs.BulkTanimotoSimilarity(fingerprint, prints)
        np.testing.assert_allclose(found[row, : len(SMILES)], expected, atol=1e-6)
    keys = [MACCSkeys.GenMACCSKeys(Chem.MolFromSmiles(s)) for s in SMILES]
    maccs = tanimoto_matrix(molecules["maccs"], molecules["maccs"])
    assert maccs[0, 2] == pytest.approx(DataStructs.TanimotoSimilarity(keys[0], keys[2]))
    assert molecules.readable.tolist() == [True] * len(SMILES) + [False, False]
    assert molecules["skeleton"][0] == "BSYNRYMUTXBXSQ"
    assert molecules["skeleton"][-1] == ""
    assert np.isnan(molecules["heavy_atoms"][-1])
    assert molecules["properties"].shape == (8, 8)
    assert len(Molecules([])["ecfp4"]) == 0
