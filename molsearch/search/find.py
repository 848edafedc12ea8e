"""The best rows, wherever and however what they are ranked by is searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.errors import UsageError
from molsearch.index.reader import IndexReader
from molsearch.scoring.blend import Blend
from molsearch.scoring.extra import Extra
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.scoring.ranking import Ranking
from molsearch.search.engine import Candidates
from molsearch.search.far import search_far
from molsearch.search.whole import search_whole
from molsearch.work.backend import Backend

# As `molsearch.search.engine.search`, which it may stand for.
Search = Callable[..., Candidates]


def refuse_elsewhere(ranking: Ranking, extras: Sequence[Extra], elsewhere: Backend | None) -> None:
    """Refuse workers elsewhere for a ranking that needs what the index does not hold.

    Raises
    ------
    UsageError
        As it says.
    """
    if extras and elsewhere is not None:
        raise UsageError(
            f"--rank {ranking.asked}: what the index does not hold is computed on one machine; "
            "leave --cluster out"
        )


def find_rows(
    n: int,
    excluded: list[NDArray[np.bool_]] | None,
    *,
    reader: IndexReader,
    queries: QuerySet,
    extras: Sequence[Extra],
    elsewhere: Backend | None,
    searching: Search,
    device: torch.device | str,
    blend: Blend,
    against: Against | None,
    least: float | None,
) -> Candidates:
    """Find the best rows, wherever and however what they are ranked by is searched."""
    if extras:
        return search_whole(
            reader,
            queries,
            n,
            blend=blend,
            extras=extras,
            against=against,
            excluded=excluded,
            least=least,
        )
    if elsewhere is not None:
        return search_far(
            elsewhere,
            reader,
            queries,
            n,
            blend=blend,
            against=against,
            excluded=excluded,
            least=least,
        )
    return searching(
        reader,
        queries,
        n,
        blend=blend,
        against=against,
        device=device,
        excluded=excluded,
        least=least,
    )
