"""Fingerprints that rule out a substructure: what contains a pattern has all bits of its probe.

A bit stands for a tree or ring of up to three bonds between atoms of known element and aromaticity,
or for one such atom; the order of bonds has no part in it. The bits of a molecule's every piece are
therefore among its own. RDKit's own pattern fingerprint leaves ten times as many molecules to be
matched, because an unspecified bond of SMARTS hides all that hangs on it
(``benchmarks/substructures.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator

N_BYTES = 128
MEANING = "trees and rings of up to three bonds, elements and aromaticity, 1,024 bits, version 1"
Bits = npt.NDArray[np.uint8]

_ATOM_BITS = 64  # the last ones, for atoms by themselves
_PATH_BITS = 8 * N_BYTES - _ATOM_BITS
_MOST_PROBES = 32
_AROMATIC = 1000  # that RDKit adds to the atomic number of aromatic types
_KNOWN = re.compile(r"(AtomType|AtomAtomicNum) (\d+) = val")
_INDENT = 2


def screen_bits(parents: Sequence[str]) -> Bits:
    """Bits ``[n, N_BYTES]`` of molecules; all are set of one that cannot be read, or is a query."""
    found = np.full((len(parents), N_BYTES), 255, dtype=np.uint8)
    with rdBase.BlockLogs():
        for row, smiles in enumerate(parents):
            mol = Chem.MolFromSmiles(smiles)
            if mol is not None and not _is_query(mol, smiles):
                kinds = [2 * a.GetAtomicNum() + a.GetIsAromatic() for a in mol.GetAtoms()]
                found[row] = _packed(mol, kinds)
    return found


def probes(pattern: Chem.Mol) -> Bits:
    """Say what a SMARTS pattern demands: bits ``[m, N_BYTES]``.

    A molecule that contains the pattern has all bits of one of the probes at least. An atom that
    may be several things (``[#6]``, ``[Cl,Br]``) gives a probe each; what may be anything, or far
    too much, has no part in any. A pattern that nothing can contain demands all bits.

    Examples
    --------
    >>> len(probes(Chem.MolFromSmarts("c1cc[#7]cc1[Cl,Br]")))
    4
    """
    choices = [_kinds(atom) for atom in pattern.GetAtoms()]
    if any(one is not None and not one for one in choices):
        return np.full((1, N_BYTES), 255, dtype=np.uint8)
    held = _few(choices)
    plain = Chem.RWMol()
    places = {atom: plain.AddAtom(Chem.Atom(6)) for atom in held}
    for bond in pattern.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if all(end in places for end in ends):
            plain.AddBond(*(places[end] for end in ends), Chem.BondType.SINGLE)
    mol = plain.GetMol()
    mol.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(mol)
    sets = product(*(sorted(held[atom]) for atom in held))
    return np.unique(np.stack([_packed(mol, list(kinds)) for kinds in sets]), axis=0)


def may_contain(bits: Bits, asked: Bits) -> npt.NDArray[np.bool_]:
    """Which molecules, by their bits ``[n, N_BYTES]``, have all bits of one of the probes."""
    rows = np.ascontiguousarray(bits).view(np.uint64)
    words = np.ascontiguousarray(asked).view(np.uint64)
    passed = np.flatnonzero(_has_all(rows, np.bitwise_and.reduce(words, axis=0)))
    found = np.zeros(len(rows), dtype=bool)
    if len(words) == 1:
        found[passed] = True
        return found
    for probe in words:
        found[passed] |= _has_all(rows[passed], probe)
    return found


def _has_all(rows: npt.NDArray[np.uint64], probe: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    has = np.ones(len(rows), dtype=bool)
    for word in np.flatnonzero(probe):
        has &= (rows[:, word] & probe[word]) == probe[word]
    return has


@cache
def _paths() -> Any:
    return rdFingerprintGenerator.GetRDKitFPGenerator(
        minPath=1, maxPath=3, useHs=True, branchedPaths=True, useBondOrder=False,
        fpSize=_PATH_BITS, numBitsPerFeature=1,
    )  # fmt: skip


def _packed(mol: Chem.Mol, kinds: Sequence[int]) -> Bits:
    bits = np.zeros(8 * N_BYTES, dtype=np.uint8)
    if mol.GetNumBonds():
        bits[:_PATH_BITS] = _paths().GetFingerprintAsNumPy(mol, customAtomInvariants=list(kinds))
    for kind in set(kinds):
        bits[_PATH_BITS + kind % _ATOM_BITS] = 1
    return np.packbits(bits)


def _is_query(mol: Chem.Mol, smiles: str) -> bool:
    """Whether an atom or a bond stands for several things, which RDKit's paths leave out."""
    if "*" not in smiles and "~" not in smiles:
        return False
    return any(one.HasQuery() for one in (*mol.GetAtoms(), *mol.GetBonds()))


def _few(choices: Sequence[frozenset[int] | None]) -> dict[int, frozenset[int]]:
    """Atoms that have a part in the probes: those with few choices first."""
    held: dict[int, frozenset[int]] = {}
    n_probes = 1
    for atom in sorted(range(len(choices)), key=lambda atom: len(choices[atom] or ())):
        kinds = choices[atom]
        if kinds is not None and n_probes * len(kinds) <= _MOST_PROBES:
            held[atom] = kinds
            n_probes *= len(kinds)
    return held


def _kinds(atom: Chem.Atom) -> frozenset[int] | None:
    """List what an atom of a pattern can be: twice the atomic number, one more where aromatic.

    None where it may be anything, or is not understood.
    """
    if not atom.HasQuery():
        return None
    lines = [line for line in atom.DescribeQuery().split("\n") if line.strip()]
    return _of_tree(lines) if lines else None


def _of_tree(lines: Sequence[str]) -> frozenset[int] | None:
    """Read RDKit's description of a query: its head, and children indented below it."""
    head = lines[0].strip()
    if (known := _KNOWN.fullmatch(head)) is not None and len(lines) == 1:
        aromatic, number = divmod(int(known[2]), _AROMATIC)
        if known[1] == "AtomType":
            return frozenset({2 * number + aromatic})
        return frozenset({2 * number, 2 * number + 1})
    children = [_of_tree(one) for one in _children(lines)]
    sets = [one for one in children if one is not None]
    if head == "AtomAnd" and sets:
        return frozenset.intersection(*sets)
    if head == "AtomOr" and sets and len(sets) == len(children):
        return frozenset.union(*sets)
    return None


def _children(lines: Sequence[str]) -> Iterator[list[str]]:
    depth = len(lines[0]) - len(lines[0].lstrip()) + _INDENT
    child: list[str] = []
    for line in lines[1:]:
        if len(line) - len(line.lstrip()) == depth and child:
            yield child
            child = []
        child.append(line)
    if child:
        yield child
