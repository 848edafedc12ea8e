"""Picks as a workbook: drawn structures, numbers as numbers, a map of the plate, what it cost."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from molsearch import schema
from molsearch.chem.bitmap import png
from molsearch.io.atomic import replacing
from molsearch.picks.config import PickConfig
from molsearch.picks.pick import Picks
from molsearch.picks.plate import SHAPES
from molsearch.picks.values import MOST_EXACT
from molsearch.picks.wells import PICK, PLATE, ROLE, WELL

_IMAGE = (210, 130)  # pixels as shown; drawn at twice that
_ROW_HEIGHT = 100.0  # points
_IMAGE_WIDTH = 30  # characters
_MOST_IMAGES = 5000
_LONGEST = 32_767  # characters of a cell
_COLOURS = {PICK: "#e3f0fb", "query": "#cdebd0", "inactive": "#f6d3d0"}
_STRUCTURE = "structure"
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001  equal picks are equal files


def write_workbook(picks: Picks, config: PickConfig, path: Path) -> None:
    """Write an .xlsx, atomically; text is never run as a formula or a link."""
    options = {
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "in_memory": True, "nan_inf_to_errors": False,
    }  # fmt: skip
    with replacing(path) as temporary:
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, options) as book:
            book.set_properties({"title": "Picks", "created": _EPOCH})
            _write_picks(book, picks)
            if config.plate is not None:
                _write_plates(book, picks.frame, config.plate)
            _write_account(book, picks.words, config)
        temporary.write_bytes(buffer.getvalue())


def _write_picks(book: Any, picks: Picks) -> None:
    sheet = book.add_worksheet("picks")
    bold = book.add_format({"bold": True, "bottom": 1, "valign": "vcenter"})
    middle = book.add_format({"valign": "vcenter"})
    frame = picks.frame
    place = [*frame.columns].index(schema.SMILES)
    names = [*frame.columns[:place], _STRUCTURE, *frame.columns[place:]]
    for column, name in enumerate(names):
        sheet.write_string(0, column, str(name)[:_LONGEST], bold)
    drawn = len(frame) <= _MOST_IMAGES
    for row, (values, parent) in enumerate(
        zip(frame.itertuples(index=False, name=None), picks.parents, strict=True), start=1
    ):
        if drawn:
            sheet.set_row(row, _ROW_HEIGHT)
            _draw(sheet, row, place, parent)
        cells = [*values[:place], None, *values[place:]]
        for column, value in enumerate(cells):
            _write(sheet, row, column, value, middle)
    for column, name in enumerate(names):
        width = _IMAGE_WIDTH if name == _STRUCTURE else _width(frame, str(name))
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, place + 1)
    sheet.autofilter(0, 0, len(frame), len(names) - 1)


def _draw(sheet: Any, row: int, column: int, parent: str) -> None:
    image = io.BytesIO(png(parent, (2 * _IMAGE[0], 2 * _IMAGE[1])))
    # Position 1: the image moves and hides with its cell, so that the sheet can be filtered.
    placed = {"image_data": image, "x_scale": 0.5, "y_scale": 0.5, "object_position": 1,
              "x_offset": 2, "y_offset": 1, "description": parent[:250]}  # fmt: skip
    sheet.insert_image(row, column, f"{row}.png", placed)


def _write(sheet: Any, row: int, column: int, value: Any, style: Any) -> None:
    """Write a cell by the type of its value; what is missing stays empty."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return
    if isinstance(value, bool | np.bool_):
        sheet.write_boolean(row, column, bool(value), style)
    elif isinstance(value, str):
        sheet.write_string(row, column, value[:_LONGEST], style)
    elif pd.api.types.is_number(value) and _fits(value):
        sheet.write_number(row, column, value, style)
    else:
        sheet.write_string(row, column, str(value)[:_LONGEST], style)


def _fits(value: Any) -> bool:
    """Whether a workbook, which keeps floats alone, can hold a number."""
    if isinstance(value, Decimal):
        return Decimal(repr(float(value))) == value
    return not pd.api.types.is_integer(value) or abs(int(value)) <= MOST_EXACT


def _width(frame: pd.DataFrame, name: str) -> float:
    longest = max((len(str(value)) for value in frame[name].head(200)), default=0)
    return float(min(40, max(len(name) + 3, longest + 1)))


def _write_plates(book: Any, frame: pd.DataFrame, size: int) -> None:
    """Draw each plate as a map of ids, coloured by what stands there."""
    n_rows, n_columns = SHAPES[size]
    head = book.add_format({"bold": True, "align": "center"})
    styles = {
        role: book.add_format(
            {"bg_color": colour, "border": 1, "text_wrap": True, "font_size": 8, "valign": "top"}
        )
        for role, colour in _COLOURS.items()
    }
    for number, wells in frame.groupby(PLATE):
        sheet = book.add_worksheet(f"plate {number}")
        for column in range(1, n_columns + 1):
            sheet.write_number(0, column, column, head)
        for row in range(n_rows):
            sheet.write_string(row + 1, 0, chr(ord("A") + row), head)
            sheet.set_row(row + 1, 36)
        sheet.set_column(1, n_columns, 14)
        names = wells[[WELL, ROLE, schema.MOLECULE_ID]].itertuples(index=False, name=None)
        for well, role, name in names:
            row, column = ord(well[0]) - ord("A") + 1, int(well[1:])
            sheet.write_string(row, column, str(name)[:_LONGEST], styles[role])
        for place, (role, style) in enumerate(styles.items()):
            sheet.write_string(n_rows + 2, 1 + place, role, style)


def _write_account(book: Any, words: Sequence[str], config: PickConfig) -> None:
    sheet = book.add_worksheet("summary")
    bold = book.add_format({"bold": True})
    row = 0
    for row, line in enumerate(words):
        sheet.write_string(row, 0, line)
    sheet.write_string(row + 2, 0, "asked for", bold)
    given = config.model_dump(mode="json", exclude_defaults=True)
    for number, (name, value) in enumerate(given.items(), start=row + 3):
        sheet.write_string(number, 0, f"{name}: {value}")
    sheet.set_column(0, 0, 120)
