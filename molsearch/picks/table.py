"""A hit list as `molsearch screen` or another program wrote it, or as a data frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.prepare import prepare_in_process
from molsearch.chem.records import iter_records
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import InputError, UsageError
from molsearch.io.typed import typed_table
from molsearch.picks.values import in_full, lossless, numbers_or_text, ours
from molsearch.schema import ColumnType, Failure, Reading, Record
from molsearch.usertypes.names import unified

_FLAT = PrepareConfig(n_conformers=0)
_STRUCTURE = (schema.MOLECULE_ID, schema.SMILES)


@dataclass(frozen=True)
class HitTable:
    """Hits whose structures can be read.

    Attributes
    ----------
    frame
        molecule_id and smiles, then every other column with the type that its source states;
        where it states none, numbers as numbers if no text is lost by it.
    texts
        The same as it is written to a text: as it came. Numbers that molsearch made are left
        for the writer to round.
    parents
        SMILES of the parents.
    prints
        Their ECFP4, uint8 ``[n, 256]``.
    failures
        Rows that hold no readable structure.
    declared
        Columns of which the source states what they are.
    notes
        Which columns stayed text though their source had types, and why.
    """

    frame: pd.DataFrame
    texts: pd.DataFrame
    parents: tuple[str, ...]
    prints: NDArray[np.uint8]
    failures: tuple[Failure, ...] = ()
    declared: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def first(self, n: int) -> HitTable:
        """Take the first `n` hits."""
        return replace(
            self,
            frame=self.frame.head(n),
            texts=self.texts.head(n),
            parents=self.parents[:n],
            prints=self.prints[:n],
        )

    def with_numbers(self, names: Iterable[str]) -> pd.DataFrame:
        """Give `frame` with numbers in columns that are used as such, be they ``-9.10``."""
        some = [name for name in names if name in self.texts and name not in self.declared]
        made = {name: numbers_or_text(_given(self.texts[name])) for name in some}
        return self.frame.assign(**made)


def read_table(path: str, read: ReadConfig) -> HitTable:
    """Read a hit list of any format that molecules are read from.

    Raises
    ------
    InputError
        It cannot be read, or holds no readable structure.
    """
    readings: list[Reading] = []
    records = iter_records([path], read, readings.append)
    table = _table(path, (_of_tags(record) for record in records))
    types = {one.name: one for one in unified(one.types for one in readings)}
    own = [name for name in table.texts if name in types and name not in _STRUCTURE]
    return _with_types(table, {name: types[name] for name in own})


def table_of(frame: pd.DataFrame) -> HitTable:
    """Take a data frame with the columns ``molecule_id`` and ``smiles``; its types stay.

    Raises
    ------
    UsageError
        A column is missing.
    InputError
        No row holds a readable structure.
    """
    for name in _STRUCTURE:
        if name not in frame:
            raise UsageError(f"the hits have no column {name!r}; rename the one that holds it")
    ids, structures = (frame[name].fillna("").astype(str).tolist() for name in _STRUCTURE)
    records = (
        Record(number, "hits", number, molecule_id, smiles)
        for number, (molecule_id, smiles) in enumerate(zip(ids, structures, strict=True), start=1)
    )
    table = _table("the hits", records)
    kept = np.delete(np.arange(len(frame)), [one.record_number - 1 for one in table.failures])
    typed = frame.iloc[kept].reset_index(drop=True)
    typed = _ordered(typed.assign(**{name: table.texts[name] for name in _STRUCTURE}))
    names = [str(name) for name in typed.columns]
    return replace(table, frame=typed, texts=_in_full(typed), declared=frozenset(names))


def _of_tags(record: Record) -> Record:
    """Prefer the id and the structure that an SDF of ours holds as tags."""
    extra = dict(record.extra)
    molecule_id = extra.pop(schema.MOLECULE_ID, "") or record.molecule_id
    return replace(record, molecule_id=molecule_id, extra=extra)


def _table(source: str, records: Iterable[Record]) -> HitTable:
    # Facts come when they are asked for: `molsearch.picks.columns`.
    prepared, failures = prepare_in_process(records, _FLAT, ())
    if not prepared:
        why = f" (the first row: {failures[0].reason})" if failures else ""
        raise InputError(f"{source}: no row holds a readable structure{why}; give a hit list")
    rows = [dict(row.user) for row in prepared]
    structures = {
        schema.MOLECULE_ID: [row.molecule_id for row in prepared],
        schema.SMILES: [
            user.pop(schema.SMILES, "") or row.smiles
            for row, user in zip(prepared, rows, strict=True)
        ],
    }
    names = dict.fromkeys(name for row in rows for name in row)
    more = {name: pd.array([row.get(name) for row in rows], dtype="str") for name in names}
    # At once: a frame that grows by its columns is copied again and again.
    texts = _ordered(pd.DataFrame({**structures, **more}))
    prints = np.frombuffer(b"".join(row.ecfp4 for row in prepared), np.uint8)
    return HitTable(
        texts,
        texts,
        tuple(row.parent_smiles for row in prepared),
        prints.reshape(len(prepared), -1),
        tuple(failures),
    )


def _with_types(table: HitTable, types: Mapping[str, ColumnType]) -> HitTable:
    """Make values of the texts of a file."""
    texts = table.texts
    known = {name: kind for name, kind in types.items() if kind.type}
    numbers = ours([*texts.columns])
    free = [name for name in map(str, texts) if name not in types and name not in _STRUCTURE]
    guessed = {
        name: (numbers_or_text if name in numbers else lossless)(_given(texts[name]))
        for name in free
    }
    made = typed_table(texts.assign(**guessed), known)
    # Those of ours that a table holds in full are rounded as `screen` rounds them.
    rounded = {
        name: made.frame[name]
        for name in numbers & known.keys()
        if pd.api.types.is_float_dtype(made.frame[name].dtype)
    }
    return replace(
        table,
        frame=made.frame,
        texts=texts.assign(**rounded),
        declared=frozenset(types),
        notes=made.notes,
    )


def _in_full(frame: pd.DataFrame) -> pd.DataFrame:
    """Texts of floating numbers, but of ours."""
    rounded = ours([*frame.columns])
    floats = [
        name
        for name in frame.columns
        if name not in rounded and pd.api.types.is_float_dtype(frame[name].dtype)
    ]
    return frame.assign(**{name: in_full(frame[name]) for name in floats})


def _given(column: pd.Series[Any]) -> list[str | None]:
    return [None if pd.isna(text) else str(text) for text in column]


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    rest = [name for name in frame.columns if name not in _STRUCTURE]
    return frame[[*_STRUCTURE, *rest]]
