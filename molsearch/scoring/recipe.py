"""How the score of a list is made of products and similarities, said rather than done.

Whoever computes products and similarities itself, a row at a time, makes scores by it; the
functions of `molsearch.scoring.plan` make the same of whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from molsearch.scoring.fusion import Fusion


@dataclass(frozen=True)
class Share:
    """Columns that become one.

    Attributes
    ----------
    first, last
        The first of them, and the one after the last.
    fusion
        How.
    """

    first: int
    last: int
    fusion: Fusion = "max"

    def after(self, n: int) -> Share:
        """Say the same of columns that stand behind `n` others."""
        return replace(self, first=self.first + n, last=self.last + n)


@dataclass(frozen=True)
class Recipe:
    """The score of a list: fused columns times weights, added; those of inactives taken away.

    Attributes
    ----------
    cosines, of_cosines
        Columns of the products, and their weight.
    likeness, of_likeness
        Columns of the similarities to the fingerprints that are asked for, and their weight; None
        where they do not count.
    inactives, of_inactives
        Columns of the products too.
    of_rarity
        Weight of the row's rarity, which is the same for every query.
    """

    cosines: Share
    of_cosines: float = 1.0
    likeness: Share | None = None
    of_likeness: float = 0.0
    inactives: Share | None = None
    of_inactives: float = 0.0
    of_rarity: float = 0.0
