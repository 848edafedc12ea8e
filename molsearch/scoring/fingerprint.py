"""Fingerprints as scorers: Tanimoto similarity."""

from __future__ import annotations

from typing import Any

import numpy as np

from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.scoring.protocols import Molecules, Scores


class FingerprintScorer:
    """Tanimoto similarity of a binary fingerprint.

    Parameters
    ----------
    name
        One of `molsearch.chem.fingerprints.FINGERPRINTS`.
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
