"""Queries as people have them: structures, files of actives, tables of what was measured."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.readers.labels import named
from molsearch.chem.readers.rows import OnReading
from molsearch.chem.records import unheard
from molsearch.chem.stereo import parent_key
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig, Vector
from molsearch.data.activity_states import ACTIVE, GAP, INACTIVE, Tested
from molsearch.data.beside import targets_of
from molsearch.data.numbers import undecided_note
from molsearch.data.tested import (
    also_measured,
    half_labelled,
    percentages,
    read_tested,
    unclaimed,
    without_unit,
)
from molsearch.errors import InputError
from molsearch.schema import Failure, Prepared
from molsearch.search.inactives import Inactives, read_inactives
from molsearch.search.queries import (
    QUERY,
    Given,
    Query,
    grouped,
    is_file,
    named_apart,
    prepared_of,
    unusable,
)
from molsearch.search.vectors import queries_of_vectors
from molsearch.words import counted, noun, some_of

_NAMED = 3  # queries in one line


@dataclass(frozen=True)
class Ligands:
    """What is searched with, and against.

    Attributes
    ----------
    notes
        How a table was read, one line each.
    activities
        Files that were read as tables of what was measured, and the column of it.
    """

    queries: tuple[Query, ...]
    inactives: Inactives | None
    notes: tuple[str, ...] = ()
    activities: tuple[tuple[str, str], ...] = ()


class Split(NamedTuple):
    """Rows of a table of what was measured, one a molecule, and the line that tells how.

    Attributes
    ----------
    column
        What was read as the activity.
    warnings
        What its rows may not be meant to be taken for, one line each.
    """

    active: list[Prepared]
    inactive: list[Prepared]
    note: str
    column: str
    warnings: tuple[str, ...] = ()


def read_ligands(
    queries: Sequence[Given],
    inactives: Sequence[Given],
    read: ReadConfig,
    prepare: PrepareConfig,
    config: ScreenConfig,
    on_reading: OnReading = unheard,
) -> Ligands:
    """Read and prepare queries and inactives.

    A query file with an activity column is read as a table of what was measured: its actives
    are queries, its inactives join those given, and what lies between is neither; rows that
    cannot be used are left out, and told: such tables are long. Of other queries each must be
    usable. `on_reading` is told how each file is read.

    Raises
    ------
    InputError
        Something cannot be read or prepared, an activity column cannot be read, or no molecule
        is active by it.
    """
    found: list[Query] = []
    more: list[Query] = []
    notes: list[str] = []
    activities: list[tuple[str, str]] = []
    n_inactive = n_vectors = 0
    for given in queries:
        n_vectors += isinstance(given, Vector)
        vectors = queries_of_vectors(given, row=n_vectors)
        if vectors is not None:
            found += vectors
            continue
        prepared, failures = prepared_of(given, read, prepare, QUERY, on_reading)
        parts = split_table(given, prepared, config) if prepared else None
        if failures and parts is None:
            raise InputError(unusable(given, failures, QUERY))
        if parts is None:
            found += grouped(prepared, prepare)
            notes += _unclear(given, prepared, config)
            continue
        found += grouped(parts.active, prepare)
        more += grouped(parts.inactive, prepare)
        n_inactive += len(parts.inactive)
        notes += [parts.note, *parts.warnings]
        activities.append((str(given), parts.column))
        notes += _left_out(given, failures, len(prepared))
    if not found:
        raise InputError("no query given; pass a SMILES, an InChI or a file with -q")
    notes += _without_coordinates(found, prepare)
    others = read_inactives(inactives, read, prepare, on_reading)
    against = _joined(others, more, n_inactive)
    return Ligands(tuple(named_apart(found)), against, tuple(notes), tuple(activities))


def _left_out(given: Given, failures: Sequence[Failure], n_ok: int) -> list[str]:
    """Say which rows of a table of what was measured cannot be used."""
    if not failures:
        return []
    named = some_of([f"row {one.row}: {one.reason}" for one in failures], _NAMED)
    rows = counted(n_ok + len(failures), "row")
    return [f"{given}: {len(failures):,} of {rows} cannot be used and do not count: {named}"]


def split_table(given: Given, prepared: Sequence[Prepared], config: ScreenConfig) -> Split | None:
    """Split the rows of a table of what was measured; None where `given` is no such table.

    Raises
    ------
    InputError
        Its activity column cannot be read, or no molecule is active by it.
    """
    table = _tested(given, prepared, config)
    return None if table is None else _split(given, prepared, table, config)


def _tested(given: Given, prepared: Sequence[Prepared], config: ScreenConfig) -> Tested | None:
    if not is_file(given):
        return None
    try:
        return read_tested([row.user for row in prepared], config.activity_column)
    except InputError as error:
        raise InputError(f"{given}: {error}") from error


def _split(
    given: Given, prepared: Sequence[Prepared], table: Tested, config: ScreenConfig
) -> Split:
    groups = [parent_key(row.inchikey or "", row.parent_smiles) for row in prepared]
    states = table.states(groups, config.active_above)
    first = np.zeros(len(prepared), dtype=bool)
    first[np.unique(groups, return_index=True)[1]] = True
    kept = {
        state: [row for row, mine in zip(prepared, (states == state) & first, strict=True) if mine]
        for state in (ACTIVE, INACTIVE)
    }
    least = config.active_above
    limits = ("", "") if table.is_labels else (f" (≥ {least:g})", f" (< {least - GAP:g})")
    if not kept[ACTIVE]:
        raise InputError(
            f"{given}: no molecule is active by column {table.column!r}{limits[0]}"
            f"{_in_doubt(table)}{_disagreeing(table, groups)}; "
            f"{'mend the labels' if table.is_labels else 'give a lower --active-above'}, or give "
            "--activity-column none to search with all of them"
        )
    measured = {group for group, value in zip(groups, table.values, strict=True) if value == value}
    measured |= {groups[row] for row, _ in table.unread}
    unknown = first & ~np.isin(groups, sorted(measured))
    n_active = len(kept[ACTIVE])
    neither = int((first & ~unknown).sum()) - n_active - len(kept[INACTIVE])
    repeated = len(prepared) - int(first.sum())
    note = (
        f"{given}: column {table.column!r} is read as the activity{_signs(table)}: "
        f"{counted(n_active, 'active')}{limits[0]} as {noun(n_active, 'the query', 'queries')}, "
        f"{counted(len(kept[INACTIVE]), 'inactive')}{limits[1]}, {neither:,} neither"
        + (f", {int(unknown.sum()):,} without a value in it" if unknown.any() else "")
        + _elsewhere(prepared, table.column, groups, unknown)
        + _in_doubt(table)
        + _not_known(table)
        + (f"; {undecided_note(table.undecided)}" if table.undecided else "")
        + (
            f"; {counted(repeated, 'row')} {noun(repeated, 'repeats', 'repeat')} a molecule, which "
            f"counts by its median{_disagreeing(table, groups)}"
            if repeated
            else ""
        )
    )
    warnings = _mixed(given, prepared, table)
    return Split(kept[ACTIVE], kept[INACTIVE], note, table.column, warnings)


def _signs(table: Tested) -> str:
    """Say which column bounds the values."""
    if not table.relation:
        return ""
    of = " (of the concentration)" if table.is_turned else ""
    return f", with the signs of column {table.relation!r}{of}"


def _mixed(given: Given, prepared: Sequence[Prepared], table: Tested) -> tuple[str, ...]:
    """Say that rows are of several targets: an inactive of one is none of another."""
    found = targets_of([row.user for row in prepared], (~np.isnan(table.values)).tolist())
    if found is None:
        return ()
    column, counts = found
    named = some_of([f"{name} {counted(n, 'row')}" for name, n in counts.most_common()], _NAMED)
    note = (
        f"{given}: column {column!r} names {counted(len(counts), 'target')} ({named}), which "
        "are taken together: give one target's rows"
    )
    return (note,)


def _in_doubt(table: Tested) -> str:
    """Say how many values their own source doubts."""
    column, n = table.flags
    if not n:
        return ""
    return f"; {counted(n, 'value')} {noun(n, 'is', 'are')} left out, flagged in {column!r}"


def _disagreeing(table: Tested, groups: Sequence[str]) -> str:
    """Say of how many molecules the repeats say different things."""
    n = table.disagreeing(groups)
    if not n:
        return ""
    if table.is_labels:
        return f" (of {counted(n, 'molecule')} the rows contradict each other)"
    return f" (the values of {counted(n, 'molecule')} differ by more than {GAP:g} log)"


def _not_known(table: Tested) -> str:
    """Say which labels are no words that are known."""
    if not table.unread:
        return ""
    n = len(table.unread)
    words = some_of(named(table.unread), _NAMED)
    return f"; {counted(n, 'row')} {noun(n, 'says', 'say')} neither active nor inactive: {words}"


def _elsewhere(
    prepared: Sequence[Prepared], taken: str, groups: Sequence[str], unknown: NDArray[np.bool_]
) -> str:
    """Say which columns hold an activity of molecules for which the one that is read has none."""
    lost = {group for group, there in zip(groups, unknown, strict=True) if there}
    parts = []
    for name, there in also_measured([row.user for row in prepared], taken).items():
        known = {group for group, yes in zip(groups, there, strict=True) if yes} & lost
        if known:
            parts.append(f"{len(known):,} in {name!r}")
    if not parts:
        return ""
    return f" (but {some_of(parts, _NAMED)}: one column is read, --activity-column names another)"


def _unclear(given: Given, prepared: Sequence[Prepared], config: ScreenConfig) -> list[str]:
    """Say that a column would be an activity if its unit were known."""
    if not is_file(given) or config.activity_column is not None:
        return []
    rows = [row.user for row in prepared]
    if likely := unclaimed(rows):
        note = (
            f"{given}: each of {counted(len(prepared), 'row')} is a query, active or not, though "
            f"{some_of([repr(name) for name in likely], _NAMED)} "
            f"{noun(len(likely), 'looks like an activity', 'look like activities')}: "
            f"--activity-column {shlex.quote(likely[0])} reads it, --activity-column none says "
            "that all are meant"
        )
        return [note]
    if shares := percentages(rows):
        note = (
            f"{given}: each of {counted(len(prepared), 'row')} is a query, active or not, though "
            f"{some_of([repr(name) for name in shares], _NAMED)} "
            f"{noun(len(shares), 'looks like an activity', 'look like activities')} in per cent, "
            "which is not read: give a column 'active' of 1 and 0, or --activity-column none to "
            "say that all are meant"
        )
        return [note]
    if (half := half_labelled(rows)) is not None:
        name, labels = half
        note = (
            f"{given}: column {name!r} is not read as the activity, for too few of its words say "
            f"active or inactive ({some_of(named(labels.unread), _NAMED)} do not), so each of "
            f"{counted(len(prepared), 'row')} is a query; --activity-column none says that all "
            "are meant"
        )
        return [note]
    if (bare := without_unit(rows)) is None:
        return []
    column, units = bare
    mend = (
        f"name it {column + ' (nM)'!r} to have it read as the activity"
        if units is None
        else f"{units!r} is a column of units only where each of its words is one, such as nM"
    )
    note = (
        f"{given}: column {column!r} has no unit, so each of "
        f"{counted(len(prepared), 'row')} is a query; {mend}"
    )
    return [note]


def _without_coordinates(queries: Sequence[Query], prepare: PrepareConfig) -> list[str]:
    """Say which queries gave no geometry to search with, where theirs was asked for."""
    if not prepare.use_input_3d:
        return []
    if prepare.n_conformers == 0:
        note = (
            "--use-input-3d changes nothing: this library is without conformers; "
            "--query-conformers 1 takes those of the queries all the same"
        )
        return [note]
    made = [one.query_id for one in queries if one.first.geometry != schema.GEOMETRY_INPUT]
    if not made:
        return []
    names = ", ".join(repr(name[:40]) for name in made[:_NAMED]) + (", …" * (len(made) > _NAMED))
    note = (
        f"--use-input-3d: {len(made):,} of {counted(len(queries), 'query')} came without 3D "
        f"coordinates that can be used ({names}): what RDKit makes is used instead"
    )
    return [note]


def _joined(given: Inactives | None, more: Sequence[Query], n_in: int) -> Inactives | None:
    if not more:
        return given
    if given is None:
        return Inactives(tuple(named_apart(list(more))), n_in)
    molecules = tuple(named_apart([*given.molecules, *more]))
    return replace(given, molecules=molecules, n_in=given.n_in + n_in)
