"""Which molecules of a library are ones that the user gave, stereo and salts aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molsearch.search.queries import Query

_BLOCK = 14  # characters of an InChIKey that tell the structure without stereo and isotopes


@dataclass(frozen=True)
class Skeletons:
    """First blocks of the InChIKeys of molecules, of those that have one."""

    known: frozenset[str]

    @classmethod
    def of(cls, molecules: Iterable[Query]) -> Skeletons:
        """Take those of queries, or of inactives."""
        return cls(frozenset(one.skeleton for one in molecules if one.skeleton))

    def __len__(self) -> int:
        return len(self.known)

    def among(self, inchikeys: Sequence[str | None]) -> NDArray[np.bool_]:
        """Which structures are theirs, ``[n]``; one without a key is none."""
        return np.array([(key or "")[:_BLOCK] in self.known for key in inchikeys], dtype=bool)
