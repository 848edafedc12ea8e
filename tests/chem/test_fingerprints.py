from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molsearch.chem.fingerprints import ecfp4, ecfp4_of_smiles, tanimoto
from molsearch.errors import InputError

SMILES = ["CCO", "CCN", "c1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)O", "C[C@H](N)C(=O)O", "C"]


def test_similarity_equals_rdkit() -> None:
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    reference = [generator.GetFingerprint(Chem.MolFromSmiles(one)) for one in SMILES]
    packed = np.stack([ecfp4_of_smiles(one) for one in SMILES])
    for row, query in enumerate(packed):
        expected = DataStructs.BulkTanimotoSimilarity(reference[row], reference)
        np.testing.assert_allclose(tanimoto(query, packed), expected, rtol=1e-6)


def test_bits_are_packed_big_endian() -> None:
    mol = Chem.MolFromSmiles(SMILES[3])
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    packed = ecfp4(mol)
    assert len(packed) == 256
    on = np.flatnonzero(np.unpackbits(np.frombuffer(packed, dtype=np.uint8)))
    assert list(on) == list(generator.GetFingerprint(mol).GetOnBits())


def test_empty_fingerprints_are_unlike_everything() -> None:
    nothing = np.zeros(256, dtype=np.uint8)
    library = np.stack([nothing, ecfp4_of_smiles("CCO")])
    assert tanimoto(nothing, library).tolist() == [0.0, 0.0]


def test_rows_of_a_slice_are_compared_too() -> None:
    packed = np.stack([ecfp4_of_smiles(one) for one in SMILES])
    assert tanimoto(packed[2], packed[::2])[1] == 1.0
    assert tanimoto(packed[0], packed[:0]).shape == (0,)


def test_unreadable_smiles_is_an_input_error() -> None:
    with pytest.raises(InputError, match="c1cc"):
        ecfp4_of_smiles("c1cc")
