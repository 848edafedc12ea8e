"""Molecule ids that occur more than once in a library: all are kept, and the user is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from molsearch.words import counted, noun

_SHOWN = 3
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Repeats:
    """Ids that more than one molecule has.

    Attributes
    ----------
    n_ids
        Number of such ids.
    n_molecules
        Number of molecules that have one of them.
    first
        The first of them in input order, with the number of molecules of each.
    """

    n_ids: int
    n_molecules: int
    first: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        """One line for the eye; empty where no id occurs twice."""
        if not self.n_ids:
            return ""
        named = ", ".join(f"{_short(name)} ({count:,}×)" for name, count in self.first)
        more = ", …" if self.n_ids > len(self.first) else ""
        ids = f"{counted(self.n_ids, 'id')} {noun(self.n_ids, 'occurs', 'occur')}"
        return (
            f"{ids} more than once: {named}{more}; all "
            f"{counted(self.n_molecules, 'molecule')} are kept, told apart by record_number"
        )


def repeated_ids(columns: Callable[[], Iterable[pa.ChunkedArray]]) -> Repeats:
    """Find the ids that occur more than once.

    Eight bytes an id are held. Where some occur twice, the ids are read a second time, and of
    those alone the texts.

    Parameters
    ----------
    columns
        Gives the ids, a column a shard, in input order, each time it is called.
    """
    hashes = [_hashes(column) for column in columns()]
    ordered = np.sort(np.concatenate(hashes or [np.empty(0, np.uint64)]))
    suspects = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(suspects):
        return Repeats(0, 0)
    counts: Counter[str] = Counter()
    for column, hashed in zip(columns(), hashes, strict=True):
        # Two ids of one hash are told apart here.
        counts.update(column.filter(pa.array(np.isin(hashed, suspects))).to_pylist())
    found = [(name, count) for name, count in counts.items() if count > 1]
    return Repeats(len(found), sum(count for _, count in found), tuple(found[:_SHOWN]))


def _hashes(column: pa.ChunkedArray) -> np.ndarray:
    texts = column.to_pandas().to_numpy(dtype=object)
    return pd.util.hash_array(texts, categorize=False)


def _short(name: str) -> str:
    shown = name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
    return repr(shown)
