"""Excel workbooks (.xlsx), streamed row by row: each sheet that holds structures is read."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Any, BinaryIO

from molsearch.chem.readers.cells import structure_row
from molsearch.chem.readers.layout import Layout, name_columns
from molsearch.chem.readers.rows import OnReading, Row
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import ColumnType
from molsearch.usertypes.names import sampled
from molsearch.usertypes.text import text_of

WORKBOOK = "xl/workbook.xml"
_SAMPLE_ROWS = 100
# A number format such as 000000, in which leading zeros belong to an id.
_PADDED = re.compile(r"0{2,}")
Cells = tuple[int, list[object]]


def read_workbook(
    file: BinaryIO, config: ReadConfig, source: str, report: OnReading
) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield the name and the rows of each sheet that holds structures.

    Cells come as text: numbers as Excel stores them, dates in ISO form, formulas by the value
    that was last computed; types of columns are those of the cells in the sample. The name is the
    source's own where one sheet alone has structures.

    Raises
    ------
    InputError
        Not a workbook that can be read, or no sheet with a structure column.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile, SyntaxError) as error:
        raise InputError(
            f"{source}: damaged workbook ({' '.join(str(error).split())[:200]}); "
            "save it again, or save the sheet as CSV"
        ) from error
    with closing(book):
        layouts: dict[str, Layout] = {}
        types: dict[str, tuple[ColumnType, ...]] = {}
        refused: list[InputError] = []
        left_out: list[str] = []
        for sheet in book.worksheets:
            rows = [cells for _, cells in islice(_filled(sheet), _SAMPLE_ROWS)]
            if not rows:
                continue
            try:
                layout = name_columns(_texts(rows), ",", config, source)
                layouts[sheet.title] = layout
                types[sheet.title] = _types(rows, layout)
            except InputError as error:
                refused.append(error)
                left_out.append(sheet.title)
        if not layouts:
            raise (
                refused[0]
                if refused
                else InputError(f"{source}: the workbook is empty; give one that holds molecules")
            )
        for title, layout in layouts.items():
            name = source if len(layouts) == 1 else f"{source}/{title}"
            notes = [f"read from sheet {title!r}"] if len(book.worksheets) > 1 else []
            notes += [f"sheet {other!r} holds no structures and is left out" for other in left_out]
            left_out = []
            report(layout.columns.reading(name, "xlsx", notes, types[title]))
            yield name, _rows(_filled(book[title]), layout, config)


def _filled(sheet: Any) -> Iterator[Cells]:
    """Yield the number and the values of each row that is not empty."""
    sheet.reset_dimensions()  # some programs write wrong ones
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_value(cell) for cell in row]
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if any(text_of(cell).strip() for cell in cells):
            yield number, cells


def _even(rows: list[list[object]]) -> list[list[object]]:
    width = max(map(len, rows))
    return [row + [None] * (width - len(row)) for row in rows]


def _texts(rows: list[list[object]]) -> list[list[str]]:
    return [[text_of(cell) for cell in row] for row in _even(rows)]


def _types(rows: list[list[object]], layout: Layout) -> tuple[ColumnType, ...]:
    return sampled(layout.columns.names, _even(rows)[int(layout.header) :])


def _rows(rows: Iterator[Cells], layout: Layout, config: ReadConfig) -> Iterator[Row]:
    columns = layout.columns
    names, width = columns.names, len(columns.names)
    named = names[columns.structure]
    for number, cells in islice(rows, int(layout.header), None):
        cells += [None] * (width - len(cells))
        kept = {names[position]: cells[position] for position in columns.kept}
        # A row may be wider than those of the sample; what stands there is kept too.
        kept |= {f"column_{p + 1}": cells[p] for p in range(width, len(cells))}
        extra = {name: text_of(value) for name, value in kept.items() if value is not None}
        molecule_id = "" if columns.molecule_id is None else text_of(cells[columns.molecule_id])
        structure = text_of(cells[columns.structure])
        longest, spare = config.max_smiles_length, columns.spare
        yield structure_row(number, molecule_id, structure, extra, longest, named, spare)


def _value(cell: Any) -> object:
    value = cell.value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        padded = _PADDED.fullmatch(str(cell.number_format or ""))
        return str(value).zfill(len(padded[0])) if padded else value
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date()
    return value
