"""From queries and an index to a hit list: the whole screen in one call."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from molsearch import schema
from molsearch.config import ScreenConfig
from molsearch.errors import EncoderMismatchError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.search.annotate import Annotator
from molsearch.search.background import Background, warnings_of
from molsearch.search.engine import Candidates, search
from molsearch.search.hits import hit_frame
from molsearch.search.queries import Query, embed_queries
from molsearch.search.select import HitFilter, select


class Stopwatch:
    """Seconds of named stages, in the order in which they were first entered."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to stage `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + spent


@dataclass(frozen=True)
class HitList:
    """What a screen returns.

    Attributes
    ----------
    frame
        The table; see `molsearch.search.hits`.
    candidates
        Where each hit stands in the index.
    warnings
        What the user should know before believing it, one line each.
    """

    frame: pd.DataFrame
    candidates: Candidates
    reader: IndexReader
    queries: tuple[Query, ...]
    warnings: tuple[str, ...] = field(default=())


def screen(
    reader: IndexReader,
    embedder: Embedder,
    queries: Sequence[Query],
    config: ScreenConfig,
    *,
    device: torch.device | str = "cpu",
    watch: Stopwatch | None = None,
) -> HitList:
    """Rank an index for queries.

    Raises
    ------
    EncoderMismatchError
        The index was made by another encoder.
    UsageError
        A filter cannot be read.
    """
    if reader.identity != embedder.identity:
        raise EncoderMismatchError(
            f"{reader.path} was made by another encoder than the one at hand; pass that one, or "
            "build the index again"
        )
    watch = watch or Stopwatch()
    hit_filter = HitFilter(config)
    with watch.stage("embed queries"):
        embedded = embed_queries(
            queries,
            embedder,
            fusion=config.fusion,
            conformer_fusion=config.conformer_fusion,
        )
        background = Background(embedder.background, embedded)
    annotator = Annotator(reader, queries, background)

    def find(n: int, excluded: list[NDArray[np.bool_]] | None) -> Candidates:
        return search(reader, embedded, n, device=device, excluded=excluded)

    with watch.stage("search"):
        found = select(find, config.k, hit_filter, annotator)
    with watch.stage("hit list"):
        frame = hit_frame(found, annotator)
    names = [query.query_id for query in queries]
    warnings = [
        *warnings_of(background, embedder.card, names),
        *_of_queries(queries),
        *_of_hits(len(frame), config, reader, filtered=bool(hit_filter)),
    ]
    return HitList(frame, found, reader, tuple(queries), tuple(warnings))


def _of_queries(queries: Sequence[Query]) -> Iterator[str]:
    for query in queries:
        if query.first.geometry == schema.GEOMETRY_NONE:
            yield f"query {query.query_id!r} has no 3D geometry: it is ranked by substructure alone"
        if n := query.first.n_unspecified_stereo:
            centres = "centre" if n == 1 else "centres"
            yield (
                f"query {query.query_id!r} leaves {n} stereo{centres} open: one of its "
                "stereoisomers is searched with"
            )


def _of_hits(n: int, config: ScreenConfig, reader: IndexReader, *, filtered: bool) -> Iterator[str]:
    if n >= config.k:
        return
    if filtered:
        yield f"only {n:,} of {reader.n_rows:,} molecules pass the filters; {config.k:,} were asked"
    else:
        yield f"the library holds {reader.n_rows:,} molecules; {config.k:,} hits were asked for"
