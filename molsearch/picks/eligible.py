"""Which hits may be picked at all, and how many each rule leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.filters import SmartsFilter
from molsearch.errors import InputError, UsageError
from molsearch.picks.columns import Columns, ranking_column
from molsearch.picks.config import PickConfig
from molsearch.picks.lists import Named
from molsearch.search.where import Condition, parse
from molsearch.words import counted

Mask = NDArray[np.bool_]
#: Rule by which hits of no readable price are left out.
UNPRICED = "without a price"


@dataclass
class Eligible:
    """Hits in order, best first, and those among them that may be picked.

    Attributes
    ----------
    order
        Rows of the table, best first; equal ones by molecule_id.
    passed
        Which rows (of the table) may be picked.
    left_out
        How many each rule left out, each hit counted by the first that does.
    """

    order: NDArray[np.int64]
    passed: Mask
    left_out: dict[str, int] = field(default_factory=dict)

    def leave(self, rule: str, refused: Mask) -> None:
        """Leave out what a rule refuses."""
        n = int((self.passed & refused).sum())
        if n:
            self.left_out[rule] = n
        self.passed &= ~refused

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows that may be picked, best first."""
        return self.order[self.passed[self.order]]


def eligible(
    columns: Columns,
    config: PickConfig,
    must_not: Named,
    controls: set[str],
    price: str | None = None,
) -> Eligible:
    """Apply every rule that looks at one hit alone.

    Parameters
    ----------
    controls
        Parents that stand in control wells.
    price
        Column of prices that a budget pays, of which every pick needs one.

    Raises
    ------
    UsageError
        A condition or pattern cannot be read, or a column is not there.
    InputError
        The ranking column holds what is no number.
    """
    smarts = SmartsFilter(config.include_smarts, config.exclude_smarts)
    conditions = parse(config.where)
    found = Eligible(*_ordered(columns, config))
    parents = columns.table.parents
    if not config.keep_query:
        found.leave("queries", columns.flags(schema.IS_QUERY))
        found.leave("known inactives", columns.flags(schema.IS_INACTIVE))
    found.leave("controls", np.array([parent in controls for parent in parents], dtype=bool))
    _leave_repeats(found, parents)
    ids = columns.texts("", schema.MOLECULE_ID)
    barred = set(must_not.ids)
    found.leave("--must-not", np.array([one in barred for one in ids], dtype=bool))
    if price is not None:
        found.leave(UNPRICED, np.isnan(columns.prices(price)))

    def ask(rule: str, test: Callable[[NDArray[np.int64]], Mask]) -> None:
        # Facts may have to be computed: only of what is left.
        rows = np.flatnonzero(found.passed)
        refused = np.zeros(len(parents), dtype=bool)
        refused[rows] = ~test(rows)
        found.leave(rule, refused)

    for pattern in must_not.smarts:
        none = SmartsFilter(exclude=[pattern])
        ask(f"--must-not {pattern}", lambda rows, none=none: _passes(none, parents, rows))  # type: ignore[misc]
    for condition in conditions:
        ask(
            f"--where {_words(condition)}",
            lambda rows, condition=condition: _holds(columns, condition, rows),  # type: ignore[misc]
        )
    if smarts:
        ask("SMARTS", lambda rows: _passes(smarts, parents, rows))
    if config.exclude_alerts:
        ask("alerts", lambda rows: _empty(columns.texts("--no-alerts", schema.ALERTS, rows)))
    return found


def _passes(smarts: SmartsFilter, parents: Sequence[str], rows: NDArray[np.int64]) -> Mask:
    return np.array([smarts.passes(parents[row]) for row in rows], dtype=bool)


def _empty(texts: Sequence[str]) -> Mask:
    return np.array([text == "" for text in texts], dtype=bool)


def _ordered(columns: Columns, config: PickConfig) -> tuple[NDArray[np.int64], Mask]:
    name = ranking_column(columns.names, config.by)
    scores = columns.numbers("--by", name)
    if len(wrong := np.flatnonzero(~np.isfinite(scores))):
        given = columns.texts("--by", name)[wrong[0]]
        of = columns.texts("", schema.MOLECULE_ID)[wrong[0]]
        raise InputError(
            f"{len(wrong):,} of {counted(len(scores), 'hit')} have no number in column {name!r} "
            "(the first, "
            f"{of!r}: {given[:40]!r}); leave them out of the list, or name another with --by"
        )
    sign = 1.0 if config.lower_is_better else -1.0
    ids = np.array(columns.texts("", schema.MOLECULE_ID), dtype=object)
    order = np.lexsort((np.arange(len(ids)), ids.astype(str), sign * scores))
    return order.astype(np.int64), np.ones(len(scores), dtype=bool)


def _leave_repeats(found: Eligible, parents: tuple[str, ...]) -> None:
    """Leave out salts and other repeats of a parent that stands higher."""
    seen: set[str] = set()
    refused = np.zeros(len(parents), dtype=bool)
    for row in found.rows:
        refused[row] = parents[row] in seen
        seen.add(parents[row])
    found.leave("repeats of a structure", refused)


def _holds(columns: Columns, condition: Condition, rows: NDArray[np.int64]) -> Mask:
    name = condition.column
    if name not in columns and (alike := list(_by_case(columns, name))):
        name = alike[0]
    if isinstance(condition.value, str):
        return condition.holds(np.array(columns.texts("--where", name, rows), dtype=object))
    if is_day := isinstance(condition.value, date):
        values = columns.days("--where", name, rows)
    else:
        values = columns.numbers("--where", name, rows)
    if len(values) and np.isnan(values).all():
        kind = "days written as 2024-06-01" if is_day else "numbers"
        raise UsageError(
            f"--where {_words(condition)}: column {name!r} holds no {kind}; name another"
        )
    return condition.holds(values)


def _by_case(columns: Columns, name: str) -> Iterator[str]:
    yield from (one for one in columns.names if one.casefold() == name.casefold())


def _words(condition: Condition) -> str:
    value = f"{condition.value:g}" if isinstance(condition.value, float) else condition.value
    return f"{condition.column}{condition.operator}{value}"
