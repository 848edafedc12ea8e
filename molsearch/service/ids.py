"""Lists of molecule ids: one a line, or a column of a table such as a hit list."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from molsearch.chem.readers.streams import open_blocks
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import MOLECULE_ID

_TABLES = {".csv": ",", ".tsv": "\t"}  # suffix -> what stands between its columns, as a rule
_DELIMITERS = ";\t,"
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_SHOWN = 8


_HINT = "name the one with the ids by --id-column"


def read_ids(
    source: str, column: str | None = None, *, hint: str = _HINT, verbatim: bool = False
) -> list[str]:
    """Read ids, each once and in their order.

    Parameters
    ----------
    source
        A ``.csv``, ``.tsv`` or ``.parquet`` with a column of ids, a text with one id a line, or
        ``-`` for such a text from standard input.
    column
        Of a table; ``molecule_id`` by default, or the only one.
    hint
        What to do where a table has no such column.
    verbatim
        Whether lines of a text keep their outer blanks, which those of a table always do.

    Raises
    ------
    InputError
        It cannot be read, has no such column, or holds no id.
    """
    suffix = _suffix(source)
    if suffix == ".parquet":
        ids = _of_parquet(source, column, hint)
    else:
        text = b"".join(open_blocks(source, ReadConfig())).decode("utf-8", "replace")
        if "\0" in text:
            raise InputError(
                f"{source} is no text; save its ids as a text, one a line, or as a csv file (UTF-8)"
            )
        if suffix in _TABLES:
            ids = _of_table(source, text, _delimiter(text, _TABLES[suffix]), column, hint)
        elif column is not None:
            raise InputError(f"{source} is a list, which has no column {column!r}; leave it out")
        else:
            lines = text.splitlines()
            ids = [line if verbatim and line.strip() else line.strip() for line in lines]
    found = list(dict.fromkeys(one for one in ids if one))
    if not found:
        raise InputError(f"{source} holds no id; give one a line, or a table with a column of ids")
    return found


def is_list(source: str) -> bool:
    """Whether ids are read as a text with one a line, rather than from a column."""
    return _suffix(source) not in (".parquet", *_TABLES)


def _suffix(source: str) -> str:
    path = Path(source)
    return (path.with_suffix("") if path.suffix.lower() in _PACKED else path).suffix.lower()


def _delimiter(text: str, usual: str) -> str:
    """Tell what stands between columns by the header: a spreadsheet's csv may have semicolons."""
    header = next(iter(text.splitlines()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    return usual if usual in bare else next((one for one in _DELIMITERS if one in bare), usual)


def _of_table(source: str, text: str, delimiter: str, column: str | None, hint: str) -> list[str]:
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        header = next(rows, [])
        place = header.index(_column(source, header, column, hint))
        return [row[place] for row in rows if len(row) > place]
    except csv.Error as error:
        raise InputError(f"{source}: not a table ({error}); give one id a line") from error


def _of_parquet(source: str, column: str | None, hint: str) -> list[str]:
    try:
        header = pq.read_schema(source).names
        name = _column(source, header, column, hint)
        values = pq.read_table(source, columns=[name]).column(0)
        return [one for one in values.cast(pa.string()).to_pylist() if one is not None]
    except (OSError, pa.ArrowException) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise InputError(f"{source} cannot be read ({reason}); check the path") from error


def _column(source: str, header: Sequence[str], column: str | None, hint: str) -> str:
    wanted = column or MOLECULE_ID
    if wanted in header:
        return wanted
    if column is None and len(header) == 1:
        return header[0]
    names = ", ".join(header[:_SHOWN]) + (", …" if len(header) > _SHOWN else "")
    raise InputError(f"{source} has no column {wanted!r} (it has {names}); {hint}")
