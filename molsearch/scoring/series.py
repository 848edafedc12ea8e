"""The series model: what sets the queries apart from known inactives and from random molecules.

A logistic regression on embeddings, made at search time. It is linear, so that a library is ranked
by it in the same product as by cosines, with the same bound on what rounding may do.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from molsearch.metrics.regression import Fit

Floats = NDArray[np.float64]
PENALTY = 1.0


@dataclass(frozen=True)
class SeriesModel:
    """What sets queries apart from known inactives and random molecules.

    Attributes
    ----------
    queries, inactives, background
        Embeddings ``[n, dim]``; the last are random molecules, which are taken for inactive. Each
        of the three groups weighs as much as the others, however many its members are.
    """

    queries: Floats
    inactives: Floats
    background: Floats

    @cached_property
    def direction(self) -> Floats:
        """The direction ``[dim]``, of unit length, in which a molecule is more like the queries."""
        return _of_unit_length(self._fit.coefficients[None, 1:])[0]

    def with_query(self, number: int, changed: Floats) -> Floats:
        """Directions ``[m, dim]`` of models made anew with another embedding in a query's place.

        Parameters
        ----------
        number
            Which query.
        changed
            float64 ``[m, dim]``.
        """
        others = np.column_stack([np.ones(len(changed)), changed])
        return _of_unit_length(self._fit.without(number, others)[:, 1:])

    @cached_property
    def _fit(self) -> Fit:
        groups = [some for some in (self.queries, self.inactives, self.background) if len(some)]
        n_queries = len(self.queries)
        rows = np.concatenate(groups)
        weights = np.concatenate([np.full(len(some), n_queries / len(some)) for some in groups])
        design = np.column_stack([np.ones(len(rows)), rows])
        return Fit(design, np.arange(len(rows)) < n_queries, PENALTY, weights)


def series_of(queries: Floats, inactives: Floats, background: Floats) -> Floats:
    """Fit a `SeriesModel` and give its direction."""
    return SeriesModel(queries, inactives, background).direction


def _of_unit_length(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), np.float64)
