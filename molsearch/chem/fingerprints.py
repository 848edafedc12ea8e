"""Binary fingerprints, packed to bytes, and Tanimoto similarity between many of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, DataStructs, rdBase
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from molsearch.errors import InputError

N_BITS = 2048
N_BYTES = N_BITS // 8
Packed = npt.NDArray[np.uint8]
# RDKit packs the first bit of eight lowest, NumPy's packbits highest.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
# A block of 64-bit words that stays in the second-level cache.
_BLOCK_WORDS = 1 << 16


@dataclass(frozen=True)
class Fingerprint:
    """A kind of binary fingerprint.

    Attributes
    ----------
    n_bytes
        Length of a packed one.
    meaning
        What it is, for people.
    bits
        From a molecule to its bits, uint8 ``[8 * n_bytes]`` (or a few less).
    """

    n_bytes: int
    meaning: str
    bits: Callable[[Chem.Mol], npt.NDArray[np.uint8]]

    def of(self, mol: Chem.Mol) -> bytes:
        """Bits of a molecule, packed big-endian."""
        return bytes(np.packbits(self.bits(mol)))


@cache
def generator(kind: str) -> Any:
    """RDKit's generator of a kind of fingerprint."""
    make = rdFingerprintGenerator
    return {
        "ecfp4": lambda: make.GetMorganGenerator(radius=2, fpSize=N_BITS),
        "fcfp4": lambda: make.GetMorganGenerator(
            radius=2, fpSize=N_BITS, atomInvariantsGenerator=make.GetMorganFeatureAtomInvGen()
        ),
        "torsion": lambda: make.GetTopologicalTorsionGenerator(fpSize=N_BITS),
        "atom-pair": lambda: make.GetAtomPairGenerator(fpSize=N_BITS),
        "path": lambda: make.GetRDKitFPGenerator(maxPath=6, fpSize=4096),
        "path-1024": lambda: make.GetRDKitFPGenerator(maxPath=6, fpSize=1024),
        "rdkit": lambda: make.GetRDKitFPGenerator(maxPath=7, fpSize=N_BITS),
    }[kind]()


def _by(kind: str) -> Callable[[Chem.Mol], npt.NDArray[np.uint8]]:
    return lambda mol: generator(kind).GetFingerprintAsNumPy(mol)


def _maccs(mol: Chem.Mol) -> npt.NDArray[np.uint8]:
    bits = np.zeros(167, dtype=np.uint8)
    bits[list(rdMolDescriptors.GetMACCSKeysFingerprint(mol).GetOnBits())] = 1
    return bits


FINGERPRINTS: dict[str, Fingerprint] = {
    "ecfp4": Fingerprint(N_BYTES, "Morgan, radius 2, 2,048 bits", _by("ecfp4")),
    "fcfp4": Fingerprint(N_BYTES, "Morgan of atom roles, radius 2, 2,048 bits", _by("fcfp4")),
    "torsion": Fingerprint(N_BYTES, "topological torsions, 2,048 bits", _by("torsion")),
    "atom-pair": Fingerprint(N_BYTES, "atom pairs, 2,048 bits", _by("atom-pair")),
    "path": Fingerprint(512, "RDKit paths of up to six bonds, 4,096 bits", _by("path")),
    "path-1024": Fingerprint(128, "RDKit paths of up to six bonds, 1,024 bits", _by("path-1024")),
    "rdkit": Fingerprint(N_BYTES, "RDKit paths of up to seven bonds, 2,048 bits", _by("rdkit")),
    "maccs": Fingerprint(21, "MACCS keys, 167 bits", _maccs),
}


def ecfp4(mol: Chem.Mol) -> bytes:
    """Morgan fingerprint of radius 2, 2048 bits, packed big-endian into 256 bytes."""
    bits = DataStructs.BitVectToBinaryText(generator("ecfp4").GetFingerprint(mol))
    return bits.translate(_REVERSED)


def packed_of(kind: str, parents: Sequence[str]) -> Packed:
    """Packed fingerprints ``[n, n_bytes]`` of one kind; of what cannot be read no bit is set."""
    fingerprint = FINGERPRINTS[kind]
    found = np.zeros((len(parents), fingerprint.n_bytes), dtype=np.uint8)
    with rdBase.BlockLogs():
        for row, smiles in enumerate(parents):
            mol = Chem.MolFromSmiles(smiles)
            if mol is not None:
                found[row] = np.frombuffer(fingerprint.of(mol), dtype=np.uint8)
    return found


def ecfp4_of_smiles(smiles: str) -> Packed:
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


def tanimoto(query: Packed, library: Packed) -> npt.NDArray[np.float32]:
    """Tanimoto similarity of one packed fingerprint, uint8 ``[b]``, to many, uint8 ``[n, b]``.

    Returns
    -------
    float32 ``[n]``; two empty fingerprints have similarity 0, as in RDKit.
    """
    return tanimoto_matrix(query[None], library)[0].astype(np.float32)


def tanimoto_matrix(first: Packed, second: Packed) -> npt.NDArray[np.float64]:
    """Tanimoto similarity of every row of `first` to every row of `second`.

    Parameters
    ----------
    first, second
        Packed bits, uint8 ``[m, n_bytes]`` and ``[n, n_bytes]``.

    Returns
    -------
    float64 ``[m, n]``, each a quotient of two counts, rounded once; two empty fingerprints have
    similarity 0, as in RDKit.
    """
    a, b = as_words(first), as_words(second)
    bits_a, bits_b = popcounts(a), popcounts(b)
    found = np.empty((len(a), len(b)))
    step = max(1, _BLOCK_WORDS // max(b.shape[1], 1))
    for start in range(0, len(b), step):
        block = slice(start, start + step)
        for row in range(len(a)):
            common = np.bitwise_count(a[row] & b[block]).sum(axis=1, dtype=np.int32)
            either = bits_a[row] + bits_b[block] - common
            found[row, block] = common / np.maximum(either, 1)
    return found


def unit_bits(packed: Packed) -> npt.NDArray[np.float32]:
    """Bits ``[n, 8 n_bytes]`` of packed fingerprints, each row divided by its length."""
    bits = np.unpackbits(packed, axis=1).astype(np.float32)
    lengths = np.sqrt(bits.sum(axis=1, keepdims=True))
    return np.asarray(bits / np.maximum(lengths, 1.0), np.float32)


def as_words(packed: Packed) -> npt.NDArray[np.uint64]:
    """View packed fingerprints as 64-bit words, padded with zero bytes where needed."""
    array = np.ascontiguousarray(packed, dtype=np.uint8)
    missing = -array.shape[1] % 8
    if missing:
        array = np.pad(array, ((0, 0), (0, missing)))
    return np.ascontiguousarray(array).view(np.uint64)


def popcounts(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """Bits set in each row, shape ``[n]``."""
    return np.bitwise_count(words).sum(axis=1, dtype=np.int32)
