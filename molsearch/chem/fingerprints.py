"""ECFP4: made once per parent, compared in numpy."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.errors import InputError

N_BITS = 2048
N_BYTES = N_BITS // 8


@cache
def _generator() -> Any:
    return rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=N_BITS)


def ecfp4(mol: Chem.Mol) -> bytes:
    """Morgan fingerprint of radius 2, 2048 bits, packed big-endian into 256 bytes."""
    bits = _generator().GetFingerprintAsNumPy(mol)
    return bytes(np.packbits(bits))


def ecfp4_of_smiles(smiles: str) -> npt.NDArray[np.uint8]:
    """Packed ECFP4 of a SMILES: uint8 ``[256]``, ready for `tanimoto`.

    Raises
    ------
    InputError
        The SMILES cannot be read.
    """
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise InputError(f"cannot read SMILES {smiles[:80]!r}: check it for typing errors")
    return np.frombuffer(ecfp4(mol), dtype=np.uint8)


def tanimoto(
    query: npt.NDArray[np.uint8], library: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Tanimoto similarity of one packed fingerprint to many.

    Parameters
    ----------
    query
        uint8 ``[256]``.
    library
        uint8 ``[n, 256]``.

    Returns
    -------
    float32 ``[n]``; two empty fingerprints have similarity 0, as in RDKit.
    """
    # 64-bit words need an eighth of the popcounts; contiguous rows make the view free.
    words = np.ascontiguousarray(library, dtype=np.uint8).reshape(-1, N_BYTES).view(np.uint64)
    query_words = np.ascontiguousarray(query, dtype=np.uint8).view(np.uint64)
    common = np.bitwise_count(words & query_words).sum(axis=1, dtype=np.int64)
    either = np.bitwise_count(words | query_words).sum(axis=1, dtype=np.int64)
    similarity = np.zeros(len(words), dtype=np.float32)
    np.divide(common, either, out=similarity, where=either > 0, casting="same_kind")
    return similarity
