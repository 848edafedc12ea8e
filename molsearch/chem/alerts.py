"""Structural alerts: PAINS (A, B, C) and Brenk, from RDKit's filter catalogues.

The 585 patterns would cost more than all other chemistry of a molecule. A pattern's fingerprint
must be contained in that of every molecule it matches, and so must the kinds of atom it asks
for, so most are ruled out by a few bit operations; the catalogue's own entries decide about the
rest.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, DataStructs
from rdkit.Chem import FilterCatalog

_CATALOGUES = ("PAINS_A", "PAINS_B", "PAINS_C", "BRENK")
_BITS = 2048
# Kinds of atom that many patterns ask for and many molecules lack: one bit each.
_ATOMS = (
    *("[#8&!H0]", "[C&R2]", "[#7&!H0&!H1]", "[O&H1]", "[#7&!H0]", "n", "[N&H2]", "[#7&+]"),
    *("[C&H2&R2]", "[F,Cl,Br,I]", "[c&R2]", "[N&+]", "[O&+,o&+,S&+,s&+]"),
)
_MOL_MAGIC = b"\xef\xbe\xad\xde"  # begins RDKit's own binary form of a molecule


@dataclass(frozen=True, slots=True)
class _Screen:
    """The catalogue: `names` and `entries` of n alerts, `bits` uint64 ``[n, 33]``."""

    names: list[str]
    entries: list[Any]
    bits: npt.NDArray[np.uint64]


def alerts(mol: Chem.Mol) -> str:
    """Names of the alerts in a molecule, ``"PAINS:a; BRENK:b"``, in catalogue order.

    Sulfoxides are judged as S=O: their charges are a way of drawing, not a liability.
    """
    screen = _screen()
    mol = _with_neutral_sulfoxides(mol)
    possible = np.flatnonzero(~(screen.bits & ~_bits_of(mol, _has_atoms(mol))).any(axis=1))
    return "; ".join(screen.names[i] for i in possible if screen.entries[i].HasFilterMatch(mol))


@cache
def _screen() -> _Screen:
    parameters = FilterCatalog.FilterCatalogParams()
    for name in _CATALOGUES:
        parameters.AddCatalog(getattr(parameters.FilterCatalogs, name))
    catalogue = FilterCatalog.FilterCatalog(parameters)
    entries = [catalogue.GetEntryWithIdx(i) for i in range(catalogue.GetNumEntries())]
    bits = np.stack([_needs(pattern_of(entry)) for entry in entries])
    return _Screen([_name(entry) for entry in entries], entries, bits)


def pattern_of(entry: Any) -> Chem.Mol | None:
    """Recover the query molecule of a catalogue entry, which RDKit's Python does not expose.

    It is part of the serialised entry, after its own length. ``None`` where it is not found or
    does not alone decide the entry (a minimum or maximum count).
    """
    raw = bytes(entry.Serialize())
    length = re.search(rb" (\d+) " + re.escape(_MOL_MAGIC), raw)
    if length is None:
        return None
    begin = length.end() - len(_MOL_MAGIC)
    end = begin + int(length.group(1))
    if not raw[end:].startswith(b" 1 4294967295 "):
        return None
    return Chem.Mol(raw[begin:end])


def _needs(pattern: Chem.Mol | None) -> npt.NDArray[np.uint64]:
    """Bits of every molecule that `pattern` can match; none where it is unknown."""
    if pattern is None:
        return np.zeros(_BITS // 64 + 1, dtype=np.uint64)
    asked = {atom.GetSmarts() for atom in pattern.GetAtoms()}
    return _bits_of(pattern, [smarts in asked for smarts in _ATOMS])


@cache
def _atom_patterns() -> list[Chem.Mol]:
    return [Chem.MolFromSmarts(smarts) for smarts in _ATOMS]


def _has_atoms(mol: Chem.Mol) -> list[bool]:
    return [mol.HasSubstructMatch(pattern) for pattern in _atom_patterns()]


def _bits_of(mol: Chem.Mol, atoms: list[bool]) -> npt.NDArray[np.uint64]:
    """Fingerprint of a molecule or pattern and one word for its kinds of atom: ``[33]``."""
    text = DataStructs.BitVectToBinaryText(Chem.PatternFingerprint(mol, _BITS))
    word = sum(1 << position for position, present in enumerate(atoms) if present)
    return np.frombuffer(text + word.to_bytes(8, sys.byteorder), dtype=np.uint64)


def _name(entry: Any) -> str:
    family = entry.GetProp("FilterSet").split("_")[0].upper()
    return f"{family}:{entry.GetDescription()}"


@cache
def _sulfoxide() -> Chem.Mol:
    return Chem.MolFromSmarts("[#6,#7][S+;X3]([#6,#7])[O-]")


def _with_neutral_sulfoxides(mol: Chem.Mol) -> Chem.Mol:
    matches = mol.GetSubstructMatches(_sulfoxide())
    if not matches:
        return mol
    edited = Chem.RWMol(mol)
    for _, sulfur, _, oxygen in matches:
        edited.GetAtomWithIdx(sulfur).SetFormalCharge(0)
        edited.GetAtomWithIdx(oxygen).SetFormalCharge(0)
        edited.GetBondBetweenAtoms(sulfur, oxygen).SetBondType(Chem.BondType.DOUBLE)
    edited.UpdatePropertyCache()
    return edited.GetMol()
