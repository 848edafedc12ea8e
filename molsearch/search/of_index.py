"""An index as the queries: every molecule of it, by blocks, the nearest of them counting.

A hit's score is its cosine to the nearest query, so the k best are found a block of queries at a
time: whoever is among the k best of all is among the k best of the block in which its nearest
query stands. The hit list then needs only those queries that are nearest to something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch import schema
from molsearch.config import ScreenConfig
from molsearch.errors import EncoderMismatchError, UsageError
from molsearch.index.reader import IndexReader
from molsearch.io.folders import Kind, look
from molsearch.schema import Prepared
from molsearch.scoring.queryset import QuerySet
from molsearch.search.ann.choose import Approximation
from molsearch.search.engine import search
from molsearch.search.exact import Exact
from molsearch.search.queries import Query, named_apart
from molsearch.search.screen import HitList
from molsearch.words import counted

_BLOCK = 1024  # queries
_DEEPER = 4
_MOST = 4096  # queries that a hit list is made with
_UNMEASURED = "recall was not measured with the molecules of an index as queries"
_COLUMNS = (
    *(schema.RECORD_NUMBER, schema.SOURCE, schema.ROW, schema.MOLECULE_ID, schema.SMILES),
    *(schema.PARENT_SMILES, schema.INCHIKEY, schema.HEAVY_ATOMS, schema.GEOMETRY),
)


@dataclass(frozen=True)
class Nearest:
    """Molecules of one index that are nearest to the best of another.

    Attributes
    ----------
    queries
        The molecules, each once.
    least
        The lowest score down to which they decide all hits; minus infinity for all.
    """

    queries: list[Query]
    least: float


def nearest_of_index(
    reader: IndexReader, other: IndexReader, k: int, device: torch.device | str = "cpu"
) -> Nearest:
    """Find the molecules of `other` that are nearest to the k rows of `reader` nearest to any.

    Raises
    ------
    EncoderMismatchError
        The two were made by different encoders.
    UsageError
        They are more than a hit list is made with.
    """
    if other.identity != reader.identity:
        raise EncoderMismatchError(
            f"{other.path} and {reader.path} were made by different encoders: their embeddings "
            "cannot be compared; build one of them again with the other's encoder"
        )
    rows, scores, owners = _best(reader, other, k, device)
    places = np.unique(owners)
    if len(places) > _MOST:
        raise UsageError(
            f"{counted(len(places), 'molecule')} of {other.path} are nearest to some hit, more "
            "than "
            f"{_MOST:,}: ask for fewer hits (-k), or search with a part of them"
        )
    least = float(scores.min()) if len(rows) < reader.n_rows else -np.inf
    return Nearest(queries_at(other, places), least)


def _best(
    reader: IndexReader, other: IndexReader, k: int, device: torch.device | str
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Rows of `reader`, their scores, and which row of `other` is nearest to each."""
    rows, scores = np.empty(0, np.int64), np.empty(0)
    owners = np.empty(0, np.int64)
    start = 0
    for shard, n_rows in enumerate(other.shard_rows):
        vectors = other.checked_embeddings(shard)
        for first in range(0, n_rows, _BLOCK):
            block = vectors.rows(first, first + _BLOCK).astype(np.float32)
            queries = QuerySet(block, np.arange(len(block)))
            # Once k are known, only what scores as much as the k-th can change anything.
            least = float(scores.min()) if len(rows) >= k else None
            found = search(reader, queries, k, least=least, device=device)
            mine = Exact(reader, queries).position(found.shards, found.rows)
            nearest = found.query_scores.argmax(axis=1) + start + first
            rows = np.concatenate([rows, mine])
            scores = np.concatenate([scores, found.scores])
            owners = np.concatenate([owners, nearest])
            # The best of each row; then the k best rows, and all that equal the last.
            order = np.lexsort((owners, -scores, rows))
            order = order[np.unique(rows[order], return_index=True)[1]]
            if len(order) > k:
                kth = np.partition(scores[order], len(order) - k)[len(order) - k]
                order = order[scores[order] >= kth]
            rows, scores, owners = rows[order], scores[order], owners[order]
        start += n_rows
    return rows, scores, owners


def queries_at(other: IndexReader, places: NDArray[np.int64]) -> list[Query]:
    """Make queries of rows of an index, with the embeddings and fingerprints it holds."""
    shards, rows = other.locate(places)
    records = other.take(shards, rows, list(_COLUMNS)).to_pylist()
    queries = []
    for shard, row, record in zip(shards, rows, records, strict=True):
        at = np.array([row])
        vector = other.checked_embeddings(int(shard)).take(at)[0].astype(np.float32)
        prints = other.checked_fingerprints(int(shard)).take(at)[0].tobytes()
        queries.append(Query(record[schema.MOLECULE_ID], (_prepared(record, prints),), vector))
    return named_apart(queries)


def _prepared(record: dict[str, object], prints: bytes) -> Prepared:
    unknown = dict.fromkeys(
        (
            *("scaffold", "alerts", "n_unspecified_stereo", "mw", "clogp", "tpsa", "hbd", "hba"),
            *("rotatable_bonds", "formal_charge"),
        )
    )
    known = {**unknown, **record, "ecfp4": prints}
    return Prepared(**known, n_conformers=0, n_atoms=0, coords=b"")  # type: ignore[arg-type]


def is_index(given: object) -> bool:
    """Whether a query is the folder of an index."""
    if not isinstance(given, str | Path) or not str(given).strip():
        return False
    try:
        return Path(given).is_dir() and look(Path(given)).kind is Kind.INDEX
    except (OSError, ValueError):
        return False


def screen_by_index(
    reader: IndexReader,
    other: IndexReader,
    config: ScreenConfig,
    ranked: Callable[[Sequence[Query], ScreenConfig], HitList],
    device: torch.device | str = "cpu",
) -> HitList:
    """Rank an index by the nearest molecule of another.

    Parameters
    ----------
    ranked
        Screens with some queries.

    Raises
    ------
    EncoderMismatchError, UsageError
        See `nearest_of_index`.
    """
    recall = config.recall
    plain = {"rank": "molsearch", "fusion": "max", "recall": None, "expand": 0}
    config = config.model_copy(update=plain)
    k = min(config.k, reader.n_rows)
    while True:
        nearest = nearest_of_index(reader, other, k, device)
        hits = ranked(nearest.queries, config)
        # Whoever scores less than that may be nearer to a molecule that is no query yet.
        lowest = -np.inf if config.threshold is None else config.threshold
        if len(hits.candidates) >= config.k:
            lowest = max(lowest, float(hits.candidates.scores[-1]))
        if lowest >= nearest.least:
            note = (
                f"queries: the {counted(other.n_rows, 'molecule')} of {other.path}, of which "
                f"{len(nearest.queries):,} are nearest to a hit or near one"
            )
            return _exact(hits, recall).with_notes([note])
        k = min(reader.n_rows, _DEEPER * k)


def _exact(hits: HitList, recall: float | None) -> HitList:
    """Say that a search for a part of the hits found all."""
    if recall is None or recall == 1:
        return hits
    found = Approximation(recall, why_exact=_UNMEASURED)
    return replace(hits, approximation=found).with_warnings([found.sentence()])
