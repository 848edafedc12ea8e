"""Facts that were asked for lately, in memory: hit lists share molecules with those before them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

ROWS = 2**15  # some 30 MB with every fact
_FEW = 4096  # rows of an asking; one of many more is a filter's, which goes through the library


class RememberedFacts:
    """Facts by row, those asked for longest ago go first.

    May be used from several threads.

    Parameters
    ----------
    most
        Rows that are kept.
    """

    def __init__(self, most: int = ROWS) -> None:
        self._most = most
        self._lock = Lock()
        self._rows: OrderedDict[int, dict[str, object]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rows)

    def find(
        self, rows: NDArray[np.int64], names: Sequence[str]
    ) -> tuple[dict[str, list[object]], NDArray[np.int64]]:
        """Look facts up.

        Returns
        -------
        values, lacking
            By name, a value a row; and the places in `rows` of which some fact is not here. A value
            of None at another place is one that cannot be computed.
        """
        values: dict[str, list[object]] = {name: [None] * len(rows) for name in names}
        if len(rows) > _FEW:
            return values, np.arange(len(rows))
        lacking, wanted = [], frozenset(names)
        with self._lock:
            for place, row in enumerate(rows.tolist()):
                held = self._rows.get(row)
                if held is None or not wanted <= held.keys():
                    lacking.append(place)
                    continue
                self._rows.move_to_end(row)
                for name in names:
                    values[name][place] = held[name]
        return values, np.array(lacking, dtype=np.int64)

    def keep(self, rows: NDArray[np.int64], values: Mapping[str, Sequence[object]]) -> None:
        """Add facts of `rows`, a value a row under each name."""
        if len(rows) > _FEW:
            return
        with self._lock:
            for place, row in enumerate(rows.tolist()):
                held = self._rows.setdefault(row, {})
                self._rows.move_to_end(row)
                for name, column in values.items():
                    held[name] = column[place]
            while len(self._rows) > self._most:
                self._rows.popitem(last=False)
