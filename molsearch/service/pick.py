"""Picks of a hit list, from request to plate: checks before work, outputs, account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from molsearch.chem.readers.rows import OnReading
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import InputError, UsageError
from molsearch.io.runs import write_run
from molsearch.picks.output import XLSX, check_output, write_picks
from molsearch.picks.pick import Picks
from molsearch.picks.pick import pick as choose
from molsearch.picks.table import HitTable, read_table
from molsearch.picks.wells import Control
from molsearch.schema import Reading
from molsearch.service.events import Done, Emit, Note, silent
from molsearch.service.outputs import refuse_clashes
from molsearch.service.requests import Ligand, PickRequest
from molsearch.service.told import tell_given

_Role = Literal["query", "inactive"]
_FLAT = PrepareConfig(n_conformers=0)


@dataclass(frozen=True)
class Picked:
    """Picks, and everything that made them."""

    picks: Picks
    account: dict[str, Any]


def pick(request: PickRequest, emit: Emit = silent, *, table: HitTable | None = None) -> Picked:
    """Pick from a hit list, and write what the request names.

    Parameters
    ----------
    table
        Hits at hand, in place of the file that the request names.

    Raises
    ------
    UsageError, InputError
        As of `molsearch.picks.pick.pick`; an output exists; the hit list or a control cannot be
        read.
    """
    outputs = [Path(one) for one in (request.output, *request.also) if one is not None]
    refuse_clashes(request)
    for path in outputs:
        check_output(path, overwrite=request.overwrite)
    if table is None:
        if request.hits is None:
            raise UsageError("name the hit list")
        table = read_table(request.hits, request.read)
    readings: list[Reading] = []
    picks = choose(table, request.config, [*_controls(request, readings.append)])
    tell_given(readings, emit)
    for path in outputs:
        write_picks(picks, request.config, path, excel_safe=request.excel_safe)
    for line in picks.words:
        emit(Note(text=line))
    if any(path.suffix.lower() in (".parquet", XLSX) for path in outputs):
        for line in table.notes:
            emit(Note(text=line))
    account = account_of(request, picks, table)
    if outputs:
        write_run(outputs[0].with_name(outputs[0].name + ".run.json"), "pick", account)
    emit(Done(verb="pick", account=account))
    return Picked(picks, account)


def account_of(request: PickRequest, picks: Picks, table: HitTable) -> dict[str, Any]:
    """Everything that made picks, for ``run.json``."""
    return {
        "output": request.output,
        "n_picks": picks.account.picks.n,
        "request": request.model_dump(mode="json"),
        "picks": picks.account.record(),
        "words": picks.words,
        "failures": [
            {"row": one.row, "molecule_id": one.molecule_id, "reason": one.reason}
            for one in table.failures
        ],
    }


def _controls(request: PickRequest, on_reading: OnReading) -> Iterator[Control]:
    # Those named by hand stand first: wells may not suffice for all of a run.
    yield from _read(request.positive, "query", on_reading)
    yield from _read(request.negative, "inactive", on_reading)
    if request.controls:
        yield from _of_run(request)


def _read(texts: Sequence[Ligand], role: _Role, on_reading: OnReading) -> Iterator[Control]:
    if not texts:
        return
    from molsearch.search.queries import read_queries

    for one in read_queries(texts, ReadConfig(), _FLAT, on_reading):
        yield Control(one.query_id, one.first.smiles, one.first.parent_smiles, role)


def _of_run(request: PickRequest) -> Iterator[Control]:
    """Take the queries and inactives that the record beside the hit list names."""
    if request.hits is None:
        raise UsageError("hits at hand have no run record; give controls by positive and negative")
    path = Path(f"{request.hits}.run.json")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        queries = record["queries"]
        inactives = (record.get("inactives") or {}).get("molecules", [])
        for role, some in (("query", queries), ("inactive", inactives)):
            for one in some:
                yield Control(one["id"], one["smiles"], one["parent_smiles"], role)  # type: ignore[arg-type]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"--controls: {path} is no record of a screen; give the molecules with --positive and "
            "--negative"
        ) from error
