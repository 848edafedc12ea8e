"""Rarity as a scorer: how rare a molecule's like is among an encoder's reference compounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from molsearch.errors import UsageError
from molsearch.index.rarity import TEMPERATURE, Reference, reference_of
from molsearch.scoring.default import RARITY
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.protocols import Molecules, Scores


class RarityScorer:
    """Rarity of each molecule, whatever the query (`molsearch.index.rarity.Reference`).

    Parameters
    ----------
    encoder
        Whose embeddings and reference compounds are looked at.
    name
        The word it is asked for by.

    Raises
    ------
    UsageError
        The encoder brings no reference compounds.
    """

    relative = False

    def __init__(self, encoder: EncoderScorer, name: str = RARITY) -> None:
        found = reference_of(encoder.embedder)
        if found is None:
            raise UsageError(
                f"{RARITY} is told by reference compounds, and {encoder.name} brings none"
            )
        self._encoder, self._name = encoder, name
        self._reference: Reference = found
        self.needs = encoder.needs

    @property
    def name(self) -> str:
        """See `Scorer.name`."""
        return self._name

    def identity(self) -> dict[str, Any]:
        """See `Scorer.identity`."""
        known = {"reference": self._reference.key, "compounds": len(self._reference.vectors)}
        return {"rarity": {"temperature": TEMPERATURE, **known}, **self._encoder.identity()}

    def score(self, queries: Molecules, pool: Molecules) -> Scores:
        """See `Scorer.score`; a row for each query, all alike."""
        found = self._reference.rarity(self._encoder.vectors(pool))
        return np.broadcast_to(found, (len(queries), len(found)))
