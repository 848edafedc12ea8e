"""Columns of an index's rows that are facts: stored, kept from an earlier asking, or computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.facts import FACTS, compute
from molsearch.index.kept import KeptFacts
from molsearch.index.remembered import RememberedFacts

_ARROW = {int: pa.int32(), float: pa.float64(), str: pa.string()}
_AT_ONCE = 4096  # molecules computed before they are kept
TYPES = {name: _ARROW[fact.kind] for name, fact in FACTS.items()}


class FactColumns:
    """Facts of the rows of one generation.

    Parameters
    ----------
    folder
        Where facts are kept once they were computed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._remembered = RememberedFacts()

    @cached_property
    def kept(self) -> KeptFacts:
        """What earlier askings left."""
        return KeptFacts(self._folder, TYPES)

    def complete(self, table: pa.Table, rows: NDArray[np.int64], names: Sequence[str]) -> pa.Table:
        """Fill in what `table` lacks of the facts `names`; computes only what nobody has yet.

        Parameters
        ----------
        table
            Records of `rows`, with ``schema.PARENT_SMILES``; a null in a column of facts is a
            value that was not asked for when the library was prepared.
        rows
            Positions over all shards.

        Returns
        -------
        The table with all of `names`; null where a fact cannot be computed.
        """
        if not set(names).intersection(table.column_names):
            parents = table.column(schema.PARENT_SMILES).to_pylist()
            values = self._of(rows, parents, names)
        else:
            values = self._filled(table, rows, names)
        for name in names:
            column = pa.array(values[name], TYPES[name])
            if name in table.column_names:
                table = table.set_column(table.column_names.index(name), name, column)
            else:
                table = table.append_column(name, column)
        return table

    def _filled(
        self, table: pa.Table, rows: NDArray[np.int64], names: Sequence[str]
    ) -> dict[str, list[object]]:
        """Take values that `table` holds as they are."""
        held = table.column_names
        values: dict[str, list[object]] = {
            name: list(table.column(name).to_pylist() if name in held else [None] * len(rows))
            for name in names
        }
        open_ = {name: np.array([v is None for v in values[name]], bool) for name in names}
        asked = np.flatnonzero(np.logical_or.reduce([open_[name] for name in names]))
        if len(asked):
            parents = table.column(schema.PARENT_SMILES).take(pa.array(asked)).to_pylist()
            found = self._of(rows[asked], parents, names)
            for name in names:
                for place, value in zip(asked, found[name], strict=True):
                    if open_[name][place]:
                        values[name][int(place)] = value
        return values

    def _of(
        self, rows: NDArray[np.int64], parents: list[str], names: Sequence[str]
    ) -> dict[str, list[object]]:
        values, lacking = self._remembered.find(rows, names)
        if len(lacking):
            asked = [parents[place] for place in lacking]
            found = self._look_up_or_compute(rows[lacking], asked, names)
            self._remembered.keep(rows[lacking], found)
            for name in names:
                for place, value in zip(lacking, found[name], strict=True):
                    values[name][place] = value
        return values

    def _look_up_or_compute(
        self, rows: NDArray[np.int64], parents: list[str], names: Sequence[str]
    ) -> dict[str, list[object]]:
        values, known = self.kept.find(rows, names)
        lacking: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place in range(len(rows)):
            if missing := tuple(name for name in names if not known[name][place]):
                lacking[missing].append(place)
        for missing, places in lacking.items():
            for first in range(0, len(places), _AT_ONCE):
                some = places[first : first + _AT_ONCE]
                computed = compute([parents[place] for place in some], missing)
                self.kept.keep(rows[some], computed.columns, computed.reasons)
                for name, column in computed.columns.items():
                    for place, value in zip(some, column, strict=True):
                        values[name][place] = value
        return values
