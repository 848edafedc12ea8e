"""Prepared molecules by columns, and failures beside them.

This file needs no RDKit: whoever holds columns need not import it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from molsearch import schema
from molsearch.schema import Failure, Prepared

# By name of the column, which may be another than the field's.
_FIELDS = {schema.USER if one.name == "user" else one.name: one.name for one in fields(Prepared)}


@dataclass(frozen=True, slots=True)
class Block:
    """What became of consecutive records.

    Attributes
    ----------
    n_in
        Records.
    columns
        Of the prepared molecules in input order, by the names of `molsearch.schema`; all of a
        length. The user's columns are one JSON object a molecule.
    failures
        The others, in input order.
    """

    n_in: int
    columns: dict[str, list[Any]]
    failures: list[Failure]


def block_of(outcomes: Iterable[Prepared | Failure]) -> Block:
    """Turn outcomes of consecutive records into columns."""
    rows: list[Prepared] = []
    failures: list[Failure] = []
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            failures.append(outcome)
        else:
            rows.append(outcome)
    columns = {name: [getattr(row, field) for row in rows] for name, field in _FIELDS.items()}
    columns[schema.USER] = [user_text(extra) for extra in columns[schema.USER]]
    return Block(len(rows) + len(failures), columns, failures)


def whole(columns: Mapping[str, list[Any]], n: int) -> dict[str, list[Any]]:
    """Give `n` molecules all columns in their order; what is not there is None."""
    return {name: columns.get(name) or [None] * n for name in _FIELDS}


def put_between(block: Block, others: Block, places: Sequence[int]) -> None:
    """Put the molecules of `others` into a block, so that they stand at `places`, ascending."""
    for name, column in block.columns.items():
        for place, value in zip(places, others.columns[name], strict=True):
            column.insert(place, value)


def user_text(extra: Mapping[str, str]) -> str:
    """Write the user's columns of a molecule as one JSON object."""
    return json.dumps(dict(extra), ensure_ascii=False) if extra else "{}"
