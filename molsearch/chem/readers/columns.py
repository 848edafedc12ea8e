"""Which column holds the SMILES and which the id: by the user's word, by name, by content."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rdkit import Chem, rdBase

from molsearch.chem.readers.rows import listed
from molsearch.errors import InputError

Rows = Sequence[Sequence[str]]

_LONGEST_TESTED = 1000
_TESTED_ROWS = 30
_WORD = re.compile(r"[#\w][\w .()\[\]/-]*")
_ID_WORD = re.compile(r"(?:^|[\W_])[iI][dD]$|[a-z]I[dD]$")
_SMILES_FIRST = ("smiles", "canonicalsmiles", "isomericsmiles", "smilescode", "cxsmiles")
# fmt: off
_SMILES_WEAK = frozenset({
    "smi", "structure", "structures", "struct", "mol",
    "molecule", "molecules", "compound", "ligand", "drug",
    "canonical",
})
_ID_NAMES = (
    "moleculeid", "molid", "id", "compoundid", "cmpdid", "cpdid",
    "ligandid", "chemblid", "moleculechemblid", "zincid", "catalogid",
    "idnumber", "catalognumber", "registrynumber", "identifier", "title",
    "name", "moleculename", "compoundname", "drugname", "ligandname",
    "moleculetitle", "compound", "cid", "code", "cas", "casnumber",
    "molecule", "ligand", "drug",
)
# fmt: on


def plain(name: str) -> str:
    """Reduce a column name to its lower-case letters and digits."""
    return re.sub(r"[\W_]+", "", name.lower())


def is_molecule(cell: str) -> bool:
    """Whether a cell parses as SMILES, with or without a CXSMILES extension (syntax only)."""
    words = cell.split(None, 1)
    if not words or len(words[0]) > _LONGEST_TESTED:
        return False
    if len(words) == 2 and not (words[1].startswith("|") and words[1].rstrip().endswith("|")):
        return False
    options = Chem.SmilesParserParams()
    options.sanitize = options.allowCXSMILES = options.parseName = False
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(words[0], options)
    return molecule is not None and molecule.GetNumAtoms() > 0


def names_smiles(name: str) -> bool:
    """Whether a column name says SMILES by itself."""
    return "smiles" in plain(name) and _WORD.fullmatch(name.strip()) is not None


def smiles_by_name(names: Sequence[str]) -> int | None:
    """Position of the column whose name says SMILES most plainly."""
    plains = [plain(name) if names_smiles(name) else "" for name in names]
    for wanted in _SMILES_FIRST:
        if wanted in plains:
            return plains.index(wanted)
    return next((position for position, name in enumerate(plains) if name), None)


def smiles_by_content(rows: Rows) -> int | None:
    """Position of the column where at least half of the filled cells parse as SMILES.

    Among several, the one with the longest cells: ids such as ``CN`` or ``I`` parse too.
    """
    best, best_score = None, (0.0, 0.0)
    for position in range(min(max(map(len, rows), default=0), 200)):
        cells = [row[position] for row in rows[:_TESTED_ROWS] if row[position : position + 1]]
        cells = [cell for cell in cells if cell.strip()]
        share = sum(map(is_molecule, cells)) / len(cells) if cells else 0.0
        if share < 0.5:
            continue
        score = (round(share, 1), sum(map(len, cells)) / len(cells))
        if score > best_score:
            best, best_score = position, score
    return best


def weak_smiles_name(name: str) -> bool:
    """Whether a name may mean the structure column (``mol``, ``structure``, …)."""
    return plain(name) in _SMILES_WEAK


def id_by_name(names: Sequence[str], smiles: int) -> int | None:
    """Position of the column whose name says id; never the SMILES column."""
    plains = [plain(name) for name in names]
    for wanted in _ID_NAMES:
        if wanted in plains and plains.index(wanted) != smiles:
            return plains.index(wanted)
    for position, name in enumerate(names):
        if position != smiles and _ID_WORD.search(name.strip()):
            return position
    return None


def is_number(choice: str | None) -> bool:
    """Whether a column is chosen by its 1-based number."""
    return choice is not None and choice.isascii() and choice.isdigit()


def chosen(choice: str, names: Sequence[str], source: str, option: str, header: bool) -> int:
    """Position of the column that the user names, or numbers from 1.

    Raises
    ------
    InputError
        There is no such column; the message lists those that exist.
    """
    lowered = [name.strip().lower() for name in names]
    for pool, wanted in ((list(names), choice), (lowered, choice.strip().lower())):
        if wanted in pool:
            return pool.index(wanted)
    if is_number(choice) and 1 <= int(choice) <= len(names):
        return int(choice) - 1
    if not header:
        raise InputError(
            f"{source}: no header row, so no column {choice!r}; "
            f"give {option} a number from 1 to {len(names)}"
        )
    raise InputError(f"{source}: no column {choice!r}; {option} can be {listed(names)}")


def looks_like_header(rows: Rows, smiles: int | None, table: bool) -> bool:
    """Whether the first of the sampled rows names the columns.

    A first row whose SMILES cell parses is data. One that does not parse is a header where it
    uses a known word or, in tables, where nothing speaks for a bad first molecule.

    Parameters
    ----------
    rows
        The first rows of the file, as cells.
    smiles
        The SMILES column found by content or chosen by number, if any.
    table
        Whether the text is delimited; plain SMI files rarely have a header.
    """
    first = rows[0]
    if smiles is not None and smiles < len(first) and is_molecule(first[smiles]):
        return False
    if any(weak_smiles_name(cell) or plain(cell) in _ID_NAMES for cell in first):
        return True
    return table and not _continues(rows)


def _continues(rows: Rows) -> bool:
    """Whether the first row's cells are shaped like those below (mol1 above mol2): data."""
    below = rows[1:]
    for position, cell in enumerate(rows[0]):
        shapes = {_shape(row[position]) for row in below if position < len(row)}
        if len(shapes) == 1 and "9" in _shape(cell) and _shape(cell) in shapes:
            return True
    return not below


def _shape(cell: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell.strip()))
