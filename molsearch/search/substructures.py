"""SMARTS before the match: bits kept beside an index rule molecules out (`chem.substructures`).

Bits are computed the first time that a pattern is so rare that the walk down the ranking would go
through much of the library, and are kept. A molecule that they do not rule out is matched, so hits
are the same with and without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.filters import SmartsFilter
from molsearch.chem.substructures import MEANING, N_BYTES, may_contain, screen_bits
from molsearch.errors import UsageError
from molsearch.index.blocks import CheckedRows
from molsearch.index.companions import Companion, companions, held
from molsearch.index.reader import IndexReader
from molsearch.progress import OnProgress
from molsearch.search.mask import Mask

NAME = "substructures"
_ROWS_AT_ONCE = 16_384
# Computing bits takes three to four times as long as a match, and is done once.
_DEEP = 1 / 4


class SubstructureScreen:
    """Bits of the molecules of one index, asked for the patterns of one filter.

    Parameters
    ----------
    report
        Told of molecules done while bits are computed.
    """

    def __init__(
        self, reader: IndexReader, smarts: SmartsFilter, report: OnProgress | None = None
    ) -> None:
        self._reader, self._report = reader, report
        self._include, self._exclude = smarts.probes
        self._companion = Companion(
            name=NAME, version=f"{MEANING}; rdkit {version('rdkit')}", width=N_BYTES,
            dtype="uint8", columns=(schema.PARENT_SMILES,),
            compute=lambda table: screen_bits(table.column(schema.PARENT_SMILES).to_pylist()),
        )  # fmt: skip
        self._rows: Sequence[CheckedRows | None] = held(reader, self._companion)
        self._of_use = any(one.any(axis=1).all() for one in (*self._include, *self._exclude))

    def make(self, tested: int, passed: int, wanted: int) -> str | None:
        """Compute the bits that are lacking, where the walk would otherwise go deep.

        Parameters
        ----------
        tested, passed, wanted
            Molecules that the walk looked at, those of them that passed, and how many it needs.

        Returns
        -------
        Why they cannot be kept, in a line; None where all is well.
        """
        n_lacking = sum(
            n for n, rows in zip(self._reader.shard_rows, self._rows, strict=True) if rows is None
        )
        ahead = tested * (wanted - passed) / max(passed, 0.5)
        if not self._of_use or not n_lacking:
            return None
        if ahead < _DEEP * self._reader.n_rows and n_lacking > _DEEP * self._reader.n_rows:
            return None
        try:
            self._rows = companions(self._reader, self._companion, self._report)
        except UsageError:
            return (
                f"{self._reader.path} cannot be written, so every molecule was matched with the "
                "SMARTS: where its owner filters by one first, searches of all take less time"
            )
        return None

    def exclude(self, excluded: Mask) -> None:
        """Exclude rows that cannot contain an included pattern, as far as bits are there."""
        if not self._of_use or not self._include:
            return
        for rows, out in zip(self._rows, excluded, strict=True):
            if rows is None:
                continue
            for first in range(0, len(out), _ROWS_AT_ONCE):
                part = out[first : first + _ROWS_AT_ONCE]
                if not part.all():
                    bits = rows.rows(first, first + _ROWS_AT_ONCE)
                    for asked in self._include:
                        part |= ~may_contain(bits, asked)

    def told(
        self, shards: NDArray[np.int64], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which molecules surely pass, and which may or may not; the others surely do not."""
        passes, open_ = np.zeros(len(places), dtype=bool), np.ones(len(places), dtype=bool)
        for shard in np.unique(shards):
            rows = self._rows[int(shard)]
            if rows is None or not self._of_use:
                continue
            mine = np.flatnonzero(shards == shard)
            bits = rows.take(places[mine])
            fails = np.zeros(len(mine), dtype=bool)
            for asked in self._include:
                fails |= ~may_contain(bits, asked)
            free = np.full(len(mine), not self._include)
            for asked in self._exclude:
                free &= ~may_contain(bits, asked)
            passes[mine], open_[mine] = free, ~fails & ~free
        return passes, open_
