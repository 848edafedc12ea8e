"""What every method must beat besides fingerprints: chance, size, simple properties."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from molsearch.scoring.protocols import Molecules, Scores


class RandomScorer:
    """A number drawn for each molecule: what chance earns on the very same lists.

    Parameters
    ----------
    seed
        Draws the numbers.
    """

    name = "random"
    needs: frozenset[str] = frozenset()
    relative = False

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def identity(self) -> dict[str, Any]:
        """See `Scorer.identity`."""
        return {"seed": self.seed}

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`; a molecule's number depends on the query and itself alone."""
        found = np.empty((len(queries), len(pool)), dtype=np.float32)
        for row, query in enumerate(queries.smiles):
            key = f"{self.seed}:{query}:".encode()
            digests = b"".join(
                hashlib.blake2b(key + smiles.encode(), digest_size=4).digest()
                for smiles in pool.smiles
            )
            found[row] = np.frombuffer(digests, dtype=np.uint32) / np.float32(2**32)
        return found


class HeavyAtomScorer:
    """Larger molecules first: many benchmarks reward size alone."""

    name = "heavy-atoms"
    needs = frozenset({"heavy_atoms"})
    relative = False

    def identity(self) -> dict[str, Any]:
        """See `Scorer.identity`."""
        return {}

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`; the query does not matter."""
        return np.repeat(pool["heavy_atoms"][None].astype(np.float32), len(queries), axis=0)


class PropertyScorer:
    """Nearness to the query in eight simple properties, each over its spread in the pool."""

    name = "properties"
    needs = frozenset({"properties"})
    relative = True

    def identity(self) -> dict[str, Any]:
        """See `Scorer.identity`."""
        return {"distance": "Euclidean, standardised over the pool"}

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`."""
        values = pool["properties"].astype(np.float64)
        spread = np.nanstd(values, axis=0) if pool.readable.any() else np.ones(values.shape[1])
        scale = np.where(spread > 0, spread, 1.0)
        asked = queries["properties"].astype(np.float64)
        distances = [np.linalg.norm((values - query) / scale, axis=1) for query in asked]
        return -np.array(distances, dtype=np.float32).reshape(len(queries), len(pool))
