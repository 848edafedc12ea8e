"""How a text of molecules is laid out: delimiter, header, and which column is which."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from molsearch.chem.readers.columns import Columns, choose_columns, chosen, is_number
from molsearch.chem.readers.header import looks_like_header
from molsearch.chem.readers.rows import unique_names
from molsearch.chem.readers.structures import (
    is_molecule,
    names_inchi,
    names_smiles,
    smiles_by_content,
)
from molsearch.config import ReadConfig
from molsearch.errors import InputError, UsageError

SMI = ""
WHITESPACE = " "
MAX_COLUMNS = 10_000
_DELIMITERS = ("\t", ",", ";", "|")
_SPOKEN = {
    "tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|",
    "space": WHITESPACE, "whitespace": WHITESPACE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """The reading of a text file.

    Attributes
    ----------
    delimiter
        One character; a space for runs of white space; empty for SMI lines (SMILES, then the
        rest of the line is the id).
    header
        Whether the first filled line names the columns.
    columns
        Names of the columns, made up where there is no header, and which are taken.
    """

    delimiter: str
    header: bool
    columns: Columns


def cells_of(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """Split sampled lines into cells."""
    if delimiter == SMI:
        return [line.split(None, 1) for line in lines]
    if delimiter == WHITESPACE:
        return [line.split() for line in lines]
    try:
        return [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:  # a stray quote that swallows the sample
        return [line.split(delimiter) for line in lines]


def detect_layout(lines: Sequence[str], config: ReadConfig, source: str, table: bool) -> Layout:
    """Find the layout of a text from its first filled lines.

    Parameters
    ----------
    lines
        The first filled lines, without line ends; at least one.
    config
        The user's overrides.
    source
        Name of the file, for messages.
    table
        Whether the suffix promises a table (``.csv``, ``.tsv``) rather than SMI lines.

    Raises
    ------
    InputError
        No SMILES column, or not the column asked for; the message names those that exist.
    UsageError
        The delimiter asked for is not one character.
    """
    delimiter = _spoken(config.delimiter) or _find_delimiter(lines, config, table)
    if delimiter == WHITESPACE and _is_smi(lines, config):
        delimiter = SMI
    rows = cells_of(lines, delimiter)
    if len(rows[0]) > MAX_COLUMNS:
        raise InputError(
            f"{source}: row 1 has {len(rows[0]):,} columns, more than {MAX_COLUMNS:,}; "
            "cut the file to the columns that matter"
        )
    return name_columns(rows, delimiter, config, source)


def _spoken(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    value = _SPOKEN.get(delimiter.lower(), delimiter)
    if len(value) != 1 or value in '"\r\n':
        raise UsageError(
            f"delimiter {delimiter!r} is not one character; give tab, comma, semicolon, pipe, space"
        )
    return value


def _wanted_name(cell: str, config: ReadConfig) -> bool:
    """Whether a cell of the first line is surely the name of the SMILES column."""
    chosen_name = config.smiles_column
    if chosen_name and not is_number(chosen_name):
        return cell.strip().lower() == chosen_name.strip().lower()
    return (names_smiles(cell) or names_inchi(cell)) and not is_molecule(cell)


def _find_delimiter(lines: Sequence[str], config: ReadConfig, table: bool) -> str:
    starts = [line.split(None, 1)[0] for line in lines]
    if table or not is_molecule(starts[0]):
        named = _delimiter_by_header(lines, config, table)
        if named is not None:
            return named
    if not table and any(map(is_molecule, starts)):
        return "\t" if _is_tab_table(lines) else WHITESPACE
    by_content = _table_delimiter(lines)
    if by_content is not None:
        return by_content
    if any(map(is_molecule, starts)) or _is_even(lines, WHITESPACE):
        return WHITESPACE
    if table:
        return next((mark for mark in _DELIMITERS if mark in lines[0]), ",")
    return WHITESPACE


def _delimiter_by_header(lines: Sequence[str], config: ReadConfig, table: bool) -> str | None:
    """Return the delimiter under which the first line names a SMILES column, if there is one."""
    for delimiter in _DELIMITERS:
        cells = cells_of(lines[:1], delimiter)[0]
        if len(cells) > 1 and any(_wanted_name(cell, config) for cell in cells):
            # A tab after the SMILES of an SMI file separates nothing but the id.
            smi = delimiter == "\t" and len(cells) == 2 and not table
            return WHITESPACE if smi and _wanted_name(cells[0], config) else delimiter
    alone = cells_of(lines[:1], ",")[0]
    if table and len(alone) == 1 and _wanted_name(alone[0], config) and _is_one_word(lines[1:]):
        return ","
    spaced = cells_of(lines[:1], WHITESPACE)[0]
    return WHITESPACE if any(_wanted_name(cell, config) for cell in spaced) else None


def _is_one_word(lines: Sequence[str]) -> bool:
    return all(len(line.split(None, 1)) == 1 for line in lines)


def _table_delimiter(lines: Sequence[str]) -> str | None:
    """Return the delimiter under which a column parses as SMILES, if there is one."""
    return next((mark for mark in _DELIMITERS if _is_even(lines, mark)), None)


def _is_even(lines: Sequence[str], delimiter: str) -> bool:
    """Whether most lines split into one same number (> 1) of cells, one of them SMILES."""
    rows = cells_of(lines, delimiter)
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if width < 2 or count * 2 < len(rows):
        return False
    return smiles_by_content(rows[1:] or rows) is not None


def _is_tab_table(lines: Sequence[str]) -> bool:
    """Whether every one of several lines has the same three or more tab-separated cells."""
    widths = {line.count("\t") for line in lines}
    return len(lines) > 1 and len(widths) == 1 and widths.pop() >= 2


def _is_smi(lines: Sequence[str], config: ReadConfig) -> bool:
    """Whether white space separates a SMILES from its id, rather than many columns."""
    if config.smiles_column not in (None, "1") and is_number(config.smiles_column):
        return False
    if is_number(config.id_column) and config.id_column != "2":
        return False
    rows = cells_of(lines, WHITESPACE)
    if is_molecule(rows[0][0]) or (rows[1:] and _is_one_word(lines[1:])):
        return True
    named = [position for position, cell in enumerate(rows[0]) if _wanted_name(cell, config)]
    if named:
        even = all(len(row) == len(rows[0]) for row in rows)
        return named[0] == 0 and not (len(rows[0]) > 2 and even)
    return any(is_molecule(row[0]) for row in rows) or not _is_even(lines, WHITESPACE)


def name_columns(rows: list[list[str]], delimiter: str, config: ReadConfig, source: str) -> Layout:
    """Find header, names and columns of sampled rows, given as cells.

    Raises
    ------
    InputError
        No structure column, or not the column asked for.
    """
    if delimiter == SMI:
        return _name_smi(rows, config, source)
    body = rows[1:] or rows
    if is_number(config.smiles_column) and config.smiles_column not in rows[0]:
        guess: int | None = int(config.smiles_column or 1) - 1
    else:
        guess = smiles_by_content(body)
    header = _has_header(rows, guess, delimiter, config)
    names = _names(rows, header)
    below = body if header else rows
    columns = choose_columns(names, below, config, source, header=header, first=body[0])
    return Layout(delimiter, header, columns)


def _name_smi(rows: list[list[str]], config: ReadConfig, source: str) -> Layout:
    header = _has_header([row[:1] for row in rows], 0, SMI, config)
    names = _names(rows[:1], header)
    names = (*names, "id") if len(names) == 1 else names
    for choice, option in (
        (config.smiles_column, "--smiles-column"),
        (config.id_column, "--id-column"),
    ):
        if choice is not None:
            chosen(choice, names, source, option, header)
    named = any(len(row) > 1 and row[1].strip() for row in rows[header:])
    return Layout(SMI, header, Columns(names, 0, 1 if named else None))


def _has_header(
    rows: list[list[str]], guess: int | None, delimiter: str, config: ReadConfig
) -> bool:
    if config.header is not None:
        return config.header
    first = rows[0]
    if guess is not None and guess < len(first) and is_molecule(first[guess]):
        return False
    if any(_wanted_name(cell, config) for cell in first):
        return True
    return looks_like_header(rows, guess, table=delimiter not in (SMI, WHITESPACE))


def _names(rows: list[list[str]], header: bool) -> tuple[str, ...]:
    if not header:
        common = Counter(map(len, rows)).most_common(1)[0][0]
        return unique_names([""] * common)
    names = [cell.strip() for cell in rows[0]]
    names[0] = names[0].lstrip("#").strip()
    # R's write.table leaves the column of row names without a header cell.
    if len(rows) > 1 and all(len(row) == len(names) + 1 for row in rows[1:]):
        trailing = all(not row[-1] for row in rows[1:])
        names = [*names, ""] if trailing else ["row_name", *names]
    return unique_names(names)
