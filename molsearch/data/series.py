"""A chemist's own series: prepared molecules, active or inactive on one or more targets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from molsearch.chem.facts import compute
from molsearch.chem.readers.labels import labels_of
from molsearch.data.numbers import numbers_of
from molsearch.errors import InputError
from molsearch.schema import INCHIKEY, PARENT_SMILES, SCAFFOLD, USER

VALUE_COLUMNS = (
    "pchembl",
    "pchembl_value",
    "pvalue",
    "pic50",
    "pki",
    "pkd",
    "pec50",
    "value",
    "activity",
    "active",
    "label",
)
TARGET_COLUMNS = ("uniprot", "target", "target_name", "drug_class")
_CONCENTRATION = 20.0  # no -log10 of a molar concentration is as large


@dataclass(frozen=True, slots=True)
class Series:
    """M distinct molecules and what is known of them on T targets.

    Attributes
    ----------
    table
        M rows of a prepared set.
    targets
        Their names.
    active, inactive
        bool ``[M, T]``; both false where nothing is known.
    columns
        Columns of targets and of activities that were read, as the file spells them; None where
        there is none.
    """

    table: pa.Table
    targets: list[str]
    active: NDArray[np.bool_]
    inactive: NDArray[np.bool_]
    columns: tuple[str | None, str | None] = (None, None)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def is_active(self) -> NDArray[np.bool_]:
        """Which molecules, bool ``[M]``, are active on any target."""
        return np.asarray(self.active.any(axis=1), np.bool_)

    @property
    def groups(self) -> list[str]:
        """What a split must keep together: the scaffold, or the molecule itself without rings."""
        pairs = zip(
            self.table[SCAFFOLD].to_pylist(), self.table[PARENT_SMILES].to_pylist(), strict=True
        )
        return [scaffold or smiles for scaffold, smiles in pairs]


def read_series(
    table: pa.Table,
    *,
    target_column: str | None = None,
    value_column: str | None = None,
    threshold: float = 6.0,
) -> Series:
    """Read what a prepared table's own columns say about activity.

    Rows of one parent and target become one: its value is their median, its label the more
    frequent one, inactive where both are as frequent. Rows without value or target are left out.

    Parameters
    ----------
    table
        Rows of a prepared set.
    target_column
        Column of the user's file; None takes the first of `TARGET_COLUMNS` that is there, and
        one target for all where there is none.
    value_column
        Activities as -log10 of molar concentrations, or labels (active, inactive, 1, 0); None
        takes the first of `VALUE_COLUMNS`; where there is none every row is an active.
    threshold
        Least value of an active.

    Raises
    ------
    InputError
        If a named column is absent, a value is neither number nor label, values look like
        concentrations, or no molecule is active.
    """
    rows, spelt = _rows(table)
    targets = _column(spelt, target_column, TARGET_COLUMNS)
    values = _column(spelt, value_column, VALUE_COLUMNS)
    named = (spelt[targets] if targets else None, spelt[values] if values else None)
    frame = pd.DataFrame(
        {
            "key": table[INCHIKEY].to_pylist(),
            "row": range(table.num_rows),
            "target": "series" if targets is None else [row.get(targets) or None for row in rows],
            "value": _activities(
                [row.get(values, "") for row in rows] if values else None, len(rows), named[1]
            ),
        }
    )
    # Infinite for a label "active", minus infinite for "inactive": the median obeys both kinds.
    frame = frame.dropna()
    merged = (
        frame.groupby(["key", "target"], sort=False)
        .agg(value=("value", "median"), row=("row", "first"))
        .reset_index()
    )
    molecule, keys = pd.factorize(merged["key"])
    target, names = pd.factorize(merged["target"], sort=True)
    active = np.zeros((len(keys), len(names)), np.bool_)
    inactive = active.copy()
    is_active = (merged["value"] >= threshold).to_numpy()
    active[molecule[is_active], target[is_active]] = True
    inactive[molecule[~is_active], target[~is_active]] = True
    if not active.any():
        raise InputError(
            f"no active molecule: column {named[1]!r} has none of at least {threshold:g}; "
            "lower --active-above, or name another --value-column"
        )
    first = merged.groupby("key", sort=False)["row"].first().to_numpy()
    return Series(table.take(pa.array(first)), [str(n) for n in names], active, inactive, named)


def with_identity(table: pa.Table) -> pa.Table:
    """Fill in InChIKeys and scaffolds, which preparing leaves to whoever asks.

    A molecule that has no InChIKey is known by its parent's SMILES, so that it is not lost.
    """
    parents = table[PARENT_SMILES].to_pylist()
    facts = compute(parents, (INCHIKEY, SCAFFOLD)).columns
    keys = [str(key or parent) for key, parent in zip(facts[INCHIKEY], parents, strict=True)]
    scaffolds = [str(scaffold or "") for scaffold in facts[SCAFFOLD]]
    for name, values in ((INCHIKEY, keys), (SCAFFOLD, scaffolds)):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, pa.array(values, pa.string()))
    return table


def _rows(table: pa.Table) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Rows by the names of columns in small letters, and these names as the first row has them."""
    read = [json.loads(text) for text in table[USER].to_pylist()]
    rows = [{name.strip().lower(): value for name, value in row.items()} for row in read]
    return rows, {name.strip().lower(): name.strip() for name in (read[0] if read else ())}


def _column(spelt: Mapping[str, str], named: str | None, known: Sequence[str]) -> str | None:
    if named is not None:
        if named.lower() not in spelt:
            there = ", ".join(spelt.values()) or "no other column"
            raise InputError(f"no column {named!r}; the file has {there}")
        return named.lower()
    return next((name for name in known if name in spelt), None)


def _activities(texts: Sequence[str] | None, n: int, column: str | None) -> NDArray[np.float64]:
    """One number a row: the value, ±infinity for a label, NaN for nothing."""
    if texts is None:
        return np.full(n, np.inf)
    words = [str(text).strip().lower() for text in texts]
    labels = labels_of(words)
    if not labels.unread:
        return labels.values
    numbers = numbers_of(pd.Series(words, dtype=object)).to_numpy(np.float64)
    for word, number in zip(words, numbers, strict=True):
        if word and word != "nan" and np.isnan(number):
            raise InputError(
                f"column {column!r}: {word[:40]!r} is neither a number nor active or inactive; "
                "molsearch data convert reads censored values and units"
            )
    if np.nanmedian(numbers) > _CONCENTRATION:
        raise InputError(
            f"column {column!r} looks like concentrations (median {np.nanmedian(numbers):g}); give "
            "-log10 of molar ones: molsearch data convert makes them"
        )
    return numbers.astype(np.float64)
