"""Candidates, limits and method brought together; of several price ceilings the best."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.errors import UsageError
from molsearch.picks.choose import Chosen, as_diverse_as_fits, down_the_list, farthest
from molsearch.picks.columns import Columns, ranking_column
from molsearch.picks.config import PickConfig
from molsearch.picks.limits import Limits

_DEEPER = 10
_CEILINGS = 12


def limits_of(
    columns: Columns, config: PickConfig, rows: NDArray[np.int64], n: int, price: str | None
) -> Limits:
    """Make the limits of a set of picks from what is asked."""
    scaffolds = known = prices = None
    if config.per_scaffold is not None:
        scaffolds = columns.texts("--per-scaffold", schema.SCAFFOLD, rows)
    if config.novel > 0:
        similar = columns.numbers("--novel", schema.ECFP4_SIMILARITY, rows)
        # What has no similarity is not known to be novel.
        known = (~(similar < config.novel_below), n - int(np.ceil(config.novel * n - 1e-9)))
    if config.budget is not None and price is not None:
        prices = (columns.prices(price)[rows], config.budget)
    return Limits(
        n, scaffolds=scaffolds, per_scaffold=config.per_scaffold, known=known, prices=prices
    )


def chosen_of(
    columns: Columns,
    config: PickConfig,
    rows: NDArray[np.int64],
    first: list[int],
    n: int,
    price: str | None,
) -> Chosen:
    """Choose among candidates.

    Parameters
    ----------
    rows
        Candidates, best first.
    first
        Places of those that are picked before all others.
    price
        Column of prices.

    Raises
    ------
    UsageError
        More must be picked than are wanted.
    """
    if len(first) > n:
        raise UsageError(f"{len(first)} --must-have are more than {n} picks; pass -n {len(first)}")
    prints = columns.table.prints[rows]
    base = limits_of(columns, config, rows, n, price)
    chosen = _by_method(prints, config, base.fresh, first, n)
    if config.budget is None or price is None:
        return chosen
    # Dear picks early leave little for the rest: what if no pick may cost more than so much?
    scores = columns.numbers("--by", ranking_column(columns.names, config.by), rows)
    sign = -1.0 if config.lower_is_better else 1.0
    best = chosen
    for most in base.ceilings(_CEILINGS):
        other = _by_method(prints, config, partial(base.fresh, most), first, n)
        if len(other.picks) == n and (
            len(best.picks) < n or sign * (scores[other.picks] - scores[best.picks]).sum() > 0
        ):
            best = other
    return best


def _by_method(
    prints: NDArray[np.uint8],
    config: PickConfig,
    limits: Callable[[], Limits],
    first: list[int],
    n: int,
) -> Chosen:
    if config.method == "score":
        return down_the_list(prints, n, limits(), first)
    if config.method == "maxmin":
        return _of_the_best(prints, config.depth or _DEEPER * n, n, limits, first)
    if config.max_similarity is None:
        return as_diverse_as_fits(prints, n, limits, first)
    return down_the_list(prints, n, limits(), first, config.max_similarity)


def _of_the_best(
    prints: NDArray[np.uint8],
    depth: int,
    n: int,
    limits: Callable[[], Limits],
    first: list[int],
) -> Chosen:
    """Pick by MaxMin among the best, and those that must be picked."""
    reach = [*range(min(depth, len(prints)))]
    reach += [place for place in first if place >= len(reach)]
    if len(reach) == len(prints):
        return farthest(prints, n, limits(), first)
    inner = limits().within(reach)
    chosen = farthest(prints[reach], n, inner, [reach.index(place) for place in first])
    chosen.picks = [reach[place] for place in chosen.picks]
    return chosen
