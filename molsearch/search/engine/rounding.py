"""How far float32 scores of stored embeddings can be from the exact ones."""

from __future__ import annotations

import numpy as np

from molsearch.index.vectors.codec import LONGEST
from molsearch.scoring.blend import Blend
from molsearch.scoring.queryset import Against, QuerySet


def error_of_cosines(queries: QuerySet) -> float:
    """Bound on the difference between a float32 cosine and the exact one.

    A sum of d products rounded to u = 2^-24 each differs by at most d·u·|x|·|q|, in whatever
    order it is summed; fusion by the mean adds one rounding a term. Twice that, for good measure.
    """
    longest = float(np.linalg.norm(queries.vectors.astype(np.float64), axis=1).max())
    terms = queries.vectors.shape[1] + len(queries.vectors) + 8
    return terms * 2.0**-23 * LONGEST * max(longest, 1e-30)


def error_of(queries: QuerySet, blend: Blend, against: Against | None) -> float:
    """Bound on the difference between a float32 key of the ranking and the exact one."""
    if blend.is_plain:
        error = error_of_cosines(queries)
    else:
        error = blend.embedding * error_of_cosines(queries) + blend.rounding
    return error if against is None else error + _more_error(against, blend)


def _more_error(against: Against, blend: Blend) -> float:
    """Bound on what inactives add: their own, and two roundings of the key.

    The weight is rounded to float32, its product and the difference again.
    """
    largest = 1 + blend.most + against.weight
    return against.weight * error_of_cosines(against.inactives) + largest * 2.0**-21
