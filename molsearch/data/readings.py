"""How the sources of a library were read, those that are read alike as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from molsearch.schema import Reading
from molsearch.usertypes.names import unified


def grouped(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Make one of the readings that differ in their source alone, in order.

    A column has the type that holds what all of these sources have.
    """
    found: dict[Reading, Reading] = {}
    for reading in readings:
        key = replace(reading, source="", n_sources=1, types=())
        known = found.get(key)
        if known is None:
            found[key] = reading
            continue
        types = known.types
        if types != reading.types:
            types = unified([types, reading.types])
        found[key] = replace(known, n_sources=known.n_sources + 1, types=types)
    return tuple(found.values())
