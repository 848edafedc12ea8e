"""Measured activities to the table that training reads, from request to files and account."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from molsearch.bench.audit.flags import Known, flagged, read_known
from molsearch.data.convert import Converted, read_uniprot_map
from molsearch.data.convert import convert as convert_sources
from molsearch.data.numbers import undecided_note
from molsearch.errors import UsageError
from molsearch.io.runs import write_run
from molsearch.io.tables import table_format, write_frame
from molsearch.service.events import Done, Emit, Note, Progress, silent
from molsearch.service.outputs import refuse_clashes
from molsearch.service.requests import ConvertRequest
from molsearch.words import counted, noun

_SHOWN = 5  # names in a note


@dataclass(frozen=True)
class Conversion:
    """A table that was made, and what made it.

    Attributes
    ----------
    found
        The activities, marked where benchmarks were named, and what was left out.
    known
        The benchmarks by which they are marked; None where none were named.
    account
        Counts, files, and the request.
    """

    found: Converted
    known: Known | None
    account: dict[str, Any]


def convert(request: ConvertRequest, emit: Emit = silent) -> Conversion:
    """Convert sources, and write the table and, beside it, what was left out.

    Raises
    ------
    UsageError
        The output is no table of activities, or is there already.
    InputError
        A source cannot be read, or holds no usable measurement.
    """
    started = time.monotonic()
    output = Path(request.output)
    refuse_clashes(request)
    _check(output, overwrite=request.overwrite)
    accessions = read_uniprot_map(Path(request.uniprot_map)) if request.uniprot_map else None
    known = None
    if request.benchmarks is not None:
        counter = _Counter("reading benchmarks", emit)
        known = read_known(
            Path(request.benchmarks), workers=request.workers, on_progress=counter.update
        )
        counter.end()
    counter = _Counter("standardising", emit)
    found = convert_sources(
        [Path(source) for source in request.sources],
        uniprot_map=accessions,
        target=request.target,
        workers=request.workers,
        on_progress=counter.update,
    )
    counter.end()
    for name, value in found.undecided.items():
        emit(Note(text=f"{name}: {undecided_note(value)}", important=True))
    for line in _told(found, request):
        emit(Note(text=line, important=True))
    if known is not None:
        found = replace(found, activities=flagged(found.activities, known))
    left_out = failures_file(output)
    write_frame(found.failures, left_out)
    write_frame(found.activities, output)
    account = {
        **counts(found),
        "output": str(output),
        "failures": str(left_out),
        "request": request.model_dump(mode="json"),
        "seconds": round(time.monotonic() - started, 2),
    }
    write_run(output.with_name(output.name + ".run.json"), "data convert", account)
    emit(Done(verb="data_convert", account=account))
    return Conversion(found, known, account)


def failures_file(output: Path) -> Path:
    """Where the measurements that were left out go."""
    return output.with_name(f"{output.name.split('.')[0]}-failures.csv")


def counts(found: Converted) -> dict[str, int]:
    """Count what was read and made."""
    table = found.activities
    flags = [name for name in table if str(name).startswith("is_")]
    return {
        "n_in": found.n_measurements,
        "n_ok": int(table["n_values"].sum()),
        "n_failed": len(found.failures),
        "disagreeing": found.n_disagreeing,
        "measurements": found.n_measurements,
        "left_out": len(found.failures),
        "pairs": len(table),
        "molecules": int(table["inchikey"].str[:14].nunique()),
        "targets": int(table["uniprot"].nunique()),
        **{f"pairs_{tier}": int(n) for tier, n in table["tier"].value_counts().items()},
        **{str(name): int(table[name].sum()) for name in flags},
    }


def _told(found: Converted, request: ConvertRequest) -> list[str]:
    """Say what a user would not look for in the table: no actives, targets without accessions."""
    lines = []
    for name, columns in found.without_actives.items():
        # Every inactive of an assay may be rightly so; a column that was passed over is not.
        unread = f"; columns of numbers that are not read: {_listed(columns)}" if columns else ""
        mend = ": rename the one of activities to value, with a column units" if columns else ""
        lines.append(f"{name}: not one active (1 µM or better){unread}{mend}")
    if names := found.unmapped:
        have = noun(len(names), "has", "have")
        given = request.uniprot_map
        mend = "--uniprot-map gives them" if given is None else f"not in {given}"
        line = f"{counted(len(names), 'target')} {have} no accession ({_listed(names)}): {mend}"
        if request.benchmarks is not None:
            line += "; benchmark targets among them are marked by name alone"
        lines.append(line)
    return lines


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")


def _check(output: Path, *, overwrite: bool) -> None:
    if table_format(output) == "sdf":
        raise UsageError(f"{output}: an activity table is .parquet, .csv or .tsv")
    if output.exists() and not overwrite:
        raise UsageError(f"{output}: exists; give --overwrite to replace it")


class _Counter:
    """Counts of a stage as events."""

    def __init__(self, stage: str, emit: Emit) -> None:
        self._stage, self._emit, self._done = stage, emit, 0
        self.update(0)

    def update(self, done: int) -> None:
        self._done = done
        self._emit(Progress(stage=self._stage, done=done))

    def end(self) -> None:
        self._emit(Progress(stage=self._stage, done=self._done, ended=True))
