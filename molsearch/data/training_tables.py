"""Tables that training reads: names as text, flags as flags, all else in one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pandas.api import types

from molsearch.errors import InputError
from molsearch.io import parquet

BENCHMARK_MOLECULE = "is_benchmark_molecule"
DEV_TARGET, BENCHMARK_TARGET = "is_dev_target", "is_benchmark_target"
IS_POOL = "is_pool_molecule"
#: Endings of the files that `read_table` reads.
TABLES = (".parquet", ".csv", ".tsv")
_FLAGS = (BENCHMARK_MOLECULE, DEV_TARGET, BENCHMARK_TARGET, IS_POOL, "is_query", "lite")
_NAMES = ("smiles", "inchikey", "tier", "target", "label")
_WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0", ""), False),
}


def read_table(
    path: Path, what: str, columns: Sequence[str], numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """Read a parquet, csv or tsv table that must have some columns.

    Molecules, targets and the like come as text, whatever a spreadsheet made of them, an empty
    cell as none; flags come as bool, an empty cell as false.

    Parameters
    ----------
    what
        What the table is, for messages.
    columns
        Names that it must have, as text where they are no flags.
    numbers
        Further names that it must have, as they come.

    Raises
    ------
    InputError
        It is absent, no table, lacks a column, or a flag is neither true nor false.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such {what}; set MOLSEARCH_DATA or data in the config")
    table = _parquet(path) if path.suffix == ".parquet" else _delimited(path)
    missing = [name for name in (*columns, *numbers) if name not in table]
    if missing:
        raise InputError(
            f"{path}: no column {missing[0]!r}; it has {', '.join(map(str, table.columns))}"
        )
    flags = {name: _flag(table[name], path) for name in _FLAGS if name in table}
    names = [n for n in dict.fromkeys((*columns, *_NAMES)) if n in table and n not in flags]
    return table.assign(**flags, **{name: _text(table[name]) for name in names})


def _parquet(path: Path) -> pd.DataFrame:
    try:
        return parquet.read_frame(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as parquet ({_first(error)})") from None


def _delimited(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig") as handle:
            delimiter = max(",\t;", key=handle.readline().count)
        table = pd.read_csv(
            path, sep=delimiter, dtype=str, keep_default_na=False, encoding="utf-8-sig"
        )
    except (OSError, ValueError) as error:  # what pandas raises of a bad table is a ValueError
        raise InputError(
            f"{path}: cannot be read as a table ({_first(error)}); save it as csv in UTF-8, with a "
            "line of names at its top"
        ) from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is too much for an index
        raise InputError(f"{path}: its records have more cells than there are names at its top")
    return table


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _text(column: pd.Series) -> pd.Series:
    """Names as text: 12 of a column with gaps, which pandas made 12.0, is 12."""
    if types.is_float_dtype(column):
        column = column.map(lambda one: "" if np.isnan(one) else f"{one:.15g}")
    return column.astype(object).where(column.notna(), "").astype(str)


def _flag(column: pd.Series, path: Path) -> NDArray[np.bool_]:
    if column.dtype == bool:
        return column.to_numpy(bool)
    words = _text(column).str.strip().str.lower()
    found = words.map(_WORDS)
    wrong = found.isna().to_numpy()
    if wrong.any():
        row = int(wrong.argmax())
        value = words.iloc[row]
        raise InputError(
            f"{path}: record {row + 1}: {column.name} is {value!r}, neither true nor false"
        )
    return found.to_numpy(bool)
