"""The seam between an index and whatever turns molecules into vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_EXCERPT_CHARACTERS = 500


class Embedder(Protocol):
    """What building and searching an index ask of an encoder.

    A trained `molsearch.nn.encoder.Encoder` is one; so is any function of prepared molecules
    whose output has unit length. One may also have `reference`, embeddings float16 ``[n, dim]`` of
    compounds at large: then the default ranking adds rarity (`molsearch.index.rarity`).
    """

    @property
    def identity(self) -> str:
        """Changes whenever embeddings would; checked before any search."""
        ...

    @property
    def dim(self) -> int:
        """Length of an embedding."""
        ...

    @property
    def card(self) -> Mapping[str, Any]:
        """What the encoder says of itself."""
        ...

    @property
    def background(self) -> NDArray[np.float16] | None:
        """Embeddings ``[n, dim]`` of random molecules, against which scores are placed."""
        ...

    @property
    def background_ecfp4(self) -> NDArray[np.uint8] | None:
        """Packed ECFP4 ``[n, 256]`` of the same molecules, for rankings that fingerprints enter."""
        ...

    def embed_table(self, table: pa.Table) -> NDArray[np.float32]:
        """Embeddings ``[n_rows, dim]`` of prepared molecules, each of unit length."""
        ...

    def embed_conformers(self, table: pa.Table) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Embeddings ``[n_conformers, dim]``, and for each the table row it belongs to."""
        ...


def card_excerpt(card: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the short facts of a card: name, licence, what it was trained on, applicability."""
    excerpt: dict[str, Any] = {}
    for key, value in card.items():
        if key == "applicability" and isinstance(value, Mapping):
            excerpt[key] = dict(value)
        elif isinstance(value, str):
            excerpt[key] = value[:_EXCERPT_CHARACTERS]
        elif isinstance(value, bool | int | float):
            excerpt[key] = value
    return excerpt
