"""What the demo counts: drugs of the query's class among the first hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from molsearch.search.screen import HitList

CLASS_COLUMN = "drug_class"
DEPTHS = (10, 50)


@dataclass(frozen=True)
class Example:
    """One query of the demo: a well-known drug and the class it belongs to."""

    smiles: str
    name: str
    drug_class: str


@dataclass(frozen=True)
class Tally:
    """Drugs of the query's class among the first hits, the query itself left out.

    Attributes
    ----------
    members
        How many there are to find.
    molecules
        Of how many molecules.
    depths
        Numbers of first hits looked at.
    molsearch, ecfp4
        Members among the first hits, for each depth, by either ranking.
    """

    members: int
    molecules: int
    depths: tuple[int, ...]
    molsearch: tuple[int, ...]
    ecfp4: tuple[int, ...]


@dataclass(frozen=True)
class Result:
    """The screen of one query."""

    example: Example
    hits: HitList
    tally: Tally
    seconds: float


def tally(frame: pd.DataFrame, drug_class: str, depths: Sequence[int] = DEPTHS) -> Tally:
    """Count a class among the first hits of a whole ranked library, by score and by ECFP4.

    Parameters
    ----------
    frame
        A hit list of the whole library, with the user column ``drug_class``.
    drug_class
        The class to count.
    """
    others = frame[~frame["is_query"].astype(bool)]
    by_score = others.sort_values("rank")
    by_ecfp4 = others.sort_values(["ecfp4_similarity", "molecule_id"], ascending=[False, True])

    def found(ranked: pd.DataFrame) -> tuple[int, ...]:
        mine = ranked[CLASS_COLUMN] == drug_class
        return tuple(int(mine.head(depth).sum()) for depth in depths)

    members = int((others[CLASS_COLUMN] == drug_class).sum())
    return Tally(members, len(others), tuple(depths), found(by_score), found(by_ecfp4))
