"""Fingerprints of hundreds of thousands of training molecules, in worker processes.

Training tables hold SMILES that RDKit itself has written. Reading those again needs no
sanitisation, which is most of the cost; a sample of each chunk is read in full as a check, and a
chunk that disagrees is read in full altogether.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase

from molsearch.bench.audit.scaffolds import Hashes, core_keys, scaffold_hashes
from molsearch.chem.fingerprints import N_BYTES, ecfp4
from molsearch.chem.scaffold import scaffold
from molsearch.work.backend import singly
from molsearch.work.local import local

T = TypeVar("T")
Prints = npt.NDArray[np.uint8]

_CHECKED = 100  # every so many molecules are read in full too


@cache
def _as_written() -> Any:
    parameters = Chem.SmilesParserParams()
    parameters.sanitize = False
    parameters.removeHs = False
    return parameters


def read_trusted(smiles: str) -> Chem.Mol:
    """Read a SMILES that RDKit wrote, as it stands; an empty molecule where that fails."""
    mol = Chem.MolFromSmiles(smiles, _as_written())
    if mol is None:
        return Chem.Mol()
    mol.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(mol)
    return mol


def read_checked(smiles: str) -> Chem.Mol:
    """Read any SMILES in full; an empty molecule where that fails."""
    mol = Chem.MolFromSmiles(smiles)
    return Chem.Mol() if mol is None else mol


def reader(smiles: Sequence[str]) -> Callable[[str], Chem.Mol]:
    """Choose how to read these molecules: as written where a sample of them bears it."""
    for one in smiles[::_CHECKED]:
        if ecfp4(read_trusted(one)) != ecfp4(read_checked(one)):
            return read_checked
    return read_trusted


def fingerprint_chunk(smiles: list[str]) -> tuple[Prints, Hashes]:
    """Compute packed ECFP4 ``[n, 256]`` and `core_keys` ``[n]``; zeros where unreadable."""
    with rdBase.BlockLogs():
        read = reader(smiles)
        mols = [read(one) for one in smiles]
        prints = np.frombuffer(b"".join(ecfp4(mol) for mol in mols), dtype=np.uint8)
        return prints.reshape(len(smiles), N_BYTES), core_keys(smiles, mols)


def scaffold_chunk(smiles: list[str]) -> Hashes:
    """Hash the scaffolds of molecules, shape ``[n]``."""
    with rdBase.BlockLogs():
        read = reader(smiles)
        return scaffold_hashes([scaffold(read(one)) for one in smiles])


def chunked(smiles: list[str], size: int) -> list[list[str]]:
    """Cut a list into parts of at most `size`; none of an empty list."""
    return [smiles[start : start + size] for start in range(0, len(smiles), size)]


def spread_over(
    function: Callable[[list[str]], T], chunks: Sequence[list[str]], workers: int
) -> Iterator[T]:
    """Apply a module-level function to chunks in worker processes, in order.

    One chunk, or one worker, stays in this process.
    """
    for (found,) in local(min(workers, len(chunks))).map(function, singly(chunks)):
        yield found
