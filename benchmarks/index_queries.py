"""Rows of an index as queries, and the compounds by which its encoder tells rarity."""

from __future__ import annotations

import numpy as np

from molsearch.index.rarity import Reference, reference_of
from molsearch.index.reader import IndexReader


def rows_as_queries(reader: IndexReader, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings float32 ``[n, dim]`` and fingerprints of rows spread over the first shard."""
    at = np.linspace(0, reader.shard_rows[0] - 1, n).astype(int)
    return reader.embeddings(0)[at].astype(np.float32), np.array(reader.fingerprints(0)[at])


def reference_for(reader: IndexReader) -> Reference | None:
    """Compounds that ship beside the default encoder; None where another made the index."""
    from molsearch.nn.weights import load_encoder

    encoder = load_encoder(device="cpu")
    return reference_of(encoder) if encoder.identity == reader.identity else None
