"""The k best candidates that pass every filter, however deep they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.filters import SmartsFilter
from molsearch.chem.stereo import parent_key
from molsearch.config import ScreenConfig
from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.search.annotate import Annotator
from molsearch.search.engine import Candidates
from molsearch.search.user_columns import UserConditions
from molsearch.search.where import COMPUTED, CONTRASTS, STORED, TEXTS, all_hold, parse

_MOST_AT_ONCE = 2**18
_TESTED_AT_ONCE = 2048
_DEEPER = 4

Find = Callable[[int, list[NDArray[np.bool_]] | None], Candidates]


class HitFilter:
    """Everything a configuration asks of a hit; cheap questions first, SMARTS last.

    Raises
    ------
    UsageError
        A SMARTS pattern or a condition cannot be read.
    """

    def __init__(self, config: ScreenConfig) -> None:
        self.smarts = SmartsFilter(config.include_smarts, config.exclude_smarts)
        conditions = parse(config.where)
        self.stored = [one for one in conditions if one.column in (*STORED, *TEXTS)]
        self.computed = [one for one in conditions if one.column in COMPUTED]
        self.contrasts = [one for one in conditions if one.column in CONTRASTS]
        self.own = [one for one in conditions if not one.is_ours]
        self.exclude_alerts = config.exclude_alerts
        self.drop_query = not config.keep_query
        self.drop_inactives = not config.keep_inactives
        self.unique = config.unique
        self.weighs = config.inactives_weight > 0
        self._user: UserConditions | None = None
        self._seen: set[str] = set()

    def __bool__(self) -> bool:
        asked = (
            *(self.smarts, self.stored, self.computed, self.contrasts, self.own),
            *(self.exclude_alerts, self.drop_query, self.drop_inactives),
        )
        return any(asked) or self.unique != "none"

    def check(self, *, inactives: bool) -> None:
        """Refuse what needs inactives, or a weight of theirs, where there are none.

        Raises
        ------
        UsageError
            With the option that is missing.
        """
        asks = [f"--where {one.column}" for one in self.contrasts]
        asks += ["--inactives-weight"] if self.weighs else []
        asks += ["--drop-inactives"] if self.drop_inactives else []
        if asks and not inactives:
            raise UsageError(f"{asks[0]} is about known inactives; give them with --inactives")
        if not self.weighs and any(one.column == schema.PENALISED_SCORE for one in self.contrasts):
            raise UsageError(
                f"--where {schema.PENALISED_SCORE}: no score is penalised; give --inactives-weight"
            )

    def bind(self, reader: IndexReader, *, inactives: bool) -> None:
        """Find the library's own columns that conditions name; before `keep`.

        Raises
        ------
        UsageError
            The library has no such column.
        """
        if self.own:
            taken = schema.INACTIVE_COLUMNS if inactives else ()
            self._user = UserConditions(self.own, reader, taken)

    def warnings(self) -> list[str]:
        """Say after the screen what of the conditions could not be tested."""
        return [] if self._user is None else self._user.warnings()

    def keep(self, found: Candidates, annotator: Annotator) -> NDArray[np.bool_]:
        """Which candidates pass; call in rank order, since the first of equals is kept."""
        facts = self._facts(found, annotator.reader)
        passed = all_hold(self.stored, facts, len(found))
        if self.computed:
            passed &= all_hold(self.computed, annotator.columns(found), len(found))
        if self.contrasts:
            passed &= all_hold(self.contrasts, annotator.contrasts(found), len(found))
        if self._user is not None:
            passed &= self._user.hold(facts[schema.USER].tolist())
        if self.exclude_alerts:
            passed &= facts[schema.ALERTS] == ""
        self._drop(passed, facts, annotator)
        for row in np.flatnonzero(passed) if self.smarts else ():
            passed[row] = self.smarts.passes(facts[schema.PARENT_SMILES][row])
        for row in np.flatnonzero(passed) if self.unique != "none" else ():
            key = self._key({name: values[row] for name, values in facts.items()})
            passed[row] = key not in self._seen
            self._seen.add(key)
        return passed

    def _drop(
        self, passed: NDArray[np.bool_], facts: dict[str, NDArray[Any]], annotator: Annotator
    ) -> None:
        """Leave out what the user gave, queries or inactives."""
        if self.drop_query:
            passed &= ~annotator.is_query(facts[schema.INCHIKEY].tolist())
        if self.drop_inactives and annotator.contrast is not None:
            passed &= ~annotator.contrast.is_inactive(
                [*map(parent_key, facts[schema.INCHIKEY], facts[schema.PARENT_SMILES])]
            )

    def _key(self, row: dict[str, Any]) -> str:
        """Name what is kept once; structures without such a name stand for themselves."""
        parent = parent_key(row[schema.INCHIKEY], row[schema.PARENT_SMILES])
        if self.unique == "parent":
            return parent
        if self.unique == "skeleton":
            return str(row[schema.INCHIKEY][:14] or parent)
        return str(row[schema.SCAFFOLD] or parent)

    def _facts(self, found: Candidates, reader: IndexReader) -> dict[str, NDArray[Any]]:
        names = {condition.column for condition in self.stored}
        if self.exclude_alerts:
            names.add(schema.ALERTS)
        if self._user is not None:
            names.add(schema.USER)
        if self.drop_query or self.drop_inactives or self.unique != "none":
            names |= {schema.INCHIKEY, schema.PARENT_SMILES}
        if self.smarts:
            names.add(schema.PARENT_SMILES)
        if self.unique == "scaffold":
            names.add(schema.SCAFFOLD)
        if not names:
            return {}
        table = reader.take(found.shards, found.rows, sorted(names))
        return {
            name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names
        }


def select(find: Find, k: int, hit_filter: HitFilter, annotator: Annotator) -> Candidates:
    """Return the k best candidates that pass, or all that do where they are fewer.

    Parameters
    ----------
    find
        Gives the n best rows that are not excluded.
    """
    if not hit_filter:
        return find(k, None)
    chosen: list[Candidates] = []
    missing = k
    for part in _ranked(find, k, annotator.reader):
        passed = part.take(np.flatnonzero(hit_filter.keep(part, annotator))[:missing])
        chosen.append(passed)
        missing -= len(passed)
        if missing == 0:
            break
    return Candidates.joined(chosen)


def _ranked(find: Find, k: int, reader: IndexReader) -> Iterator[Candidates]:
    """Yield all rows in rank order, searched for in ever larger steps."""
    seen = [np.zeros(rows, dtype=bool) for rows in reader.shard_rows]
    step = min(max(k, _TESTED_AT_ONCE), _MOST_AT_ONCE)
    while True:
        found = find(step, seen)
        for first in range(0, len(found), _TESTED_AT_ONCE):
            yield found.take(np.arange(first, min(first + _TESTED_AT_ONCE, len(found))))
        if len(found) < step:
            if len(found) == 0:
                yield found
            return
        for shard in np.unique(found.shards):
            seen[shard][found.rows[found.shards == shard]] = True
        step = min(step * _DEEPER, _MOST_AT_ONCE)
