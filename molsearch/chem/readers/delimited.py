"""Delimited text: every line a row of cells, whatever its quotes do."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from molsearch.chem.readers.cells import structure_row
from molsearch.chem.readers.layout import WHITESPACE, Layout
from molsearch.chem.readers.lines import BARE_RETURN, Line, unread
from molsearch.chem.readers.rows import Row, TooLong, shown
from molsearch.chem.readers.structures import is_molecule
from molsearch.config import ReadConfig

Cells = list[str] | TooLong
_MAX_LINES_A_ROW = 1000


def read_delimited(lines: Iterator[Line], layout: Layout, config: ReadConfig) -> Iterator[Row]:
    """Yield one row for each filled line, or group of lines that a quoted cell joins.

    Missing cells at the end of a row read as empty; a row with more cells than columns is an
    error, since its cells may have shifted.
    """
    # csv refuses cells above this process-wide size; ours are bounded by max_record_bytes.
    csv.field_size_limit(max(csv.field_size_limit(), config.max_record_bytes))
    build = _RowBuilder(layout, config)
    header = layout.header
    shape = Shape(layout.delimiter, len(layout.columns.names), layout.columns.structure)
    for number, cells in numbered_cells(lines, shape, config.max_record_bytes):
        if header:
            header = False
            continue
        yield build(number, cells)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a row of a table looks like, by which stray quotes are told from quoted cells.

    Attributes
    ----------
    delimiter
        One character; a space stands for runs of white space and knows no quotes.
    width
        Number of columns; 0 where it is not known.
    structure
        Position of the structure column.
    """

    delimiter: str
    width: int = 0
    structure: int = 0

    def is_row(self, line: str) -> bool:
        """Whether a line is plainly a row of its own, its quotes taken for characters.

        Text between tabs is seldom quoted, so there a full row is enough; elsewhere it has to
        hold a structure where structures belong.
        """
        cells = line.rstrip("\r").split(self.delimiter)
        if self.width < 2 or len(cells) != self.width:
            return False
        return self.delimiter == "\t" or is_molecule(cells[self.structure].strip('"'))


class _RowBuilder:
    """Turns the cells of a line into a `Row`."""

    def __init__(self, layout: Layout, config: ReadConfig) -> None:
        columns = layout.columns
        self._width = len(columns.names)
        self._smiles = columns.structure
        self._structure = columns.names[columns.structure]
        self._spare = columns.spare
        self._id = columns.molecule_id
        self._config = config
        self._delimiter = layout.delimiter
        kept = columns.kept
        self._kept = [(columns.names[position], position) for position in kept]
        self._names = [columns.names[position] for position in kept]
        self._values = itemgetter(*kept) if len(kept) > 1 else None

    def __call__(self, number: int, cells: Cells) -> Row:
        if isinstance(cells, TooLong):
            return unread(number, cells, self._config.max_record_bytes)
        if len(cells) != self._width:
            if len(cells) > self._width and any(cells[self._width :]):
                return self._too_many(number, cells)
            cells = (cells + [""] * self._width)[: self._width]
        if self._values is not None:
            extra = dict(zip(self._names, self._values(cells), strict=True))
        else:
            extra = {name: cells[position] for name, position in self._kept}
        molecule_id = "" if self._id is None else cells[self._id]
        longest = self._config.max_smiles_length
        cell = cells[self._smiles]
        row = structure_row(number, molecule_id, cell, extra, longest, self._structure, self._spare)
        if row.error and "\t" in cell.strip() and self._delimiter != "\t":
            # More than an odd character: the row is of a file that was separated by tabs.
            error = f"SMILES holds a tab where the file is separated by {self._delimiter!r}"
            return row._replace(error=error)
        return row

    def _too_many(self, number: int, cells: list[str]) -> Row:
        text = self._delimiter.join(cells[:50])
        error = (
            f"{len(cells)} cells where the file has {self._width} columns: "
            f"quote the cells that hold {self._delimiter!r}"
        )
        return Row(number, smiles=shown(text), error=error)


def numbered_cells(lines: Iterator[Line], shape: Shape, limit: int) -> Iterator[tuple[int, Cells]]:
    """Split lines into cells; each comes with the number of its first physical line.

    Parameters
    ----------
    lines
        Lines as `bounded_lines` yields them.
    shape
        What a row looks like.
    limit
        Longest row that quoted line ends may join, in bytes.
    """
    delimiter = shape.delimiter
    feed = _Feed(lines)
    number = 0
    for line in feed:
        first, number = number + 1, number + 1
        if isinstance(line, TooLong):
            yield first, line
        elif not line or line.isspace():
            continue
        elif delimiter == WHITESPACE:
            yield first, line.split()
        elif '"' not in line:
            # Without quotes csv does no more than this, several times slower.
            yield first, (line.rstrip("\r") if line[-1] == "\r" else line).split(delimiter)
        else:
            cells, taken = _quoted(line, feed, shape, limit)
            number += taken
            yield first, cells


class _Feed:
    """Lines that can be put back, so that a stray quote costs no row."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._returned: deque[Line] = deque()

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._returned.popleft() if self._returned else next(self._lines)

    def put_back(self, lines: list[Line]) -> None:
        self._returned.extendleft(reversed(lines))


def _quoted(line: str, feed: _Feed, shape: Shape, limit: int) -> tuple[list[str], int]:
    """Cells of a row that holds quotes, and how many more lines it took.

    A quote that opens a cell and is never closed properly, or only after lines that are rows of
    their own, is taken for a character of its cell, and the lines looked at are read again.
    """
    cells = _strict(line, shape.delimiter)
    if cells is not None:
        return cells, 0
    if not _is_open(line, shape.delimiter):
        return _lenient(line.rstrip("\r"), shape), 0
    taken: list[Line] = []
    cells = _joined(line, feed, shape, limit, taken)
    if cells is not None:
        return cells, len(taken)
    feed.put_back(taken)
    return line.rstrip("\r").split(shape.delimiter), 0


def _joined(
    line: str, feed: _Feed, shape: Shape, limit: int, taken: list[Line]
) -> list[str] | None:
    """Cells of `line` and the lines that close its quotes, which are added to `taken`."""
    size, budget = len(line), 4 * limit
    # Of a cell that really spans lines, the first line is no whole row, or those below are none.
    alone = shape.is_row(line)
    while len(taken) < _MAX_LINES_A_ROW and size <= limit and budget > 0:
        following = next(feed, None)
        if following is None:
            return None
        taken.append(following)
        if isinstance(following, TooLong) or (alone and shape.is_row(following)):
            return None
        size += len(following) + 1
        if '"' not in following:
            continue
        budget -= size
        text = "\n".join([line, *(piece for piece in taken if isinstance(piece, str))])
        text = text.replace(f"{BARE_RETURN}\n", "\r")
        cells = _strict(text, shape.delimiter)
        if cells is not None or not _is_open(text, shape.delimiter):
            return cells
    return None


def _strict(text: str, delimiter: str) -> list[str] | None:
    """Cells of a text whose quotes are all in order, else None."""
    try:
        return next(csv.reader([text.rstrip("\r")], delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _lenient(text: str, shape: Shape) -> list[str]:
    """Cells of a line whose quotes are out of order: as they are, or as csv makes sense of them."""
    cells = text.split(shape.delimiter)
    if len(cells) == shape.width:
        return cells
    try:
        return next(csv.reader([text], delimiter=shape.delimiter))
    except csv.Error:
        return cells


def _is_open(text: str, delimiter: str) -> bool:
    """Whether the text ends inside a quoted cell."""
    try:
        next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False
