"""Approximate search by the lists of ``index ann`` against exact search, and its recall.

Rows near real molecules, with fingerprints of their neighbours (`scaling_rows.Perturbed`):
independent random vectors say nothing of recall. One thread, k = 1,000, in turn in one process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

_ROUNDS = 5
_RECALL = 0.95
_QUERIES = (("balanced", 1), ("balanced", 5))


def near(real_index: Path, rows: int, folder: Path, session: Any) -> dict[str, Any]:
    """Time searches that find 95 % of the exact hits, by rankings; as measured on the lists."""
    import torch
    from engine_search import compared
    from index_queries import rows_as_queries
    from scaling_rows import Perturbed, Real
    from search_rates import K, synthetic

    from molsearch.index.reader import open_index
    from molsearch.service.approximating import approximate
    from molsearch.service.events import silent
    from molsearch.service.requests import AnnRequest

    torch.set_num_threads(1)
    real = Real(open_index(real_index))
    path = synthetic(rows, folder, Perturbed(real), real.prints_of).path
    approximate(AnnRequest(index=str(path)), session, silent)
    reader = open_index(path)
    vectors, prints = rows_as_queries(reader, 5)
    found: dict[str, Any] = {"rows": rows, "k": K, "real molecules behind them": len(real)}
    for rank, n in _QUERIES:
        name = f"{rank}, {n} {'query' if n == 1 else 'queries'}"
        found[name] = _of(reader, rank, vectors[:n], prints[:n], K, compared)
    return found


def _of(
    reader: Any, rank: str, vectors: np.ndarray, prints: np.ndarray, k: int, compared: Any
) -> dict[str, Any]:
    from index_queries import reference_for

    from molsearch.index.ann.opened import opened
    from molsearch.scoring.queryset import QuerySet
    from molsearch.scoring.ranking import ranking_of
    from molsearch.search.ann.choose import chosen
    from molsearch.search.ann.rough import Setting, rough
    from molsearch.search.engine import search

    about, lists = opened(reader)
    reference = reference_for(reader)
    ranking = ranking_of(rank, len(vectors), rarity=reference is not None)
    setting = chosen(about.measured, ranking, _RECALL, k)
    if isinstance(setting, str):
        return {"searched exactly": setting}
    queries, blend = QuerySet(vectors, np.arange(len(vectors))), ranking.blend(prints, reference)
    probes = Setting(setting.probes, setting.depth)

    def approximately() -> Any:
        return rough(reader, lists, queries, blend, probes, k)

    def exactly() -> Any:
        return search(reader, queries, k, blend=blend)

    times = compared(approximately, {"exact": exactly}, _ROUNDS)
    rows = [set(zip(one.shards, one.rows, strict=True)) for one in (approximately(), exactly())]
    return {
        **times,
        "recall when built": round(setting.recall, 4),
        "recall of these": round(len(rows[0] & rows[1]) / len(rows[1]), 4),
        "lists looked into": setting.probes,
        "lists": about.trained.n_lists,
    }
