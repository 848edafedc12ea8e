"""A hit and its query drawn side by side: the same part in the same place, on one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from molsearch.chem.draw_map import map_svg
from molsearch.reasons.reason import Reason

SIZE = (320, 240)


@dataclass(frozen=True)
class Pair:
    """Drawings of a query and of a hit.

    Attributes
    ----------
    query, hit
        ``<svg>`` elements.
    scale
        Contribution that is drawn in full in both.
    """

    query: str
    hit: str
    scale: float


def drawn(reason: Reason, query_smiles: str, hit_smiles: str, size: tuple[int, int] = SIZE) -> Pair:
    """Draw what the atoms of a hit and of its query contribute."""
    atoms, common = reason.atoms, reason.common
    scale = max(float(np.abs(part).max(initial=0.0)) for part in (atoms.query, atoms.hit))
    shared = ((), ()) if common is None else (common.first, common.second)
    pairs = () if common is None else common.pairs
    return Pair(
        map_svg(query_smiles, atoms.query, size, scale=scale, shared=shared[0]),
        map_svg(
            hit_smiles,
            atoms.hit,
            size,
            scale=scale,
            shared=shared[1],
            query=query_smiles,
            pairs=pairs,
        ),
        scale,
    )
