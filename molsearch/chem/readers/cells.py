"""The cells of one row as a `Row`: the whole structure cell is the structure, or the row fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from molsearch.chem.inchi import PREFIX as INCHI
from molsearch.chem.readers.columns import Columns
from molsearch.chem.readers.rows import Row, shown
from molsearch.chem.readers.structures import has_selfies_tokens
from molsearch.config import ReadConfig
from molsearch.usertypes.text import text_of
from molsearch.words import counted


def structure_row(
    number: int,
    molecule_id: str,
    cell: str,
    extra: Mapping[str, str],
    longest: int,
    column: str = "",
    spare: str = "",
) -> Row:
    """Build the row of a SMILES or InChI cell.

    Parameters
    ----------
    number
        1-based line or row in the source.
    cell
        The structure cell, untouched.
    extra
        The user's other columns.
    longest
        Longest structure accepted, in characters.
    column
        Name of the structure column; an InChI, which hit lists show as SMILES, is kept under it.
    spare
        The user's column whose structure is taken where the cell is empty; empty for none.
    """
    text = cell.strip()
    if not text and spare:
        text = extra.get(spare, "").strip()
    error = structure_error(text, longest)
    if column and text.startswith(INCHI):
        extra = {column: shown(text) if error else text, **extra}
    return Row(number, molecule_id, shown(text) if error else text, "", extra, error)


def structure_error(text: str, longest: int) -> str:
    """Reason why a structure cell is refused before any chemistry, or an empty string.

    Parameters
    ----------
    text
        The stripped cell: a SMILES, with or without its CXSMILES extension, or an InChI.
    longest
        Longest structure accepted, in characters.
    """
    if not text:
        return "no SMILES in this row"
    if len(text) > longest:
        return f"SMILES of {counted(len(text), 'character')}, more than the limit of {longest:,}"
    if not text.isprintable():
        return "SMILES holds control characters"
    words = text.split(None, 1)
    if len(words) == 2 and not _is_extension(words[1]):
        return f"the structure cell holds more than a structure: {words[1][:80]!r} follows it"
    if text[0] == "[" and has_selfies_tokens(text):
        return "SELFIES, not SMILES; turn it into SMILES (selfies.decoder)"
    return ""


def _is_extension(text: str) -> bool:
    return len(text) > 1 and text[0] == "|" == text[-1]


def table_row(number: int, values: Sequence[object], columns: Columns, config: ReadConfig) -> Row:
    """Build the row of typed cells, in the order of the columns; short rows end in empty cells.

    What is missing (None) is left out of the user's columns, for an empty text is a value.
    """
    longest = config.max_smiles_length
    cells = [*values, *[None] * (len(columns.names) - len(values))]
    extra = {
        columns.names[position]: text_of(cells[position])
        for position in columns.kept
        if cells[position] is not None
    }
    molecule_id = "" if columns.molecule_id is None else id_text(cells[columns.molecule_id])
    structure = text_of(cells[columns.structure])
    name = columns.names[columns.structure]
    return structure_row(number, molecule_id, structure, extra, longest, name, columns.spare)


def id_text(value: object) -> str:
    """Text of an id; whole numbers that pandas made floats (missing values) lose their ``.0``."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return text_of(value)
