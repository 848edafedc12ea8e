"""JSON lines: one object a line, its keys the columns; numbers keep the text they were."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from molsearch.chem.readers.cells import structure_row
from molsearch.chem.readers.columns import Columns, choose_columns
from molsearch.chem.readers.lines import Line, bounded_lines, size_of, unread
from molsearch.chem.readers.rows import OnReading, Row, TooLong, sample, shown
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.usertypes.names import sampled
from molsearch.usertypes.text import text_of

_SAMPLE_LINES = 100
_SAMPLE_BYTES = 1_000_000
_MEND = "write one object a line (jq -c '.[]' FILE.json > FILE.jsonl)"
Values = dict[str, Any]


def read_jsonl(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each filled line.

    Raises
    ------
    InputError
        None of the first lines is an object, or no key holds structures.
    """
    lines = bounded_lines(blocks, config.max_record_bytes)
    first, lines = sample(lines, _SAMPLE_LINES, _SAMPLE_BYTES, size_of)
    read = [line for line in first if isinstance(line, str) and isinstance(_object(line), dict)]
    if not read:
        raise InputError(f"{source}: JSON, but not one object a line; {_MEND}")
    objects = [found for line in read if isinstance(found := _object(line), dict)]
    names = tuple(dict.fromkeys(name for one in objects for name in one))
    cells = [[text_of(one.get(name)) for name in names] for one in objects]
    columns = choose_columns(names, cells, config, source)
    values = [[found.get(name) for name in names] for found in map(json.loads, read)]
    report(columns.reading(source, "jsonl", types=sampled(names, values)))
    return _rows(lines, columns, config)


def _rows(lines: Iterator[Line], columns: Columns, config: ReadConfig) -> Iterator[Row]:
    structure = columns.names[columns.structure]
    named = None if columns.molecule_id is None else columns.names[columns.molecule_id]
    for number, line in enumerate(lines, start=1):
        if isinstance(line, TooLong):
            yield unread(number, line, config.max_record_bytes)
            continue
        if not line.strip():
            continue
        values = _object(line)
        if isinstance(values, str):
            yield Row(number, smiles=shown(line), error=values)
            continue
        cell = text_of(values.pop(structure, None))
        molecule_id = "" if named is None else text_of(values.pop(named, None))
        extra = {name: text_of(value) for name, value in values.items() if value is not None}
        longest, spare = config.max_smiles_length, columns.spare
        yield structure_row(number, molecule_id, cell, extra, longest, structure, spare)


def _object(line: Line) -> Values | str:
    """Return the object of a line, or why there is none."""
    if isinstance(line, TooLong):
        return "too long"
    try:
        found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
        if "\\u" in line:
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "not text: an escape names half of a character"
    except (ValueError, RecursionError) as error:
        return f"not JSON: {str(error)[:200]}"
    if not isinstance(found, dict):
        return f"not a JSON object; {_MEND}"
    return {name: _as_written(value, name, line) for name, value in found.items()}


def _as_written(value: Any, name: str, line: str) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    # Numbers were made text to keep their digits, which must not show as quotes within a list.
    return json.loads(line)[name] if isinstance(value, list | dict) else value
