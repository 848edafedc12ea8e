"""Whether a prepared set or an index is as it was written, byte by byte."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from molsearch.data.prepared import PreparedSet
from molsearch.errors import IndexCorruptError, UnfinishedError, UsageError
from molsearch.index.reader import find_index
from molsearch.index.unfinished import look_at_unfinished
from molsearch.index.verify import clean, verify_index
from molsearch.io.folders import Found, Kind, look
from molsearch.service.events import Done, Emit, Note, silent
from molsearch.service.requests import VerifyRequest
from molsearch.words import counted


def verify(request: VerifyRequest, emit: Emit = silent) -> dict[str, Any]:
    """Read every file whole, and compare it with its checksum; returns the account.

    Raises
    ------
    IndexCorruptError
        Something is damaged.
    UnfinishedError
        It is sound as far as it goes.
    UsageError, InputError
        There is nothing that could be checked, or cleaned.
    """
    account = check(request)
    judge(account, emit)
    emit(Done(verb="verify", account=account))
    return account


def judge(account: dict[str, Any], emit: Emit) -> None:
    """Tell every problem that a check has found; the last one is the error."""
    problems = account["problems"]
    if problems:
        for problem in problems[:-1]:
            emit(Note(text=f"molsearch: {problem}", important=True))
        raise IndexCorruptError(problems[-1])
    if not account["complete"]:
        path = account["path"]
        raise UnfinishedError(
            f"{path} is {look(path)} ({account['state']}): what there is is sound; repeat the "
            "command that began it, which goes on where it stopped"
        )


def check(request: VerifyRequest) -> dict[str, Any]:
    """Find what is damaged; a sound index is cleaned afterwards where the request says so."""
    path, started = Path(request.path), time.monotonic()
    found = look(path)
    if request.clean and not (found.kind is Kind.INDEX and found.finished):
        raise UsageError(f"{path} is {found}; --clean is for an index that is finished")
    account = _prepared(path) if found.kind is Kind.PREPARED else _index(path, found)
    account["seconds"] = round(time.monotonic() - started, 2)
    if request.clean and not account["problems"]:
        account["removed"] = clean(path)
    return account


def _prepared(path: Path) -> dict[str, Any]:
    account: dict[str, Any] = {"path": str(path), "kind": "prepared set"}
    try:
        found = PreparedSet.open(path, allow_unfinished=True)
        found.verify()
    except IndexCorruptError as error:
        return {**account, "complete": False, "n_molecules": 0, "problems": [str(error)]}
    return {
        **account,
        "complete": found.complete,
        "state": f"{counted(found.n_in, 'record')} so far",
        "n_molecules": found.n_ok,
        "problems": [],
    }


def _index(path: Path, found: Found) -> dict[str, Any]:
    account: dict[str, Any] = {"path": str(path), "kind": "index", "complete": found.finished}
    if found.kind is Kind.INDEX and not found.finished:
        state, report = look_at_unfinished(path)
        account["state"] = str(state)
    else:
        find_index(path)
        try:
            report = verify_index(path)
        except IndexCorruptError as error:
            return {**account, "problems": [str(error)]}
    return {
        **account,
        "n_files": report.n_files,
        "n_bytes": report.n_bytes,
        "n_molecules": report.n_molecules,
        "problems": report.problems,
    }
