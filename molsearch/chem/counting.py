"""Which code counts the substructures of many molecules: arrays, or compiled loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from molsearch.chem.bulk.bags import Substructures, Usual, substructures
from molsearch.chem.counters import Buckets

Counting = Callable[[Sequence[Usual], Buckets | None], Substructures]


def counting(compiled: bool) -> Counting:
    """Choose; the numbers are the same."""
    if not compiled:
        return substructures
    # Numba takes a third of a second to start: only where many molecules will need it.
    from molsearch.chem.kernels.bags import substructures as by_loops

    return by_loops
