"""The series model: what sets the queries apart from known inactives and from random molecules.

A logistic regression on embeddings, made at search time. It is linear, so that a library is ranked
by it in the same product as by cosines, with the same bound on what rounding may do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.metrics.regression import logistic

Floats = NDArray[np.float64]
PENALTY = 1.0


def series_of(queries: Floats, inactives: Floats, background: Floats) -> Floats:
    """Fit the direction ``[dim]`` of unit length in which a molecule is more like the queries.

    Parameters
    ----------
    queries, inactives, background
        Embeddings ``[n, dim]``; the last are random molecules, which are taken for inactive. Each
        of the three groups weighs as much as the others, however many its members are.
    """
    groups = [group for group in (queries, inactives, background) if len(group)]
    design = np.concatenate(groups)
    weights = np.concatenate([np.full(len(group), len(queries) / len(group)) for group in groups])
    labels = np.arange(len(design)) < len(queries)
    full = np.column_stack([np.ones(len(design)), design])
    found = logistic(full, labels, PENALTY, weights=weights)[1:]
    length = float(np.linalg.norm(found))
    return np.asarray(found / length if length > 0 else found, np.float64)
