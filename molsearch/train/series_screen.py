"""A screen of one part of a series among library molecules, by actives of the trained part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.fingerprints import tanimoto
from molsearch.data.series import Series
from molsearch.data.series_split import FIT
from molsearch.errors import InputError
from molsearch.metrics.enrichment import evaluate
from molsearch.metrics.ranking import products

#: Over the whole pool, and the AUROC against the part's own measured inactives alone.
FIGURES = ("auroc", "bedroc_80p5", "ef_1pct", "ef_5pct", "auroc_inactives")


class SeriesScreen:
    """Queries and pools of one part.

    Parameters
    ----------
    series
        All molecules.
    parts, decoys
        int64: the part of each molecule of the series and of the library.
    part
        The part to screen; its queries are actives of `FIT`.
    max_queries
        A target.
    """

    def __init__(
        self,
        series: Series,
        parts: NDArray[np.int64],
        decoys: NDArray[np.int64],
        part: int,
        max_queries: int,
        seed: int,
    ) -> None:
        random = np.random.default_rng(seed)
        self._decoys = np.flatnonzero(decoys == part)
        self._targets = []
        for target in range(len(series.targets)):
            actives = series.active[:, target]
            known = np.flatnonzero(actives & (parts == FIT))
            queries = random.permutation(known)[:max_queries]
            wanted = np.flatnonzero(actives & (parts == part))
            inactive = np.flatnonzero(series.inactive[:, target] & (parts == part))
            if len(queries) and len(wanted):
                self._targets.append((queries, wanted, inactive))
        if not self._targets:
            raise InputError(
                "no target has actives on both sides of the scaffold split: bring more molecules "
                "a target, or one target at a time"
            )

    def figures(
        self, series: NDArray[np.float32], library: NDArray[np.float32]
    ) -> dict[str, float]:
        """Screen by embeddings, float32 ``[M, d]`` and ``[L, d]``, unit length."""
        return self._mean(series, library, lambda query, pool: products(pool, query))

    def similarities(
        self, series: NDArray[np.uint8], library: NDArray[np.uint8]
    ) -> dict[str, float]:
        """Screen by packed ECFP4, uint8 ``[M, 256]`` and ``[L, 256]``."""
        return self._mean(series, library, tanimoto)

    def _mean(self, series, library, score) -> dict[str, float]:  # type: ignore[no-untyped-def]
        means = []
        for queries, actives, inactives in self._targets:
            pool = np.concatenate([series[actives], series[inactives], library[self._decoys]])
            n_own = len(actives) + len(inactives)
            found = [_judge(score(series[q], pool), len(actives), n_own) for q in queries]
            means.append(np.mean(found, axis=0))
        table = np.array(means)  # [targets, figures]; NaN where a target has no inactives
        known = ~np.isnan(table)
        values = np.where(known, table, 0.0).sum(0) / np.maximum(known.sum(0), 1)
        values[~known.any(0)] = np.nan
        return {name: round(float(v), 4) for name, v in zip(FIGURES, values, strict=True)}


def _judge(scores: NDArray[np.float32], n_actives: int, n_own: int) -> list[float]:
    """Figures of one query: actives come first in the pool, then inactives, then the library."""
    is_active = np.arange(len(scores)) < n_actives
    whole = evaluate(scores, is_active)
    own = evaluate(scores[:n_own], is_active[:n_own])
    return [*(whole[name] for name in FIGURES[:-1]), own["auroc"]]
