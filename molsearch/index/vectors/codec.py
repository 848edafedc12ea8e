"""What a form of embeddings for scanning is: how rows are written, and how wrong their scores are.

A codec turns rows into arrays and knows what products with these arrays mean. Files, checksums,
threads and the choice of the best rows are not its concern. Its bound is what makes a search exact:
every row whose score could still belong is scored as it is stored. A codec that states none can be
searched too; such an answer is called approximate, and how much it misses is measured when an index
is made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from molsearch.index.blocks import Rows

#: Arrays by name; those of rows have one row an embedding.
Parts = Mapping[str, NDArray[Any]]
# Stored embeddings have unit length, but for float16's rounding.
LONGEST = 1.01
# A shard of fewer rows is scanned as it is: that takes less than a millisecond.
LEAST_ROWS = 8192


class Asked(Protocol):
    """Queries that are ready for the rows of a codec."""

    def products(self, parts: Parts) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Multiply some rows with the queries; may be called from several threads.

        Returns
        -------
        float32 ``[n, m]``, and float32 ``[n]``: how far any product of a row can be from that
        with the stored row. None from a codec that has no bound.
        """
        ...


class Codec(ABC):
    """A form of embeddings; one's own is a class that derives from this one.

    Attributes
    ----------
    name
        By which an index is made with it: small letters, digits and ``-``.
    width
        Tells codecs apart whose files have one name.
    version
        Raised when the same name comes to mean other arrays: copies of earlier ones are refused.
    bounded
        Whether `Asked.products` states a bound.
    wide
        Whether the bound is so wide that rows which may be of use are best multiplied as they are
        stored before they are kept.
    """

    name: str
    width: int | None = None
    version: ClassVar[int] = 1
    bounded: ClassVar[bool] = True
    wide: ClassVar[bool] = True

    @property
    def stem(self) -> str:
        """What its files are called in a shard."""
        return self.name.replace("-", "_")

    @property
    def least_rows(self) -> int:
        """Rows from which on a shard has a copy."""
        return LEAST_ROWS

    @abstractmethod
    def layout(self, dim: int) -> Mapping[str, tuple[int, str]]:
        """Width and dtype of every array of rows, for embeddings of `dim` dimensions."""

    def shared(self, vectors: Rows) -> Parts:
        """Arrays that all rows of a shard have in common, such as axes; two-dimensional."""
        del vectors
        return {}

    @abstractmethod
    def encode(self, vectors: NDArray[np.floating], shared: Parts) -> Parts:
        """Turn rows ``[n, dim]`` into the arrays of `layout`."""

    @abstractmethod
    def asked(self, matrix: NDArray[np.float32], shared: Parts) -> Asked:
        """Make queries ready, which are the columns of `matrix`, ``[dim, m]``."""
