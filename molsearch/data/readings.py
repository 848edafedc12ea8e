"""How the sources of a library were read, those that are read alike as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from molsearch.schema import Reading


def grouped(readings: Iterable[Reading]) -> tuple[Reading, ...]:
    """Make one of the readings that differ in their source alone, in order."""
    found: dict[Reading, Reading] = {}
    for reading in readings:
        key = replace(reading, source="", n_sources=1)
        known = found.get(key)
        found[key] = reading if known is None else replace(known, n_sources=known.n_sources + 1)
    return tuple(found.values())
