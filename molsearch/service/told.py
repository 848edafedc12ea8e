"""What every run says of what it read: columns taken, and the records it could not use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from molsearch.data.failures import write_failures
from molsearch.data.readings import grouped
from molsearch.index.layout import FAILURES, generation_folder
from molsearch.index.reader import IndexReader
from molsearch.schema import REASON, ROW, SOURCE, STAGE, Reading
from molsearch.service.events import Emit, Note
from molsearch.words import counted

_SHOWN = 3  # ways of reading, where a library's files differ


def library_account(reader: IndexReader, failures: str | None) -> dict[str, Any]:
    """Count the records of an index's library that could not be used, and write them out.

    Parameters
    ----------
    failures
        A csv file for the table of failures, or None.

    Returns
    -------
    Counts, the first failure (None where there is none), the file of all of them, and how the
    library's files were read.
    """
    manifest = reader.manifest
    place = generation_folder(reader.path, manifest.generation) / FAILURES
    if failures is not None:
        write_failures([reader.failures()], Path(failures))
    account = account_of_failures([reader.first_failure], manifest.n_in, failures or str(place))
    account["n_failed"] = manifest.n_failed
    account["reading"] = [plain_reading(reading) for reading in manifest.library.reading]
    return account


def account_of_failures(tables: Sequence[pa.Table], n_in: int, place: str) -> dict[str, Any]:
    """Count failures among `n_in` records, and name the first and the `place` of all."""
    first = next((table for table in tables if len(table)), None)
    return {
        "n_in": n_in,
        "n_failed": sum(len(table) for table in tables),
        "first_failure": None if first is None else _first(first),
        "failures": place,
    }


def tell_library(account: dict[str, Any], emit: Emit) -> None:
    """Say in a line each how the library was read and what of it could not be used."""
    for text in (*reading_lines(account["reading"]), *_failure_lines(account)):
        emit(Note(text=text))


def tell_given(readings: Sequence[Reading], emit: Emit) -> None:
    """Say in a line each how files of queries and the like were read.

    Of lines of structures alone there is nothing to say. Molecules without ids are named by
    number; that options change it is not said, since those of a run may be about its library.
    """
    once = dict.fromkeys(one for one in readings if one.format != "smi" or one.molecule_id)
    for text in reading_lines([plain_reading(one) for one in grouped(once)], recorded=False):
        emit(Note(text=text))


def reading_lines(readings: Sequence[dict[str, Any]], *, recorded: bool = True) -> list[str]:
    """Say which columns were taken for structure and id, and what could have been.

    Parameters
    ----------
    recorded
        Whether they are those of a library: a run record has them all, and options change them.
    """
    lines = [_reading_line(reading, options=recorded) for reading in readings[:_SHOWN]]
    more = len(readings) - _SHOWN
    place = ", in run.json" if recorded else ""
    said = f"… and {counted(more, 'other way', 'other ways')} of reading{place}"
    return [*lines, said] if more > 0 else lines


def _reading_line(reading: dict[str, Any], *, options: bool) -> str:
    many = reading["n_sources"] - 1
    line = f"{reading['source']}{f' and {many} more' if many else ''}: structure from "
    line += reading["structure"] + _others(reading["other_structures"])
    if reading["molecule_id"]:
        line += f", id from {reading['molecule_id']}" + _others(reading["other_ids"])
    else:
        option = "--id-field" if reading["structure"] == "mol block" else "--id-column"
        line += "; no ids found, so molecules are mol-1, mol-2, …"
        line += f": name them with {option}" if options else ""
    return "; ".join([line, *reading["notes"]])


def _others(names: Sequence[str]) -> str:
    return f" (not {', '.join(names[:5])})" if names else ""


def _failure_lines(account: dict[str, Any]) -> list[str]:
    n_failed, first = account["n_failed"], account["first_failure"]
    if not n_failed or first is None:
        return []
    line = (
        f"{n_failed:,} of {counted(account['n_in'], 'record')} could not be used; first: "
        f"{first['source']} row {first['row']}: {first['stage']}: {first['reason']}; "
        f"all: {account['failures']}"
    )
    return [line]


def _first(table: pa.Table) -> dict[str, Any] | None:
    rows = table.slice(0, 1).select([SOURCE, ROW, STAGE, REASON]).to_pylist()
    return rows[0] if rows else None


def plain_reading(reading: Reading) -> dict[str, Any]:
    """Write a reading as a run record has it."""
    return asdict(reading)
