"""Molecules that are no hits whatever they score: by id, or for being like what is known."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import InputError
from molsearch.index.reader import IndexReader
from molsearch.io import parquet
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
) -> Exclusions | None:
    """Read what a screen is told to exclude; None where that is nothing.

    Parameters
    ----------
    ids
        Files of ids.
    dissimilar_to, dissimilar_at
        Structures and files of them, and the ECFP4 similarity to one of them that excludes.
    prepare
        How the library was prepared.

    Raises
    ------
    InputError
        A file cannot be read, or holds no id or a structure that cannot be used.
    """
    if not (ids or dissimilar_to):
        return None
    flat = prepare.model_copy(update={"n_conformers": 0})
    names = [name for path in ids for name in ids_of(Path(path))]
    prints = [one for given in dissimilar_to for one in _prints(given, flat)]
    return Exclusions(names, np.stack(prints) if prints else None, dissimilar_at)


def _prints(given: Given, prepare: PrepareConfig) -> list[NDArray[np.uint8]]:
    found, failures, _ = read_one(given, ReadConfig(), prepare, _KNOWN)
    if failures:
        # One that is left out would let through what is like it.
        raise InputError(unusable(given, failures, _KNOWN))
    return [one.fingerprint for one in found]


def ids_of(path: Path) -> list[str]:
    """Read ids: one a line, or the column ``molecule_id`` of a table such as a hit list.

    Raises
    ------
    InputError
        The file cannot be read, or holds none.
    """
    try:
        if path.suffix == ".parquet":
            names = parquet.names(path)
            if schema.MOLECULE_ID not in names:
                raise InputError(
                    f"{path} has no column {schema.MOLECULE_ID}; there are {', '.join(names[:20])}"
                )
            column = parquet.read(path, [schema.MOLECULE_ID]).column(0)
            ids = [str(name) for name in column.to_pylist() if name is not None]
        else:
            ids = _of_text(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise InputError(
            f"ids {path} cannot be read: {reason}; give a text file, one a line"
        ) from error
    if not ids:
        raise InputError(f"{path} holds no ids; write one a line")
    return ids


def _of_text(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    for delimiter in (",", "\t", ";"):
        heads = [head.strip().strip('"') for head in lines[0].split(delimiter)]
        if schema.MOLECULE_ID in heads and len(heads) > 1:
            place = heads.index(schema.MOLECULE_ID)
            rows = csv.reader(lines[1:], delimiter=delimiter)
            return [row[place] for row in rows if len(row) > place and row[place]]
    first = 1 if lines[0].strip() == schema.MOLECULE_ID else 0
    return [line.strip() for line in lines[first:]]
