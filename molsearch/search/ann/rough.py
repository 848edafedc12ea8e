"""Rows out of inverted lists for a ranking, scored exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from molsearch.index.ann.opened import Opened
from molsearch.index.reader import IndexReader
from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import QuerySet
from molsearch.search.engine import Candidates, Excluded
from molsearch.search.engine.searching import candidates_of
from molsearch.search.exact import Exact


@dataclass(frozen=True)
class Setting:
    """How much of an index is looked at.

    Attributes
    ----------
    probes
        Lists looked into.
    depth
        Rows taken out of them for each query, and scored.
    """

    probes: int
    depth: int


def rough(
    reader: IndexReader,
    lists: Opened,
    queries: QuerySet,
    blend: Blend,
    setting: Setting,
    k: int,
    excluded: Excluded | None = None,
) -> Candidates:
    """Find the k best of the rows that a setting looks at, by exact scores.

    Each query is looked for by itself, with the weights that its cosine and its likeness have in
    the ranking; who is found for any of them is scored for all.
    """
    asked = joint_queries(lists, queries, blend)
    depth = min(setting.depth, reader.n_rows)
    rows = lists.candidates(asked, setting.probes, depth, excluded)
    exact = Exact(reader, replace(queries, fusion=blend.fusion), None, blend)
    scores = exact.scores(rows)
    best = exact.best(rows, exact.keys(scores), k)
    return candidates_of(exact, rows[best], scores[best])


def joint_queries(lists: Opened, queries: QuerySet, blend: Blend) -> NDArray[np.float32]:
    """Vectors ``[n_queries, width]`` whose products with rows come near the ranking."""
    prints = None if blend.likeness is None else blend.likeness.packed
    weight = 0.0 if blend.likeness is None else blend.likeness.weight
    found = lists.joint.queries(queries.as_molecules(), prints, (blend.embedding, weight))
    return np.ascontiguousarray(found, np.float32)
