"""A hit list as `molsearch screen` or another program wrote it, or as a data frame."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
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
from molsearch.schema import Failure, Record

_FLAT = PrepareConfig(n_conformers=0)
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|[+-]?\.\d+")
_WHOLE = re.compile(r"[+-]?(?:0|[1-9]\d{0,17})")
_FLAGS = {"true": True, "false": False}
_STRUCTURE = (schema.MOLECULE_ID, schema.SMILES)


@dataclass(frozen=True)
class HitTable:
    """Hits whose structures can be read.

    Attributes
    ----------
    frame
        molecule_id and smiles, then every other column, numbers as numbers.
    parents
        SMILES of the parents.
    prints
        Their ECFP4, uint8 ``[n, 256]``.
    failures
        Rows that hold no readable structure.
    """

    frame: pd.DataFrame
    parents: tuple[str, ...]
    prints: NDArray[np.uint8]
    failures: tuple[Failure, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def first(self, n: int) -> HitTable:
        """Take the first `n` hits."""
        return replace(
            self, frame=self.frame.head(n), parents=self.parents[:n], prints=self.prints[:n]
        )


def read_table(path: str, read: ReadConfig) -> HitTable:
    """Read a hit list of any format that molecules are read from.

    Raises
    ------
    InputError
        It cannot be read, or holds no readable structure.
    """
    return _table(path, (_of_tags(record) for record in iter_records([path], read)))


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
    typed = typed.assign(**{name: table.frame[name] for name in _STRUCTURE})
    return replace(table, frame=_ordered(typed))


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
    frame = pd.DataFrame(
        {
            schema.MOLECULE_ID: [row.molecule_id for row in prepared],
            schema.SMILES: [
                user.pop(schema.SMILES, "") or row.smiles
                for row, user in zip(prepared, rows, strict=True)
            ],
        }
    )
    names = list(dict.fromkeys(name for row in rows for name in row))
    more = {name: typed([row.get(name, "") for row in rows]) for name in names}
    prints = np.frombuffer(b"".join(row.ecfp4 for row in prepared), np.uint8)
    return HitTable(
        _ordered(pd.concat([frame, pd.DataFrame(more, index=frame.index)], axis=1)),
        tuple(row.parent_smiles for row in prepared),
        prints.reshape(len(prepared), -1),
        tuple(failures),
    )


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    rest = [name for name in frame.columns if name not in _STRUCTURE]
    return frame[[*_STRUCTURE, *rest]]


def typed(values: Sequence[str]) -> Any:
    """Make numbers or truth values of a column of text in which all that is given are such.

    A code such as ``007`` or ``1E5A`` stays text; so does a column in which one value is.

    Examples
    --------
    >>> list(typed(["1", "", "3"])), list(typed(["0.5", "nan"])), list(typed(["007", "1"]))
    ([1, <NA>, 3], [0.5, nan], ['007', '1'])
    """
    given = [value for value in map(str.strip, values) if value]
    real = [value for value in given if value.lower() != "nan"]
    if real and all(_WHOLE.fullmatch(value) for value in real) and len(real) == len(given):
        return pd.array([int(value) if value.strip() else None for value in values], dtype="Int64")
    if real and all(_NUMBER.fullmatch(value) for value in real):
        return np.array([float(value) if value.strip() else np.nan for value in values])
    if given and all(value.lower() in _FLAGS for value in given):
        return pd.array([_FLAGS.get(value.strip().lower()) for value in values], dtype="boolean")
    return pd.array(list(values), dtype="str")
