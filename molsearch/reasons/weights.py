"""What is added to a score: the components of a ranking that atoms are hidden from."""

from __future__ import annotations

from dataclasses import dataclass

from molsearch.scoring.default import RARITY
from molsearch.scoring.fusion import Fusion
from molsearch.scoring.ranking import INACTIVES, MOLSEARCH, SERIES, STORED


@dataclass(frozen=True)
class Weights:
    """Weight of each component, and how it is fused over queries.

    Attributes
    ----------
    embedding
        Of the cosine of the embeddings.
    ecfp4
        Of the ECFP4 similarity.
    inactives
        Of the cosine to the nearest known inactive, which is taken off.
    others
        Of the similarity by further fingerprints: their names, of `HIDEABLE`, and weights.
    series
        Of what the series model adds.
    rarity
        Of the rarity among the encoder's reference compounds.
    fusions
        Names of components and their fusions; the nearest query counts where none stands.
    """

    embedding: float = 1.0
    ecfp4: float = 0.0
    inactives: float = 0.0
    others: tuple[tuple[str, float], ...] = ()
    series: float = 0.0
    fusions: tuple[tuple[str, Fusion], ...] = ()
    rarity: float = 0.0

    @property
    def prints(self) -> tuple[tuple[str, float], ...]:
        """Name and weight of every fingerprint; ECFP4 first, also where it does not rank."""
        return ((STORED, self.ecfp4), *self.others)

    @property
    def embeds(self) -> bool:
        """Whether anything that ranks looks at embeddings."""
        return bool(self.embedding or self.inactives or self.series or self.rarity)

    @property
    def names(self) -> tuple[str, ...]:
        """The components that count, as rankings name them."""
        every = (
            (MOLSEARCH, self.embedding),
            *self.prints,
            (INACTIVES, self.inactives),
            (SERIES, self.series),
            (RARITY, self.rarity),
        )
        return tuple(name for name, weight in every if weight)

    def fusion(self, name: str) -> Fusion:
        """How a component is fused over queries."""
        return dict(self.fusions).get(name, "max")
