"""The hits a user wants to keep, with notes; kept in the run's folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping

import pandas as pd

from molsearch.io.atomic import write_text
from molsearch.search.hits import free_names
from molsearch_app.jobs import AppRun

FILE, LISTED, NOTE = "shortlist.json", "shortlisted", "note"
_LONGEST = 2000
# Two windows on one run are two threads: each changes the list as the other left it.
_CHANGING = threading.Lock()


def read(job: AppRun) -> dict[int, str]:
    """Record numbers and their notes, in the order in which they were added."""
    try:
        found = json.loads(job.file(FILE).read_text())
        return {int(number): str(note) for number, note in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def add(job: AppRun, numbers: list[int]) -> int:
    """Add hits; returns how many are new."""
    with _CHANGING:
        kept = read(job)
        fresh = [number for number in numbers if number not in kept]
        _write(job, {**kept, **dict.fromkeys(fresh, "")})
    return len(fresh)


def annotate(job: AppRun, notes: Mapping[int, str]) -> None:
    """Set the notes of hits that are on the list; one that was taken off meanwhile stays off."""
    with _CHANGING:
        kept = read(job)
        _write(job, {number: notes.get(number, note) for number, note in kept.items()})


def remove(job: AppRun, number: int) -> None:
    """Take a hit off the list."""
    with _CHANGING:
        kept = read(job)
        kept.pop(number, None)
        _write(job, kept)


def _write(job: AppRun, kept: dict[int, str]) -> None:
    """Write the shortlist, whole or not at all."""
    content = {str(number): note[:_LONGEST] for number, note in kept.items()}
    write_text(job.file(FILE), json.dumps(content, indent=1))


def rows(frame: pd.DataFrame, kept: dict[int, str]) -> pd.DataFrame:
    """Rows of the shortlist with their notes as the first column."""
    return annotated(frame[frame.index.isin(kept)], kept).drop(columns=LISTED)


def annotated(frame: pd.DataFrame, kept: dict[int, str]) -> pd.DataFrame:
    """Rows with the columns ``shortlisted`` and ``note`` first.

    A user's column of such a name gets the suffix ``_input``, as everywhere.
    """
    taken = [name for name in (LISTED, NOTE) if name in frame]
    free = free_names(taken, [*frame.columns, LISTED, NOTE])
    found = frame.rename(columns=dict(zip(taken, free, strict=True)))
    found.insert(0, LISTED, found.index.isin(kept))
    found.insert(1, NOTE, [kept.get(number, "") for number in found.index])
    return found
