"""What a screen asks of a hit, tested before the scan or down the ranking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.facts import FACTS, fact_names
from molsearch.chem.filters import SmartsFilter
from molsearch.chem.stereo import parent_key
from molsearch.config import ScreenConfig
from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.search.annotate import Annotator
from molsearch.search.engine import Candidates
from molsearch.search.extras import OnExtra
from molsearch.search.mask import (
    Mask,
    exclude_by_kept_facts,
    exclude_by_user,
    masked_by_records,
    nothing_excluded,
)
from molsearch.search.substructures import NAME as SUBSTRUCTURES
from molsearch.search.substructures import SubstructureScreen
from molsearch.search.user_columns import UserConditions, of_one_name
from molsearch.search.where import COMPUTED, OF_INACTIVES, STORED, TEXTS, Condition, all_hold, parse
from molsearch.words import counted

_NO_ALERTS = Condition(schema.ALERTS, "=", "")
_CHEAP = 250  # microseconds a molecule, up to which facts are computed in one go


class HitFilter:
    """Everything a configuration asks of a hit; cheap questions first.

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
        self.of_inactives = [one for one in conditions if one.column in OF_INACTIVES]
        self.own = [one for one in conditions if not one.is_ours]
        self.exclude_alerts = config.exclude_alerts
        self.drop_query = not config.keep_query
        self.drop_inactives = not config.keep_inactives
        self.unique = config.unique
        self.shown = _shown(config.facts, self.stored)
        self.weighs = bool(config.inactives_weight)
        # Unless told, what ranks decides, which is known with the queries.
        self._may_weigh = config.inactives_weight is None
        self._user: UserConditions | None = None
        self._two_meanings: list[str] = []
        self._screen: SubstructureScreen | None = None
        self._unkept: str | None = None
        self._is_narrowed = False
        self._seen: set[str] = set()
        self._unknown: Counter[str] = Counter()

    def __bool__(self) -> bool:
        asked = (
            *(self.smarts, self.stored, self.computed, self.of_inactives, self.own),
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
        asks = [f"--where {one.column}" for one in self.of_inactives]
        asks += ["--inactives-weight"] if self.weighs else []
        asks += ["--drop-inactives"] if self.drop_inactives else []
        if asks and not inactives:
            raise UsageError(f"{asks[0]} is about known inactives; give them with --inactives")
        weighs = self.weighs or self._may_weigh
        if not weighs and any(one.column == schema.SIMILARITY_SCORE for one in self.of_inactives):
            raise UsageError(
                f"--where {schema.SIMILARITY_SCORE}: inactives do not count, so that this is the "
                f"score; ask for {schema.SCORE}, or give --inactives-weight"
            )

    def check_rarity(self, *, ranks: bool) -> None:
        """Refuse a condition on rarity where it does not rank.

        Raises
        ------
        UsageError
            With what would have it rank.
        """
        if not ranks and any(one.column == schema.RARITY_SCORE for one in self.computed):
            raise UsageError(
                f"--where {schema.RARITY_SCORE}: rarity is no part of this ranking; add it with "
                "--rank, such as molsearch+ecfp4+rarity, if the encoder tells it"
            )

    def bind(
        self, reader: IndexReader, *, inactives: bool, on_extra: OnExtra | None = None
    ) -> None:
        """Find what the library keeps for these questions, and its own columns; before `keep`.

        Raises
        ------
        UsageError
            The library has no such column.
        """
        self._two_meanings = of_one_name([one.column for one in self.computed], reader)
        if self.own:
            taken = schema.ALL_INACTIVE_COLUMNS if inactives else ()
            self._user = UserConditions(self.own, reader, (*taken, *self.shown))
        if self.smarts:
            report = None if on_extra is None else partial(on_extra, SUBSTRUCTURES)
            self._screen = SubstructureScreen(reader, self.smarts, report)

    def warnings(self) -> list[str]:
        """Say after the screen what of the conditions could not be tested."""
        found = [*self._two_meanings, *([] if self._user is None else self._user.warnings())]
        found += [] if self._unkept is None else [self._unkept]
        tested = {condition.column for condition in self.stored}
        tested |= {schema.ALERTS} if self.exclude_alerts else set()
        found += [
            f"{name} of {counted(count, 'molecule')} cannot be computed: they do not match"
            for name, count in self._unknown.items()
            if count and name in tested
        ]
        return found

    def mask(self, reader: IndexReader) -> Mask | None:
        """Rows that conditions on held columns rule out before the scan; None where none is."""
        alerts = [_NO_ALERTS] if self.exclude_alerts else []
        found = masked_by_records(reader, [*self.stored, *alerts])
        if self._screen is not None:
            found = nothing_excluded(reader) if found is None else found
            self._screen.exclude(found)
        return found

    def narrow(
        self, excluded: Mask, reader: IndexReader, *, tested: int, passed: int, wanted: int
    ) -> None:
        """Rule out by what takes longer: facts that are kept, substructures, own columns.

        Looks at rows that are not excluded; at own columns `keep` looks no more from then on.

        Parameters
        ----------
        tested, passed, wanted
            How many molecules were looked at, how many of them passed, how many are wanted.
        """
        if self._is_narrowed:
            return
        self._is_narrowed = True
        facts = [one for one in self.stored if one.column in FACTS]
        if self.exclude_alerts:
            facts.append(_NO_ALERTS)
        exclude_by_kept_facts(excluded, reader, facts)
        if self._screen is not None:
            self._unkept = self._screen.make(tested, passed, wanted)
            self._screen.exclude(excluded)
        if self._user is not None:
            exclude_by_user(excluded, reader, self._user.hold)

    def keep(self, found: Candidates, annotator: Annotator) -> NDArray[np.bool_]:
        """Which candidates pass; call in rank order, since the first of equals is kept.

        What costs most is asked last, and only of those that passed so far.
        """
        passed = np.ones(len(found), dtype=bool)
        tests: tuple[Callable[[Candidates, Annotator], NDArray[np.bool_]], ...] = (
            self._by_user,
            self._by_search,
            *(partial(self._by_facts, some) for some in self._in_order_of_cost()),
            self._by_alerts,
            self._by_smarts,
            self._by_identity,
            self._by_uniqueness,
        )
        for test in tests:
            left = np.flatnonzero(passed)
            if len(left):
                passed[left] = test(found.take(left), annotator)
        return passed

    def _by_user(self, found: Candidates, annotator: Annotator) -> NDArray[np.bool_]:
        if self._user is None or self._is_narrowed:
            return _all(found)
        table = annotator.reader.take(found.shards, found.rows, [schema.USER])
        return self._user.hold(table.column(schema.USER))

    def _by_search(self, found: Candidates, annotator: Annotator) -> NDArray[np.bool_]:
        passed = _all(found)
        if self.computed:
            passed &= all_hold(self.computed, annotator.columns(found), len(found))
        if self.of_inactives:
            passed &= all_hold(self.of_inactives, annotator.inactive_scores(found), len(found))
        return passed

    def _in_order_of_cost(self) -> list[list[Condition]]:
        """Group conditions on records and facts: all the cheap ones, then each dear one."""
        cheap = [one for one in self.stored if _cost(one.column) <= _CHEAP]
        dear = [one for one in self.stored if _cost(one.column) > _CHEAP]
        return [*([cheap] if cheap else []), *([one] for one in sorted(dear, key=_cost_of))]

    def _by_facts(
        self, conditions: Sequence[Condition], found: Candidates, annotator: Annotator
    ) -> NDArray[np.bool_]:
        columns = self._columns([one.column for one in conditions], found, annotator)
        return all_hold(conditions, columns, len(found))

    def _by_alerts(self, found: Candidates, annotator: Annotator) -> NDArray[np.bool_]:
        if not self.exclude_alerts:
            return _all(found)
        alerts = self._columns([schema.ALERTS], found, annotator)[schema.ALERTS]
        return np.asarray(alerts == "", dtype=bool)

    def _by_smarts(self, found: Candidates, annotator: Annotator) -> NDArray[np.bool_]:
        if not self.smarts:
            return _all(found)
        passed, asked = _all(found), np.arange(len(found))
        if self._screen is not None:
            passed, open_ = self._screen.told(found.shards, found.rows)
            asked = np.flatnonzero(open_)
        if len(asked):
            column = [schema.PARENT_SMILES]
            parents = self._columns(column, found.take(asked), annotator)[schema.PARENT_SMILES]
            passed[asked] = [self.smarts.passes(smiles) for smiles in parents]
        return passed

    def _by_identity(self, found: Candidates, annotator: Annotator) -> NDArray[np.bool_]:
        """Leave out what the user gave, queries or inactives."""
        passed = _all(found)
        of_inactives = self.drop_inactives and annotator.inactives is not None
        if not self.drop_query and not of_inactives:
            return passed
        # Equal InChIKeys have equal numbers of heavy atoms, which are there without computing.
        sizes = self._columns([schema.HEAVY_ATOMS], found, annotator)[schema.HEAVY_ATOMS]
        alike = np.flatnonzero(np.isin(sizes, annotator.given_sizes))
        names = [schema.INCHIKEY, schema.PARENT_SMILES]
        facts = self._columns(names, found.take(alike), annotator)
        keys = [key or "" for key in facts[schema.INCHIKEY]]
        if self.drop_query:
            passed[alike] &= ~annotator.is_query(keys)
        if of_inactives and annotator.inactives is not None:
            parents = [*map(parent_key, keys, facts[schema.PARENT_SMILES])]
            passed[alike] &= ~annotator.inactives.is_inactive(parents)
        return passed

    def _by_uniqueness(self, found: Candidates, annotator: Annotator) -> NDArray[np.bool_]:
        passed = _all(found)
        if self.unique == "none":
            return passed
        names = [schema.INCHIKEY, schema.PARENT_SMILES]
        if self.unique == "scaffold":
            names.append(schema.SCAFFOLD)
        facts = self._columns(names, found, annotator)
        for row in range(len(found)):
            key = self._key({name: values[row] or "" for name, values in facts.items()})
            passed[row] = key not in self._seen
            self._seen.add(key)
        return passed

    def _key(self, row: dict[str, Any]) -> str:
        """Name what is kept once; structures without such a name stand for themselves."""
        parent = parent_key(row[schema.INCHIKEY], row[schema.PARENT_SMILES])
        if self.unique == "parent":
            return parent
        if self.unique == "skeleton":
            return str(row[schema.INCHIKEY][:14] or parent)
        return str(row[schema.SCAFFOLD] or parent)

    def _columns(
        self, names: Sequence[str], found: Candidates, annotator: Annotator
    ) -> dict[str, NDArray[Any]]:
        """Read records and facts of candidates; count the facts that cannot be computed."""
        table = annotator.reader.take(found.shards, found.rows, list(dict.fromkeys(names)))
        for name in table.column_names:
            self._unknown[name] += table.column(name).null_count
        return {
            name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names
        }


def _shown(asked: Sequence[str], conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Facts that a hit list shows beside its usual columns: asked for, or filtered by."""
    named = {*fact_names(asked), *(one.column for one in conditions)}
    return tuple(name for name in FACTS if name in named)


def _all(found: Candidates) -> NDArray[np.bool_]:
    return np.ones(len(found), dtype=bool)


def _cost(column: str) -> int:
    return FACTS[column].cost if column in FACTS else 0


def _cost_of(condition: Condition) -> int:
    return _cost(condition.column)
