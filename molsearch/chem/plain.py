"""The short way for most of a vendor's file: SMILES in which there is nothing to standardise."""

from __future__ import annotations

import re
from functools import cache

from rdkit import Chem

from molsearch.chem.parse import RejectedError
from molsearch.chem.standardize import STAGE
from molsearch.schema import Record
from molsearch.words import counted

# One fragment of common elements, without isotopes, hydrogens written out, wildcards, and without
# charges but those of a nitro group: neither normaliser nor uncharger touches one drawn so.
# Written as runs between atoms in brackets: possessive quantifiers, which would say it shorter,
# match nothing in Python 3.11.2, which Debian 12 has.
_RUN = r"[-=#/\\()0-9%BCNOPSFIbcnopslr]*"
_IN_BRACKETS = (
    r"\[nH\]|\[NH\]|\[C@@?H?\]"
    r"|\[N\+\]\(=O\)\[O-\]|(?<!O=)\[N\+\]\(\[O-\]\)=O"
    r"|\[O-\]\[N\+\]\(=O\)|(?<=O=)\[N\+\]\(\[O-\]\)"
)
_PLAIN = re.compile(f"{_RUN}(?:(?:{_IN_BRACKETS}){_RUN})*")
_CARBON = re.compile(r"C(?!l)|c")
_STEREO = frozenset("@/\\")
# Smaller ones can be what a chemist calls inorganic.
_LEAST_HEAVY_ATOMS = 5


@cache
def _sulfoxide_like() -> Chem.Mol:
    return Chem.MolFromSmarts("[#16X3]")


@cache
def _as_written() -> Chem.SmilesParserParams:
    parameters = Chem.SmilesParserParams()
    parameters.sanitize = parameters.removeHs = False
    return parameters


def is_plain(record: Record) -> bool:
    """Whether the text of a record may be read the short way, see `plain_parent`."""
    return not record.molblock and is_plain_text(record.smiles)


def is_plain_text(smiles: str) -> bool:
    """Whether a SMILES may be read the short way, see `plain_parent`."""
    return _PLAIN.fullmatch(smiles) is not None and _CARBON.search(smiles) is not None


def is_read_again(smiles: str) -> bool:
    """Whether RDKit holds a plain SMILES as it will hold the canonical one: ``[NH]`` becomes N."""
    return "[NH]" not in smiles


def has_stereo(smiles: str) -> bool:
    """Whether a SMILES marks stereo of an atom or a bond."""
    return not _STEREO.isdisjoint(smiles)


# What neither the canonical SMILES nor the bonds of a flat molecule depend on.
_LEFT_OUT = (
    Chem.SANITIZE_SETCONJUGATION
    | Chem.SANITIZE_SETHYBRIDIZATION
    | Chem.SANITIZE_CLEANUPCHIRALITY
    | Chem.SANITIZE_CLEANUPATROPISOMERS
    | Chem.SANITIZE_CLEANUP_ORGANOMETALLICS
)
_BARELY = Chem.SANITIZE_ALL ^ _LEFT_OUT


def _read_flat(smiles: str, *, barely: bool) -> Chem.Mol | None:
    """Read a plain SMILES without marks of stereo, as ``Chem.MolFromSmiles`` does.

    RDKit ranks atoms to find stereo even where none is marked, which takes a quarter of its time.
    """
    mol = Chem.MolFromSmiles(smiles, _as_written())
    operations = _BARELY if barely else Chem.SANITIZE_ALL
    if mol is None or Chem.SanitizeMol(mol, operations, catchErrors=True) != Chem.SANITIZE_NONE:
        return None
    mol.SetIntProp("_StereochemDone", 1, computed=True)  # or writing SMILES would do it after all
    return mol


def plain_parent(record: Record, max_heavy_atoms: int) -> Chem.Mol | None:
    """Read a SMILES whose parent is the molecule as it stands; None for all that need a look.

    ``parse`` and ``parent_of`` would return the same molecule unchanged; see `is_read_again` of
    what ``canonical_parent`` would.

    Raises
    ------
    RejectedError
        Too large, as ``parent_of`` says it.
    """
    return read_plain(record.smiles, max_heavy_atoms) if is_plain(record) else None


def read_plain(smiles: str, max_heavy_atoms: int, *, barely: bool = False) -> Chem.Mol | None:
    """Read a text that `is_plain`; see `plain_parent`.

    Parameters
    ----------
    smiles, max_heavy_atoms
        The text, and as of ``parent_of``.
    barely
        Leave out hybridisation and conjugation, which cost a tenth of the reading: for whoever
        asks for the canonical SMILES, atoms and bonds alone.
    """
    mol = Chem.MolFromSmiles(smiles) if has_stereo(smiles) else _read_flat(smiles, barely=barely)
    if mol is None:
        return None  # the long way says why
    heavy = mol.GetNumHeavyAtoms()
    if heavy < _LEAST_HEAVY_ATOMS:
        return None
    if ("S" in smiles or "s" in smiles) and mol.HasSubstructMatch(_sulfoxide_like()):
        return None
    if heavy > max_heavy_atoms:
        raise RejectedError(
            STAGE, f"too large: {counted(heavy, 'heavy atom')}, limit {max_heavy_atoms}"
        )
    return mol
