"""The scorer protocol, and what every method must beat: chance, size, properties, fingerprints."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from molsearch.bench.molecules import Molecules
from molsearch.chem.fingerprints import tanimoto_matrix

Scores = npt.NDArray[np.float32]


class Scorer(Protocol):
    """Scores a pool for each query alone.

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


class FingerprintScorer:
    """Tanimoto similarity of a binary fingerprint.

    Parameters
    ----------
    name
        ``ecfp4`` (Morgan radius 2, 2048 bits), ``maccs`` (167 keys) or ``rdkit`` (paths of up
        to seven bonds, 2048 bits).
    """

    relative = False

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """See `Scorer.name`."""
        return self._name

    @property
    def needs(self) -> frozenset[str]:
        """See `Scorer.needs`."""
        return frozenset({self._name})

    def identity(self) -> dict[str, Any]:
        """See `Scorer.identity`."""
        return {"similarity": "Tanimoto", "fingerprint": self._name}

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`."""
        found = tanimoto_matrix(queries[self._name], pool[self._name]).astype(np.float32)
        found[:, ~pool.readable] = np.nan
        return found
