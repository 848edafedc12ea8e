"""The first of a list ranked anew by what is too slow for a library: overlay of 3D shapes.

A rescorer looks at `depth` molecules that the other components put first. Their scores depend on
nothing but themselves and the queries; that a molecule below them is not looked at is what the
depth means, and it is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.conformers import geometry_of
from molsearch.config import PrepareConfig
from molsearch.errors import InputError
from molsearch.index.reader import IndexReader
from molsearch.scoring.expression import Term
from molsearch.scoring.extra import Component
from molsearch.scoring.protocols import Prepared3D
from molsearch.scoring.shape import ShapeScorer
from molsearch.search.engine import Candidates
from molsearch.search.queries import Query

_COLUMNS = [schema.PARENT_SMILES, schema.N_CONFORMERS, schema.N_ATOMS, schema.COORDS]
_MOST = 2.0  # of shape and colour together
_AT_ONCE = 64


@dataclass(frozen=True)
class _Molecules:
    """Geometries for a shape scorer."""

    prepared: Prepared3D


@dataclass
class Shapes(Component):
    """Shape and colour overlay with each query, half of RDKit's sum: 0 to 1.

    Molecules are looked at when they are asked for, each once.
    """

    term: Term
    reader: IndexReader
    queries: Sequence[Query]
    scorer: ShapeScorer = field(default_factory=ShapeScorer)
    _known: dict[tuple[int, int], NDArray[np.float64]] = field(default_factory=dict)
    _asked: pa.Table | None = None

    def fused(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring similarities ``[n, n_queries]`` to what is weighted and added, ``[n]``.

        A molecule that no geometry can be made of has no likeness of shape: 0.
        """
        return np.nan_to_num(super().fused(scores))

    def scores(
        self, shards: NDArray[np.integer], places: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Similarity ``[n, n_queries]`` of rows of the index to each query; NaN without 3D."""
        keys = [*zip(shards.tolist(), places.tolist(), strict=True)]
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        for first in range(0, len(missing), _AT_ONCE):
            some = missing[first : first + _AT_ONCE]
            self._known.update(zip(some, self._computed(some), strict=True))
        rows = [self._known[key] for key in keys]
        return np.array(rows).reshape(len(keys), len(self.queries))

    def _computed(self, keys: Sequence[tuple[int, int]]) -> Iterator[NDArray[np.float64]]:
        shards, places = np.array(keys, dtype=np.int64).T
        table = self.reader.take(shards, places, _COLUMNS)
        prepare = self.reader.manifest.library.prepare
        columns = [table.column(name).to_pylist() for name in _COLUMNS]
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]
        pool = _with_geometry(rows, prepare)
        asked = self._queries(prepare)
        found = self.scorer.score(_molecules(asked), _molecules(pool))  # type: ignore[arg-type]
        yield from (found.T.astype(np.float64) / _MOST)

    def _queries(self, prepare: PrepareConfig) -> pa.Table:
        if self._asked is None:
            rows = []
            for query in self.queries:
                first = query.first
                rows.append(
                    {
                        schema.PARENT_SMILES: first.parent_smiles,
                        schema.N_CONFORMERS: first.n_conformers,
                        schema.N_ATOMS: first.n_atoms,
                        schema.COORDS: first.coords,
                    }
                )
            self._asked = _with_geometry(rows, prepare)
            for query, n in zip(
                self.queries, self._asked.column(schema.N_CONFORMERS).to_pylist(), strict=True
            ):
                if not n:
                    raise InputError(
                        f"query {query.query_id!r}: no 3D geometry can be made of it; rank without "
                        "shape"
                    )
        return self._asked


def ranked_anew(found: Candidates, shapes: Shapes, k: int) -> Candidates:
    """Order candidates by their score and what shapes add to it; the k best are kept.

    Equal scores stay in the order they had, which is that of their ids.
    """
    if not len(found):
        return found
    added = shapes.term.weight * shapes.fused(shapes.scores(found.shards, found.rows))
    total = found.scores + added
    order = np.argsort(-total, kind="stable")[:k]
    best = found.take(order)
    return replace(best, scores=total[order])


def _molecules(table: pa.Table) -> _Molecules:
    return _Molecules(Prepared3D(table, np.arange(table.num_rows)))


def _with_geometry(rows: Sequence[dict[str, object]], prepare: PrepareConfig) -> pa.Table:
    """Make a geometry of each molecule that has none yet."""
    made = []
    for row in rows:
        if not row[schema.N_CONFORMERS]:
            coords = geometry_of(str(row[schema.PARENT_SMILES]), prepare)
            if coords is not None:
                row = {
                    **row,
                    schema.N_CONFORMERS: 1,
                    schema.N_ATOMS: len(coords),
                    schema.COORDS: coords.tobytes(),
                }
        made.append(row)
    return pa.table({name: [row[name] for row in made] for name in _COLUMNS})
