"""Hit lists as csv, tsv, parquet or SDF: written whole or not at all."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Literal

import pandas as pd
import pyarrow as pa

from molsearch.errors import UsageError
from molsearch.io import parquet
from molsearch.io.atomic import write_through
from molsearch.sdtags import item_text

TableFormat = Literal["csv", "tsv", "parquet", "sdf"]
_SUFFIXES: dict[str, TableFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".sdf": "sdf",
}
# What a spreadsheet takes for a formula, and what begins like one but is a number.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-](?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?")
_FLOATS = "%.6g"


def table_format(path: Path | str, *, structures: bool = True) -> TableFormat:
    """Tell the format from a file's name: ``.csv .tsv .sdf``, each also ``.gz``, or ``.parquet``.

    Parameters
    ----------
    structures
        Whether SDF is among those that a refusal names.

    Raises
    ------
    UsageError
        The name has another suffix.
    """
    name = str(path).lower()
    plain = name.removesuffix(".gz")
    found = _SUFFIXES.get(Path(plain).suffix)
    if found is None or (found == "parquet" and plain != name):
        raise UsageError(
            f"{path}: the name does not tell a format; end it in .csv, .tsv"
            f"{', .sdf' if structures else ''} (each also .gz) or .parquet"
        )
    return found


def write_frame(
    frame: pd.DataFrame, path: Path, *, excel_safe: bool = False, verbatim: Collection[str] = ()
) -> None:
    """Write a table to csv, tsv (plain or gzip) or parquet, atomically.

    Parameters
    ----------
    excel_safe
        Put an apostrophe before text cells that a spreadsheet would run as a formula.
    verbatim
        Columns that are left as they are all the same (structures).
    """
    kind = table_format(path)

    def fill(handle: IO[bytes]) -> None:
        if kind == "parquet":
            frame.to_parquet(handle, index=False)
            return
        with _as_text(handle, gzipped=path.name.lower().endswith(".gz")) as text:
            write_text_table(frame, text, kind, excel_safe=excel_safe, verbatim=verbatim)

    write_through(path, fill)


def write_frames(
    frames: Iterable[pd.DataFrame],
    path: Path,
    *,
    excel_safe: bool = False,
    verbatim: Collection[str] = (),
) -> None:
    """Write a table that comes some rows at a time, all with the same columns; see `write_frame`.

    No more of it is held than comes at a time.
    """
    kind = table_format(path)
    parts = iter(frames)
    first = next(parts)
    if kind == "parquet":
        table = pa.Table.from_pandas(first, preserve_index=False)
        with parquet.writing(path, table.schema) as writer:
            writer.write_table(table)
            for part in parts:
                more = pa.Table.from_pandas(part, table.schema, preserve_index=False)
                writer.write_table(more)
        return

    def fill(handle: IO[bytes]) -> None:
        with _as_text(handle, gzipped=path.name.lower().endswith(".gz")) as text:
            for part in chain([first], parts):
                write_text_table(
                    part, text, kind,
                    excel_safe=excel_safe, verbatim=verbatim, header=part is first,
                )  # fmt: skip

    write_through(path, fill)


def write_text_table(
    frame: pd.DataFrame,
    handle: IO[str],
    kind: TableFormat = "csv",
    *,
    excel_safe: bool = False,
    verbatim: Collection[str] = (),
    header: bool = True,
) -> None:
    """Write a table as csv or tsv text to an open handle."""
    if excel_safe:
        frame = defused(frame, verbatim)
    separator = "\t" if kind == "tsv" else ","
    frame.to_csv(
        handle, sep=separator, index=False, header=header, float_format=_FLOATS, lineterminator="\n"
    )


def defused(frame: pd.DataFrame, verbatim: Collection[str] = ()) -> pd.DataFrame:
    """Prefix text cells and headers that begin like a formula with an apostrophe.

    Numbers, as such or as text (``-9.1``), and the columns `verbatim` (structures) stay so.
    """
    safe = frame.copy()
    for name in safe.columns:
        numeric = pd.api.types.is_numeric_dtype(safe[name]) or name in verbatim
        if not numeric:
            safe[name] = safe[name].map(_defused, na_action="ignore")
    return safe.rename(columns={name: _defused(str(name)) for name in safe.columns})


def write_sdf(entries: Iterable[tuple[str, Mapping[str, object]]], path: Path) -> None:
    """Write mol blocks, each with its tags, atomically; nothing is held but the current one.

    Text comes back as it was when the file is read again; see `molsearch.sdtags`. What is missing
    is an empty value.
    """

    def fill(raw: IO[bytes]) -> None:
        with _as_text(raw, gzipped=path.name.lower().endswith(".gz")) as handle:
            for block, tags in entries:
                handle.write(block if block.endswith("\n") else block + "\n")
                for name, value in tags.items():
                    handle.write(item_text(str(name), _tag_value(value)))
                handle.write("$$$$\n")

    write_through(path, fill)


@contextmanager
def _as_text(raw: IO[bytes], *, gzipped: bool) -> Iterator[IO[str]]:
    if not gzipped:
        text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
        yield text
        text.detach()  # flushed; the handle stays its owner's
        return
    with (
        # No name and no time in the header: equal tables are equal files.
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as handle,
    ):
        yield handle


def _defused(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(_FORMULA) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"


def _tag_value(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None or bool(pd.isna(value)):  # type: ignore[call-overload]
        return ""
    return _FLOATS % value if isinstance(value, float) else str(value)
