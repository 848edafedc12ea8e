"""A result file that several runs fill at the same time: halves of the targets, other methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from molsearch.bench import results
from molsearch.errors import MolSearchError, UsageError
from molsearch.store.lock import alone

# What a whole file has in common, in the words of an error.
_PARTS = {
    "benchmark": "another benchmark",
    "config": "another configuration",
    "random": "other random compounds",
}


def store(
    path: Path, record: dict[str, Any], order: Sequence[str], *, replace: bool = False
) -> dict[str, Any]:
    """Write a record together with what other runs have put into the file since it was read.

    Parameters
    ----------
    record
        What this run knows; its rows win where both have one.
    order
        All targets of the benchmark.
    replace
        Write the record alone.

    Returns
    -------
    What the file now holds.

    Raises
    ------
    UsageError
        The file has come to hold something that does not go together with the record.
    """
    with _alone(path):
        if path.exists() and not replace:
            record = merged(path, results.read(path), record, order)
        results.write(path, record)
    return record


def merged(
    path: Path, theirs: dict[str, Any], ours: dict[str, Any], order: Sequence[str]
) -> dict[str, Any]:
    """Put two records of one configuration together, see `store`; `path` names them in errors."""
    for part, what in _PARTS.items():
        if part in theirs and theirs[part] != ours.get(part, theirs[part]):
            raise _changed(path, what)
    for method, identity in theirs["methods"].items():
        if ours["methods"].get(method, identity) != identity:
            raise _changed(path, f"another {method}")
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for row in [*theirs["results"], *ours["results"]]:
        place = (row["target"], row["method"])
        rows[place] = {**rows.get(place, {}), **row}
    targets = {*theirs["targets"], *ours["targets"]}
    return {
        **theirs,
        **ours,
        "methods": {**theirs["methods"], **ours["methods"]},
        "trainings": {**theirs["trainings"], **ours["trainings"]},
        "targets": [name for name in order if name in targets],
        "audit": _audits(theirs["audit"], ours["audit"]),
        "results": list(rows.values()),
        "runs": [*theirs["runs"], *(run for run in ours["runs"] if run not in theirs["runs"])],
    }


def _audits(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Put what was found of each target together, by every training set that either asked for.

    Rows that one run made are read by its training sets still when another has added methods.
    """
    found = {**theirs, **ours}
    for target in theirs.keys() & ours.keys():
        before, now = theirs[target], ours[target]
        both = {**before.get("training", {}), **now.get("training", {})}
        found[target] = {**now, "training": both}
    return found


def _changed(path: Path, what: str) -> UsageError:
    return UsageError(
        f"another run has put results of {what} into {path} meanwhile: run this one again, with "
        "another -o"
    )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the file for the moment of a change; the lock ends with its process."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path.with_name(f".{path.name}.lock")):
            yield
    except OSError as error:
        raise MolSearchError(f"cannot write {path}: {error.strerror or error}") from error
