"""What the user should know before believing a hit list, one line each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from molsearch import schema
from molsearch.chem.mixtures import left_out
from molsearch.chem.unusual import unusual
from molsearch.config import ScreenConfig
from molsearch.index.reader import IndexReader
from molsearch.scoring.default import RARITY
from molsearch.scoring.expansion import ONE_IN, n_hits
from molsearch.scoring.ranking import Ranking
from molsearch.search.ann.choose import Approximation
from molsearch.search.queries import Query
from molsearch.words import counted, some_of

_FEW = 3  # queries that have a line each
_LONG = 120  # characters of a name or structure in a line


def of_stream(columns: Sequence[str]) -> Iterator[str]:
    """Say what a list that was written as it was made leaves out."""
    yield (
        f"the list is long and was written as it was made, with {', '.join(columns)}: of other "
        "facts those alone that --facts names"
    )


def of_depth(n: int, n_rows: int) -> Iterator[str]:
    """Say how far down the list shapes were laid over."""
    if n < n_rows:
        yield (
            f"shapes were laid over for the first {n:,} of {counted(n_rows, 'molecule')} by the "
            "rest of the "
            "score; --depth looks at more"
        )


def of_expand(config: ScreenConfig, ranking: Ranking, n_rows: int) -> Iterator[str]:
    """Say that fewer hits have moved the queries than were asked for."""
    if not config.expand or ranking.widened >= config.expand:
        return
    most = n_hits(n_rows, config.expand)
    of_so_few = f"of {counted(n_rows, 'molecule')} {most or 'none'} at most, one in {ONE_IN}"
    why = of_so_few if ranking.widened == most else "the others are what was given"
    what = (
        f"{counted(ranking.widened, 'hit')} moved the queries"
        if ranking.widened
        else "no hit moved the queries, which were searched with once"
    )
    yield f"--expand {config.expand}: {what} ({why})"


def of_facts(failed: pa.Table) -> Iterator[str]:
    """Say of how many hits a fact could not be computed, and why of the first."""
    if failed.num_rows:
        first = {name: failed.column(name)[0].as_py() for name in failed.column_names}
        yield (
            f"{counted(failed.num_rows, 'hit')} with facts that cannot be computed, whose cells "
            "are empty "
            f"(the first, {first[schema.MOLECULE_ID]!r}: {first[schema.REASON]})"
        )


def of_recall(stored: str | None, approximation: Approximation | None) -> Iterator[str]:
    """Say what storage, and a search that does not look everywhere, may lose."""
    if stored is not None:
        yield stored
    if approximation is not None:
        yield approximation.sentence()


def of_queries(queries: Sequence[Query], ranking: Ranking, *, flat: bool) -> Iterator[str]:
    """Say what to know of queries; one without 3D is usual where nothing looks at any, `flat`."""
    bare = sum(not query.has_structure for query in queries)
    if bare:
        what = "query is a vector" if bare == 1 else "queries are vectors"
        ranks = "the embedding alone ranks"
        if ranking.rarity is not None:  # asked for by name
            ranks = f"the embedding and {RARITY} rank"
        yield f"{bare:,} {what}, without a structure: {ranks}"
    known = [query for query in queries if query.has_structure]
    if not flat:
        yield from _each(
            {q.query_id: "" for q in known if q.first.geometry == schema.GEOMETRY_NONE},
            "query {name} has no 3D geometry: it is ranked by substructure alone",
            "{n} queries have no 3D geometry: they are ranked by substructure alone ({names})",
        )
    yield from _each(
        {
            q.query_id: counted(n, "stereocentre")
            for q in known
            if (n := q.first.n_unspecified_stereo)
        },
        "query {name} leaves {what} open: one of its stereoisomers is searched with",
        "{n} queries leave stereocentres open: one stereoisomer of each is searched with ({names})",
    )
    if ranking.embedding is not None:
        yield from _each(
            {q.query_id: what for q in known if (what := unusual(q.first.parent_smiles))},
            "query {name} is {what}: encoders have met few such molecules; trust its ranks less",
            "{n} queries are macrocycles, or large: encoders have met few such molecules; trust "
            "their ranks less ({names})",
        )
    yield from _each(
        {q.query_id: what for q in known if (what := left_out(q.first.smiles))},
        "query {name} is a mixture: its largest organic part is searched with, and not {what}",
        "{n} queries are mixtures: the largest organic part of each is searched with ({names})",
    )


def _each(found: Mapping[str, str], one: str, many: str) -> Iterator[str]:
    """Say something of each query by itself, or of more than a few in one line."""
    names = [repr(name[:_LONG]) for name in found]
    if len(names) > _FEW:
        yield many.format(n=f"{len(names):,}", names=some_of(names, _FEW))
        return
    for name, what in zip(names, found.values(), strict=True):
        yield one.format(name=name, what=what[:_LONG])


def of_hits(n: int, config: ScreenConfig, reader: IndexReader, *, filtered: bool) -> Iterator[str]:
    """Say why there are fewer hits, or may be more, than were asked."""
    # To ask for more than the library holds is to ask for all of it, and no reason for doubt.
    if config.threshold is not None:
        if n == 0:
            yield f"no molecule scores {config.threshold:g} or more and passes; lower --threshold"
        elif n == config.k < reader.n_rows:
            yield (
                f"there may be more molecules that score {config.threshold:g} or more than the "
                f"{n:,} wanted: raise -k"
            )
    elif filtered and n < min(config.k, reader.n_rows):
        passing = f"only {n:,} of {counted(reader.n_rows, 'molecule')} pass"
        if n == 0:
            passing = f"none of {counted(reader.n_rows, 'molecule')} passes"
        yield f"{passing} the filters; {config.k:,} were asked"
