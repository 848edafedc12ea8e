"""Molecules that are no hits whatever they score: by id, or for being like what is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.readers.rows import OnReading
from molsearch.chem.records import unheard
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import InputError
from molsearch.index.reader import IndexReader
from molsearch.search.mask import Mask, exclude_alike, exclude_ids, nothing_excluded
from molsearch.search.queries import Given, Role, read_one, unusable

_KNOWN = Role("known molecule", "--dissimilar-to")


class Exclusions:
    """What is excluded before the scan.

    Parameters
    ----------
    ids
        Of molecules that are no hits.
    prints
        ECFP4 ``[m, 256]`` of what no hit is like; None where there is nothing such.
    alike
        The similarity that counts as being like it.
    """

    def __init__(self, ids: Sequence[str], prints: NDArray[np.uint8] | None, alike: float) -> None:
        self._ids, self._prints, self._alike = list(dict.fromkeys(ids)), prints, alike
        self._unknown: list[str] = []

    def mask(self, reader: IndexReader) -> Mask:
        """Rows that are excluded."""
        excluded = nothing_excluded(reader)
        if self._ids:
            self._unknown = exclude_ids(excluded, reader, self._ids)
        if self._prints is not None:
            exclude_alike(excluded, reader, self._prints, self._alike)
        return excluded

    def warnings(self) -> Iterator[str]:
        """Say which ids the library does not hold; after `mask`."""
        if self._unknown:
            shown = ", ".join(repr(name[:40]) for name in self._unknown[:3])
            yield (
                f"--exclude-ids: {len(self._unknown):,} of {len(self._ids):,} ids are not in the "
                f"library (the first: {shown}); check that they are its {schema.MOLECULE_ID}s"
            )


def read_exclusions(
    ids: Sequence[str],
    dissimilar_to: Sequence[Given],
    dissimilar_at: float,
    prepare: PrepareConfig,
    on_reading: OnReading = unheard,
) -> Exclusions | None:
    """Read what a screen is told to exclude; None where that is nothing.

    Parameters
    ----------
    ids
        Of molecules that are no hits.
    dissimilar_to, dissimilar_at
        Structures and files of them, and the ECFP4 similarity to one of them that excludes.
    prepare
        How the library was prepared.
    on_reading
        Told how a file of structures is read.

    Raises
    ------
    InputError
        A file cannot be read, or holds a structure that cannot be used.
    """
    if not (ids or dissimilar_to):
        return None
    flat = prepare.model_copy(update={"n_conformers": 0})
    prints = [one for given in dissimilar_to for one in _prints(given, flat, on_reading)]
    return Exclusions(ids, np.stack(prints) if prints else None, dissimilar_at)


def _prints(given: Given, prepare: PrepareConfig, on_reading: OnReading) -> list[NDArray[np.uint8]]:
    found, failures, _ = read_one(given, ReadConfig(), prepare, _KNOWN, on_reading)
    if failures:
        # One that is left out would let through what is like it.
        raise InputError(unusable(given, failures, _KNOWN))
    return [one.fingerprint for one in found]
