"""Molecules of a benchmark with what scorers need to know of them, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from molsearch.bench.audit.features import chunked, spread_over
from molsearch.bench.descriptors import DESCRIPTORS, Array, describe, joined
from molsearch.scoring.protocols import Prepared3D

T = TypeVar("T")
_CHUNK = 5_000  # molecules a worker process is given at a time


class Molecules:
    """SMILES with their descriptors (`bench.descriptors`), computed in one reading.

    Parameters
    ----------
    smiles
        Structures; one that RDKit cannot read keeps its place with an empty value.
    """

    def __init__(self, smiles: Sequence[str]) -> None:
        self.smiles = list(smiles)
        self._prepared: Prepared3D | None = None
        self._known: dict[str, Array] = {}
        self._readable: npt.NDArray[np.bool_] | None = None
        self._remembered: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.smiles)

    def need(self, names: Collection[str], workers: int = 1) -> None:
        """Compute several descriptors at once; cheaper than asking for one after the other.

        With more than one of `workers`, processes share the structures of a large pool.
        """
        missing = [name for name in DESCRIPTORS if name in names and name not in self._known]
        if missing or self._readable is None:
            self._compute(missing, workers)

    @property
    def prepared(self) -> Prepared3D:
        """Conformers, where the runner has attached them."""
        if self._prepared is None:
            raise RuntimeError("no conformers attached: a scorer that reads them must need them")
        return self._prepared

    @property
    def attached(self) -> bool:
        """Whether the molecules have been given conformers."""
        return self._prepared is not None

    def attach(self, prepared: Prepared3D) -> None:
        """Give the molecules their conformers."""
        self._prepared = prepared
        self._remembered = {}

    def remember(self, key: str, compute: Callable[[], T]) -> T:
        """Compute something about the conformers once; random compounds meet every target."""
        if key not in self._remembered:
            self._remembered[key] = compute()
        found: T = self._remembered[key]
        return found

    def __getitem__(self, name: str) -> Array:
        """Array of a descriptor, its first axis the molecules."""
        self.need([name])
        return self._known[name]

    @property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Whether RDKit reads each structure, shape ``[n]``."""
        self.need([])
        assert self._readable is not None
        return self._readable

    def _compute(self, names: Sequence[str], workers: int) -> None:
        chunks = chunked(self.smiles, _CHUNK) or [[]]
        found = joined(list(spread_over(partial(describe, names=names), chunks, workers)))
        self._readable = found.readable
        self._known.update(found.columns)
