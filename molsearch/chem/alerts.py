"""Structural alerts: PAINS (A, B, C) and Brenk, from RDKit's filter catalogues.

The 585 patterns would cost more than all other chemistry of a molecule. A pattern's fingerprint
must be contained in that of every molecule it matches, so most are ruled out by a few bit
operations; the catalogue's own entries decide about the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, DataStructs
from rdkit.Chem import FilterCatalog

_CATALOGUES = ("PAINS_A", "PAINS_B", "PAINS_C", "BRENK")
_BITS = 2048
_MOL_MAGIC = b"\xef\xbe\xad\xde"  # begins RDKit's own binary form of a molecule


@dataclass(frozen=True, slots=True)
class _Screen:
    """The catalogue: `names` and `entries` of n alerts, `bits` uint64 ``[n, 32]``."""

    names: list[str]
    entries: list[Any]
    bits: npt.NDArray[np.uint64]


def alerts(mol: Chem.Mol) -> str:
    """Names of the alerts in a molecule, ``"PAINS:a; BRENK:b"``, in catalogue order.

    Sulfoxides are judged as S=O: their charges are a way of drawing, not a liability.
    """
    screen = _screen()
    mol = _with_neutral_sulfoxides(mol)
    possible = np.flatnonzero(~(screen.bits & ~_pattern_bits(mol)).any(axis=1))
    return "; ".join(screen.names[i] for i in possible if screen.entries[i].HasFilterMatch(mol))


@cache
def _screen() -> _Screen:
    parameters = FilterCatalog.FilterCatalogParams()
    for name in _CATALOGUES:
        parameters.AddCatalog(getattr(parameters.FilterCatalogs, name))
    catalogue = FilterCatalog.FilterCatalog(parameters)
    entries = [catalogue.GetEntryWithIdx(i) for i in range(catalogue.GetNumEntries())]
    nothing = np.zeros(_BITS // 64, dtype=np.uint64)  # contained in everything: always asked
    bits = [nothing if (p := pattern_of(one)) is None else _pattern_bits(p) for one in entries]
    return _Screen([_name(one) for one in entries], entries, np.stack(bits))


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


def _pattern_bits(mol: Chem.Mol) -> npt.NDArray[np.uint64]:
    bits = Chem.PatternFingerprint(mol, _BITS)
    return np.frombuffer(DataStructs.BitVectToBinaryText(bits), dtype=np.uint64)


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
