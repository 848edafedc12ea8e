"""A file of synthons, as Enamine and others give a make-on-demand space, read row by row.

A row is a synthon: its SMILES with connectors (``[1*]`` to ``[4*]``, or ``[U]``, ``[Np]``,
``[Pu]``, ``[Am]``), its id, the position that it takes in a reaction, and that reaction. What
cannot be used becomes a row of failures; RDKit's own reader would stop at the first.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rdkit import Chem, rdBase

from molsearch.chem.rdkit_log import heard
from molsearch.chem.readers.streams import open_blocks
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Failure
from molsearch.words import counted

STAGE = "synthon"
# Names of the columns, as vendors spell them.
_SPELLINGS = {
    "smiles": ("smiles",),
    "id": ("synton_id", "synthon_id"),
    "position": ("synton#", "synthon#", "synton_role", "synthon_role"),
    "reaction": ("reaction_id", "reaction"),
}
_METALS = {92: 1, 93: 2, 94: 3, 95: 4}  # uranium and the next three stand for connectors
_MOST_CONNECTORS = 4
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Synthon:
    """One usable row."""

    row: int
    smiles: str
    synthon_id: str
    position: str
    reaction: str
    connectors: frozenset[int]


@dataclass(frozen=True)
class Synthons:
    """What a file holds; ``n_in == len(usable) + len(failures)``."""

    usable: tuple[Synthon, ...]
    failures: tuple[Failure, ...]

    @property
    def n_in(self) -> int:
        """Rows of the file."""
        return len(self.usable) + len(self.failures)


class _UnusableError(Exception):
    """A row is of no use, and why."""


def read_synthons(source: str) -> Synthons:
    """Read a synthon file, plain or packed.

    Raises
    ------
    InputError
        It cannot be read, has not the columns of a synthon file, or no row of use.
    """
    text = b"".join(open_blocks(source, ReadConfig())).decode("utf-8", "replace")
    lines = text.splitlines()
    places = _places(source, lines[0] if lines else "")
    found: list[Synthon] = []
    failures: list[Failure] = []
    for row, cells in _rows(lines):
        try:
            found.append(_synthon(row, cells, places))
        except _UnusableError as error:
            failures.append(_failure(source, row, cells, places, str(error)))
    usable = []
    for one, reason in _without_partners(found):
        if reason:
            failures.append(_failed(source, one, reason))
        else:
            usable.append(one)
    if not usable:
        first = f": row {failures[0].row}: {failures[0].reason}" if failures else ""
        raise InputError(
            f"{source}: none of {counted(len(failures), 'row')} is a synthon that can be "
            f"used{first}; "
            "check that it is a synthon file"
        )
    return Synthons(tuple(usable), tuple(sorted(failures, key=lambda one: one.row)))


def _places(source: str, header: str) -> dict[str, int]:
    names = [name.strip().lower() for name in _cells(header, _delimiter(header))]
    places: dict[str, int] = {}
    for column, spellings in _SPELLINGS.items():
        place = next((names.index(name) for name in spellings if name in names), None)
        if place is None:
            raise InputError(
                f"{source} is no synthon file: its first line has no column {spellings[0]!r}; "
                "it should name SMILES, synton_id, synton# and reaction_id"
            )
        places[column] = place
    return places


def _delimiter(header: str) -> str | None:
    return next((one for one in "\t,;" if one in header), None)


def _cells(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return line.split()
    return next(csv.reader(io.StringIO(line), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL), [])


def _rows(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    delimiter = _delimiter(lines[0])
    for row, line in enumerate(lines[1:], 2):
        if line.strip():
            yield row, [cell.strip() for cell in _cells(line, delimiter)]


def _synthon(row: int, cells: list[str], places: dict[str, int]) -> Synthon:
    if len(cells) <= max(places.values()):
        raise _UnusableError(f"the row has {len(cells)} cells, which is too few")
    smiles, name, position, reaction = (cells[place] for place in places.values())
    for what, value in (("id", name), ("position", position), ("reaction", reaction)):
        if not value:
            raise _UnusableError(f"the row names no {what}")
    return Synthon(row, smiles, name, position, reaction, _connectors(smiles))


def _connectors(smiles: str) -> frozenset[int]:
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles) if smiles else None
    if mol is None:
        with heard() as said:
            Chem.MolFromSmiles(smiles)
        raise _UnusableError(f"not a readable SMILES{': ' + said[0][:100] if said else ''}")
    found = {
        _METALS.get(atom.GetAtomicNum(), atom.GetIsotope())
        for atom in mol.GetAtoms()
        if atom.GetAtomicNum() in (0, *_METALS)
    }
    if not found:
        raise _UnusableError("the structure has no connector ([1*], [U], …)")
    if not found <= set(range(1, _MOST_CONNECTORS + 1)):
        raise _UnusableError("a connector is none of [1*] to [4*]")
    return frozenset(found)


def _without_partners(synthons: Sequence[Synthon]) -> Iterator[tuple[Synthon, str]]:
    """Say of each synthon why nothing can be made of it; empty where something can."""
    takers: dict[tuple[str, int], set[str]] = defaultdict(set)
    for one in synthons:
        for connector in one.connectors:
            takers[one.reaction, connector].add(one.position)
    for one in synthons:
        alone = sorted(c for c in one.connectors if takers[one.reaction, c] == {one.position})
        reason = ""
        if alone:
            reason = f"nothing in reaction {one.reaction} joins its connector {alone[0]}"
        yield one, reason


def _failure(
    source: str, row: int, cells: list[str], places: dict[str, int], reason: str
) -> Failure:
    def cell(column: str) -> str:
        return cells[places[column]] if places[column] < len(cells) else ""

    text = "\t".join(cells)[:_SHOWN]
    return Failure(row, source, row, cell("id"), STAGE, reason, text)


def _failed(source: str, one: Synthon, reason: str) -> Failure:
    return Failure(one.row, source, one.row, one.synthon_id, STAGE, reason, one.smiles[:_SHOWN])
