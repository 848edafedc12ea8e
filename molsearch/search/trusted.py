"""What a screen says of its own worth: the enrichment to expect, how likely each hit is active."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from molsearch import schema
from molsearch.config import ScreenConfig
from molsearch.index.embedder import Embedder
from molsearch.scoring.default import widening
from molsearch.scoring.expansion import n_hits
from molsearch.scoring.queryset import QuerySet
from molsearch.scoring.ranking import Ranking
from molsearch.search.queries import Query
from molsearch.trust.features import Chemistry
from molsearch.trust.fitted import MOST_ALIKE, read
from molsearch.trust.said import Trust, probabilities, trust_of
from molsearch.words import counted


def trust_in(
    queries: Sequence[Query],
    embedded: QuerySet,
    embedder: Embedder,
    config: ScreenConfig,
    ranking: Ranking,
    n_rows: int,
) -> Trust:
    """Tell what enrichment to expect of these queries, or why nothing can be told.

    What the default ranking makes of known inactives is left out of account: it gains a little.

    Parameters
    ----------
    n_rows
        Molecules of the library.
    """
    if not all(query.has_structure for query in queries):
        return Trust(None, "a query is a vector without a structure")
    vectors, prints = embedder.background, embedder.background_ecfp4
    chemistry = None if vectors is None or prints is None else Chemistry(vectors, prints)
    told = trust_of(
        read(),
        encoder=embedder.identity,
        rank=config.rank.strip(),
        vectors=embedded.as_molecules(),
        prints=np.stack([query.fingerprint for query in queries]),
        chemistry=chemistry,
        otherwise=_asked_otherwise(config, len(queries), n_rows),
    )
    if ranking.of_inactives is None:
        return told
    asides = [told.aside, "the known inactives are left out of account"]
    return replace(told, aside="; ".join(one for one in asides if one))


def _asked_otherwise(config: ScreenConfig, n_queries: int, n_rows: int) -> str:
    """Say in what a screen by the default ranking is unlike those that were learnt from."""
    if config.fusion is not None and n_queries > 1:
        return "it was learnt without --fusion"
    if config.inactives_weight:
        return "it was learnt without inactives that count"
    due = widening(n_queries)
    if config.expand is not None and n_hits(n_rows, config.expand) != n_hits(n_rows, due):
        return f"it was learnt with --expand {due}, and not {config.expand}"
    return ""


def with_probability(
    frame: pd.DataFrame, trust: Trust, n_queries: int, config: ScreenConfig
) -> pd.DataFrame:
    """Add the probability of being active, where a base rate is given and it can be told."""
    known = read()
    if config.base_rate is None or trust.enrichment is None or known is None:
        return frame
    cosine, alike = (
        frame[name].to_numpy(np.float64) for name in (schema.MOLSEARCH_SCORE, schema.ECFP4_SCORE)
    )
    told = probabilities(known, cosine, alike, n_queries, config.base_rate)
    place = [*frame.columns].index(schema.PERCENTILE) + 1
    frame.insert(place, schema.PROBABILITY, told)
    return frame


def warnings_of_trust(
    trust: Trust, config: ScreenConfig, frame: pd.DataFrame, *, streamed: bool
) -> Iterator[str]:
    """Say that a probability was asked for and cannot be told, of all hits or of some."""
    if config.base_rate is None:
        return
    if trust.enrichment is None:
        yield f"no probability of hits can be told: {trust.why_not}"
    elif streamed:
        yield "no probability stands in a list that is written as it is made; ask for a shorter one"
    elif n := int(frame[schema.PROBABILITY].isna().sum()):
        yield (
            f"{schema.PROBABILITY} is empty for {n:,} of {counted(len(frame), 'hit')}: no decoy "
            f"that it was learnt from was as much like a query as these (ECFP4 above {MOST_ALIKE})"
        )
