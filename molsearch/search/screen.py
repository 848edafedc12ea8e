"""From queries and an index to a hit list: the whole screen in one call."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import torch

from molsearch import schema
from molsearch.config import ScreenConfig
from molsearch.errors import EncoderMismatchError, UsageError
from molsearch.index.approximate import approximate
from molsearch.index.embedder import Embedder
from molsearch.index.rarity import rarity_rows, reference_of
from molsearch.index.reader import IndexReader
from molsearch.io.typed import TypedTable, typed_table
from molsearch.nn.bundled import named, to_pass
from molsearch.schema import ColumnType
from molsearch.scoring.default import RARITY
from molsearch.scoring.queryset import Against, QuerySet
from molsearch.scoring.ranking import MOLSEARCH, SHAPE, Ranking, ranking_of
from molsearch.search import warned
from molsearch.search.ann.choose import Approximation
from molsearch.search.ann.finder import select_near
from molsearch.search.annotate import Annotator
from molsearch.search.background import Background, warnings_of
from molsearch.search.engine import Candidates, search
from molsearch.search.exact import Exact
from molsearch.search.exclusions import Exclusions
from molsearch.search.extras import OnExtra, is_encoder, opened
from molsearch.search.find import Search, find_rows, refuse_elsewhere
from molsearch.search.hit_filter import HitFilter
from molsearch.search.hits import hit_frame
from molsearch.search.inactive_scores import InactiveScores, counting
from molsearch.search.inactives import Inactives
from molsearch.search.leave_one_out import LeaveOneOut, leave_one_out
from molsearch.search.queries import Query, embed_queries
from molsearch.search.rescore import Shapes, ranked_anew
from molsearch.search.select import Selecting
from molsearch.search.skeletons import Skeletons
from molsearch.search.streamed import write_streamed
from molsearch.search.trusted import trust_in, warnings_of_trust, with_probability
from molsearch.search.widen import (
    hits_that_widen,
    refuse_without_embedding,
    widened_by_hits,
)
from molsearch.trust.said import Trust
from molsearch.work.backend import Backend

_SHOWN = 1000  # of a list that is streamed
_TRIED = 256  # queries; trying more of them on each other would take longer than the screen


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
    inactives
        The inactives that were given.
    ranking
        What ranked.
    percentile_of
        The column that ``background_percentile`` places among random molecules.
    fact_failures
        Which facts of which hits could not be computed, and why: the columns
        ``schema.FAILURE_COLUMNS``.
    leave_one_out
        How well the queries find each other in this library; None where there is but one.
    types
        Of the user's columns that had one in their source; in `frame` they are text.
    trust
        The enrichment to expect of such queries.
    approximation
        How it was searched, where a recall was asked for; None for an exact search that nobody
        asked to be anything else.
    """

    frame: pd.DataFrame
    candidates: Candidates
    reader: IndexReader
    queries: tuple[Query, ...]
    warnings: tuple[str, ...] = field(default=())
    inactives: Inactives | None = None
    ranking: Ranking = field(default_factory=lambda: ranking_of(MOLSEARCH, 1))
    percentile_of: str = schema.SCORE
    fact_failures: pa.Table | None = None
    leave_one_out: LeaveOneOut | None = None
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    is_streamed: bool = False
    trust: Trust = field(default_factory=lambda: Trust(None, "nobody asked"))
    approximation: Approximation | None = None

    @property
    def n_hits(self) -> int:
        """Number of hits, in the table or streamed."""
        return len(self.candidates)

    @property
    def typed(self) -> TypedTable:
        """The table with the types that the library's sources gave the user's columns."""
        return typed_table(self.frame, self.types)

    def with_notes(self, notes: Sequence[str]) -> HitList:
        """Put what is to be known of the queries before the other warnings."""
        return replace(self, warnings=(*notes, *self.warnings))

    def with_warnings(self, more: Sequence[str]) -> HitList:
        """Put what came to light later behind the other warnings."""
        return replace(self, warnings=(*self.warnings, *more)) if more else self


def screen(
    reader: IndexReader,
    embedder: Embedder,
    queries: Sequence[Query],
    config: ScreenConfig,
    *,
    inactives: Inactives | None = None,
    exclusions: Exclusions | None = None,
    stream_to: Path | None = None,
    device: torch.device | str = "cpu",
    watch: Stopwatch | None = None,
    on_extra: OnExtra | None = None,
    elsewhere: Backend | None = None,
    searching: Search = search,
) -> HitList:
    """Rank an index for queries.

    Parameters
    ----------
    inactives
        Known inactives: each hit gets the columns ``schema.INACTIVE_COLUMNS``, and with
        ``config.inactives_weight`` that weight times the cosine to the nearest of them is taken
        off the score by which the whole library is ranked.
    exclusions
        Molecules that are no hits, by id or by likeness.
    on_extra
        Called with the name of what a ranking needs and an index lacks, and molecules done, while
        it is computed.
    elsewhere
        Workers that scan the shards of the index.
    searching
        What searches the index in this process; another shares a pass over it with other screens.
    stream_to
        A parquet file for all hits, of which the list then holds the first thousand.

    Raises
    ------
    EncoderMismatchError
        The index was made by another encoder.
    UsageError
        The ranking names what the index does not hold; a filter cannot be read, names a column
        that is not there, or asks for inactives that are not given.
    """
    if reader.identity != embedder.identity:
        raise EncoderMismatchError(
            f"{reader.path} was made by encoder {named(reader.identity)}, not by the one at hand, "
            f"{named(embedder.identity)}; pass {to_pass(reader.identity)}, or build the index again"
        )
    watch = watch or Stopwatch()
    asked = config
    ranking = check_ranking(config, len(queries), embedder, inactives=inactives is not None)
    if not all(query.has_structure for query in queries):
        ranking = ranking.by_embedding_alone()
    config = counting(config, ranking, given=inactives is not None)
    reference = reference_of(embedder)
    blend = ranking.blend(np.stack([query.fingerprint for query in queries]), reference)
    filtering = partial(_filter, config, reader, inactives, ranking, on_extra)
    first_filter = filtering()
    with watch.stage("embed queries"):
        embedded = embed_queries(
            queries,
            embedder,
            fusion=blend.fusion,
            conformer_fusion=config.conformer_fusion,
        )
        extras = opened(ranking, reader, queries, config, device, on_extra)
        if blend.rarity is not None:  # here, before workers look for it: the command alone writes
            told = None if on_extra is None else partial(on_extra, RARITY)
            rarity_rows(reader, blend.rarity.reference).every(told)
        prints = embedder.background_ecfp4
        scored = _inactive_scores(inactives, embedder, config, embedded, ranking)
        against = None if scored is None else scored.against
    refuse_elsewhere(ranking, extras, elsewhere)
    if ranking.shape is not None and (against is not None or config.threshold is not None):
        what = "inactives that count" if against is not None else "--threshold"
        raise UsageError(f"--rank: {SHAPE} does not go with {what}; leave one out")

    find = partial(
        find_rows,
        reader=reader,
        extras=extras,
        elsewhere=elsewhere,
        searching=searching,
        device=device,
        blend=blend,
        against=against,
    )
    near = partial(
        select_near,
        reader=reader,
        blend=blend,
        ranking=ranking,
        recall=config.recall,
        exact_alone=_exact_alone(extras, against),
    )
    wide = embedded
    if n_widening := hits_that_widen(config, ranking, queries, reader.n_rows):
        with watch.stage("widen queries"):
            once = partial(find, queries=embedded, least=None)
            wide, moved_by = widened_by_hits(
                lambda n: near(lambda found: found(n, None), once, queries=embedded)[0],
                n_widening,
                reader,
                embedded,
                Skeletons.of(_known(queries, inactives, asked)),
            )
        ranking = replace(ranking, widened_by=moved_by)
    # An encoder's background lacks what an index lacks: then its cosine alone is placed.
    placed = None if extras or ranking.shape else blend
    # Queries as they were given: those that were moved lie near the library's own hits, and no
    # random molecule has moved any.
    background = Background(embedder.background, embedded, placed, prints, against)
    once_by = Exact(reader, embedded, against, blend) if ranking.widened else None
    annotated = partial(Annotator, reader, queries, background, blend, scored, placed_by=once_by)
    annotator = annotated(extras)

    with watch.stage("search"):
        excluded = None if exclusions is None else exclusions.mask(reader)
        depth = config.k if ranking.shape is None else config.depth
        selecting = Selecting(first_filter, filtering, depth, annotator, excluded)
        found, approximation = near(
            selecting,
            partial(find, queries=wide, least=config.threshold),
            queries=wide,
            least=config.threshold,
        )
        hit_filter = selecting.filter
    if ranking.shape is not None:
        with watch.stage("shapes"):
            shapes = Shapes(ranking.shape, reader, queries)
            n_looked_at = len(found)
            found = ranked_anew(found, shapes, config.k)
            annotator = annotated([*extras, shapes])
    with watch.stage("hit list"):
        shown, streamed = found, None
        if stream_to is not None:
            streamed = write_streamed(stream_to, found, annotator, hit_filter.shown)
            shown = found.take(np.arange(min(_SHOWN, len(found))))
        frame, types = hit_frame(shown, annotator, hit_filter.shown)
        failed = reader.fact_failures(shown.shards, shown.rows)
    mutual = None
    tried = 1 < len(queries) <= _TRIED and not extras and ranking.shape is None
    if tried and all(query.vector is None for query in queries):
        with watch.stage("leave one out"):
            unseen = None if scored is None else scored.unseen
            mutual = leave_one_out(
                reader, queries, embedded, ranking, fusion=config.fusion, against=unseen,
                reference=reference,
            )  # fmt: skip
    trust = trust_in(queries, embedded, embedder, asked, ranking, reader.n_rows)
    if stream_to is None:
        frame = with_probability(frame, trust, len(queries), config)
    names = [query.query_id for query in queries]
    warnings = [
        *warned.of_expand(config, ranking, reader.n_rows),
        *(warned.of_depth(n_looked_at, reader.n_rows) if ranking.shape else ()),
        *warnings_of_trust(trust, config, frame, streamed=stream_to is not None),
        *warnings_of(background, embedder.card, names),
        *warned.of_queries(
            queries,
            ranking,
            flat=reader.manifest.library.prepare.n_conformers == 0
            or not (ranking.shape or getattr(embedder, "sees_geometry", True)),
        ),
        *(inactives.warnings(queries) if inactives is not None else ()),
        *(exclusions.warnings() if exclusions is not None else ()),
        *warned.of_recall(approximate(reader), approximation),
        *hit_filter.warnings(),
        *(() if streamed is None else (*warned.of_stream(streamed.columns), *streamed.notes)),
        *warned.of_facts(failed),
        *warned.of_hits(
            len(found), config, reader, filtered=bool(hit_filter) or exclusions is not None
        ),
    ]
    return HitList(
        frame,
        found,
        reader,
        tuple(queries),
        tuple(warnings),
        inactives,
        ranking,
        schema.SCORE
        if background.is_of_score or (placed is not None and blend.is_plain and against is None)
        else schema.MOLSEARCH_SCORE,
        failed,
        mutual,
        types,
        stream_to is not None,
        trust,
        approximation,
    )


def _known(
    queries: Sequence[Query], inactives: Inactives | None, asked: ScreenConfig
) -> Sequence[Query]:
    """List what is no hit that widens; inactives of weight 0 by hand are to change nothing."""
    if inactives is None or asked.inactives_weight == 0:
        return queries
    return [*queries, *inactives.molecules]


def _filter(
    config: ScreenConfig,
    reader: IndexReader,
    inactives: Inactives | None,
    ranking: Ranking,
    on_extra: OnExtra | None,
) -> HitFilter:
    made = HitFilter(config)
    made.check(inactives=inactives is not None)
    made.check_rarity(ranks=ranking.rarity is not None)
    made.bind(reader, inactives=inactives is not None, on_extra=on_extra)
    return made


def _exact_alone(extras: Sequence[object], against: Against | None) -> str:
    """Say why a ranking cannot be searched approximately; empty where it can."""
    if extras:
        return "a ranking with further fingerprints or encoders scores every molecule"
    return "" if against is None else "inactives that weigh are looked at for every molecule"


def _inactive_scores(
    inactives: Inactives | None,
    embedder: Embedder,
    config: ScreenConfig,
    queries: QuerySet,
    ranking: Ranking,
) -> InactiveScores | None:
    if inactives is None:
        return None
    return InactiveScores.of(inactives, embedder, config, queries, ranking.of_inactives)


def check_ranking(
    config: ScreenConfig, n_queries: int, embedder: Embedder, *, inactives: bool = False
) -> Ranking:
    """Resolve what ranks, before a library is prepared for it.

    Parameters
    ----------
    inactives
        Whether any are known.

    Raises
    ------
    UsageError
        It cannot be read, or names what an index by this encoder does not hold.
    """
    names = {str(embedder.card.get("name", ""))} - {""}
    ranking = ranking_of(
        config.rank, n_queries, fusion=config.fusion, encoder=names, is_encoder=is_encoder,
        inactives=inactives and config.inactives_weight is None,
        rarity=reference_of(embedder) is not None,
    )  # fmt: skip
    refuse_without_embedding(config, ranking)
    return ranking
