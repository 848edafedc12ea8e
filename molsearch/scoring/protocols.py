"""What scores molecules: a whole library, the first part of a list, or a hit's parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

T = TypeVar("T")
Scores = npt.NDArray[np.float32]
# What a scorer `needs` to read `Molecules.prepared`: with geometry, or rows without it.
CONFORMERS = "conformers"
PREPARED = "prepared"


@dataclass(frozen=True)
class Prepared3D:
    """Prepared molecules and where each asked-for molecule stands among them.

    Attributes
    ----------
    table
        Rows of a prepared set, see `data.prepared_table.RECORDS`.
    rows
        int64 ``[n]``: row of `table` of each molecule, -1 where preparation failed.
    """

    table: pa.Table
    rows: npt.NDArray[np.int64]


class Molecules(Protocol):
    """Molecules with what scorers need to know of them."""

    @property
    def smiles(self) -> Sequence[str]:
        """The structures."""
        ...

    @property
    def prepared(self) -> Prepared3D:
        """Their prepared rows, conformers included."""
        ...

    @property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Whether each structure can be read, ``[n]``."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Array of a descriptor or packed fingerprint, its first axis the molecules."""
        ...

    def remember(self, key: str, compute: Callable[[], T]) -> T:
        """Compute something about the molecules once."""
        ...


class Scorer(Protocol):
    """Scores a whole library for each query alone.

    Attributes
    ----------
    name
        The word it is asked for by.
    needs
        Features of `Molecules` it reads.
    relative
        Whether a molecule's score depends on the others of its pool.
    """

    @property
    def name(self) -> str:
        """The word it is asked for by."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """Features of `Molecules` it reads."""
        ...

    @property
    def relative(self) -> bool:
        """Whether a molecule's score depends on the others of its pool."""
        ...

    def identity(self) -> dict[str, Any]:
        """Return the settings and versions that decide the scores."""
        ...

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """Similarity, higher is better, float32 ``[q, n]``; NaN where a molecule has no score."""
        ...


class Rescorer(Scorer, Protocol):
    """A scorer too slow for a whole library: it is asked about the first of a list.

    Attributes
    ----------
    depth
        How many of the first it is asked about unless told otherwise.
    """

    @property
    def depth(self) -> int:
        """How many of the first it is asked about unless told otherwise."""
        ...


class Explainer(Protocol):
    """Says which atoms of a hit, and of its nearest query, make its score."""

    def explain(
        self, hit_smiles: Sequence[str]
    ) -> Sequence[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
        """Contribution of each atom to the score of each hit for the queries it was made with.

        Returns
        -------
        For each hit the contributions of the atoms of its nearest query and of its own, each
        float64 ``[n_atoms]`` in the order of the SMILES; positive where an atom raises the score.
        """
        ...
