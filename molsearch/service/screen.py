"""A screen, from request to hit list: checks before work, stages, outputs, account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from molsearch.data.readings import grouped
from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.index.verify import verify_index
from molsearch.io.runs import write_run
from molsearch.nn.device import resolve_device
from molsearch.schema import Reading
from molsearch.scoring.expression import parse_expression
from molsearch.scoring.extra import column_of
from molsearch.search.engine import search
from molsearch.search.find import Search
from molsearch.search.hit_filter import HitFilter
from molsearch.search.output import write_hits
from molsearch.search.page import write_page
from molsearch.search.queries import is_file
from molsearch.search.screen import HitList, Stopwatch
from molsearch.service.account import screen_account
from molsearch.service.cluster import refuse_device, workers
from molsearch.service.events import Done, Emit, Note, Warned, silent
from molsearch.service.geometry import settled
from molsearch.service.making import Source, kept_index
from molsearch.service.outputs import check_outputs, run_file
from molsearch.service.requests import ScreenRequest
from molsearch.service.screen_given import rank_given, read_given
from molsearch.service.session import Session
from molsearch.service.told import library_account, plain_reading, tell_given, tell_library
from molsearch.trust.said import Trust, too_few


@dataclass(frozen=True)
class Screened:
    """A hit list, what made it, and the seconds of its stages."""

    hits: HitList
    account: dict[str, Any]
    watch: Stopwatch


def check(request: ScreenRequest) -> None:
    """Refuse what cannot work before anything is read.

    Raises
    ------
    UsageError
        Fields that contradict each other, unreadable filters, outputs that exist.
    """
    if (request.index is None) == (not request.library):
        raise UsageError("name the library once: -i INDEX, or -l FILES")
    if request.cluster is not None and request.index is None:
        raise UsageError(
            "--cluster screens an index that all nodes see: make one with molsearch index, and "
            "give it with -i"
        )
    refuse_device(request.cluster, request.device)
    read = (request.queries, request.inactives, request.dissimilar_to, request.exclude_ids)
    if [given for several in read for given in several].count("-") > 1:
        raise UsageError("standard input (-) can be read once: give the rest as files")
    check_outputs(request)
    parse_expression(request.rank)
    # A table of what was measured brings its own inactives: that is known once it is read.
    tables = any(is_file(query) for query in request.queries)
    HitFilter(request.config).check(inactives=bool(request.inactives) or tables)


def screen(
    request: ScreenRequest,
    session: Session,
    emit: Emit = silent,
    *,
    reader: IndexReader | None = None,
    encoder: Embedder | None = None,
    held: bool = True,
    searching: Search = search,
    unforetold: str = "",
) -> Screened:
    """Rank a library for queries, and write what the request names.

    Parameters
    ----------
    session
        Where the encoder and the index are found warm.
    emit
        Told what happens.
    reader, encoder
        An index that is open already, and an encoder at hand, in place of those that the request
        names.
    held
        Whether the caller wants all of a long list as a table; otherwise one for a parquet file is
        streamed into it (`molsearch.search.streamed`).
    searching
        As of `molsearch.search.screen.screen`.
    unforetold
        Why no enrichment can be foretold of this library; empty where it may be.

    Raises
    ------
    UsageError, InputError, IndexCorruptError, EncoderMismatchError
        The request, a file, the index, or the encoder cannot be used.
    """
    check(request)
    watch = Stopwatch()
    device = resolve_device(request.device)
    if reader is None and request.index is not None:
        with watch.stage("open index"):
            reader = _opened(request, session, emit)
    if encoder is None:
        with watch.stage("load encoder"):
            encoder = session.encoder(
                request.encoder, device=request.device, batch_size=request.batch_size
            )
    if request.index is not None and reader is not None and reader.identity != encoder.identity:
        session.index(request.index, encoder=encoder.identity)
    if reader is None:
        request = request.model_copy(update={"prepare": settled(request.prepare, encoder, emit)})
    with watch.stage("prepare queries"):
        readings: list[Reading] = []
        given = read_given(request, reader, encoder, readings.append)
    tell_given(readings, emit)
    if reader is None:
        source = Source(
            request.library, request.read, request.prepare, request.limit, request.workers
        )
        reader = kept_index(source, encoder, emit, watch)
    with workers(request.cluster, emit) as elsewhere:
        hits = rank_given(
            given,
            request,
            reader,
            encoder,
            session,
            device,
            watch,
            emit,
            held=held,
            elsewhere=elsewhere,
            searching=searching,
        )
    # After the hits have their probabilities, which hold in any library.
    hits = replace(hits, trust=_foretold(hits.trust, unforetold, reader.n_rows))
    with watch.stage("write"):
        hits = hits.with_warnings(write_outputs(request, hits))
    for line in _trust(hits):
        emit(Note(text=line))
    for warning in hits.warnings:
        emit(Warned(text=warning))
    account = screen_account(request, hits, watch)
    account["given"] = {
        "reading": [plain_reading(one) for one in grouped(dict.fromkeys(readings))],
        "activity_columns": dict(given.ligands.activities),
    }
    account["index"] |= library_account(reader, request.failures)
    if request.library:
        tell_library(account["index"], emit)
    if request.output is not None:
        write_run(run_file(request.output), "screen", account)
    emit(Done(verb="screen", account=account))
    return Screened(hits, account, watch)


def _opened(request: ScreenRequest, session: Session, emit: Emit) -> IndexReader:
    assert request.index is not None
    reader = session.index(request.index, emit=emit)
    if request.verify:
        report = verify_index(reader.path)
        if not report.sound:
            raise IndexCorruptError(report.problems[0])
    return reader


def write_outputs(request: ScreenRequest, hits: HitList) -> tuple[str, ...]:
    """Write the hit list and the page, where the request names them; returns what to warn of."""
    notes: tuple[str, ...] = ()
    if request.output is not None and not hits.is_streamed:
        notes = write_hits(hits, Path(request.output), excel_safe=request.excel_safe)
    if request.html is not None:
        page = {
            "title": f"Hits for {', '.join(query.query_id for query in hits.queries)}"[:120],
            "facts": [
                ("library", f"{hits.reader.n_rows:,}"),
                *([] if hits.approximation is None else [hits.approximation.fact]),
                *_inactive_facts(hits),
            ],
            "warnings": list(hits.warnings),
            "ranking": hits.ranking.words(),
            "notes": _trust(hits),
            "parts": [(column_of(term.name), term.name) for term in hits.ranking.further],
            "trust": hits.trust.record(),
        }
        described = [
            {"id": query.query_id, "smiles": query.first.parent_smiles}
            for query in hits.queries
            if query.has_structure
        ]
        write_page(hits.frame, described, Path(request.html), page)
    return notes


def _foretold(trust: Trust, unforetold: str, n_rows: int) -> Trust:
    if unforetold:  # of no such library, whatever else this screen lacks
        return replace(trust, enrichment=None, why_not=unforetold)
    return trust.unforetold(too_few(n_rows))


def _trust(hits: HitList) -> list[str]:
    """Say what enrichment to expect, and how well several queries find each other."""
    found = hits.leave_one_out
    mutual = [] if found is None else [f"queries against each other: {found.sentence()}"]
    return [hits.trust.sentence(), *mutual]


def _inactive_facts(hits: HitList) -> list[tuple[str, str]]:
    """Say on a page how many inactives there are; nothing where there are none."""
    if hits.inactives is None:
        return []
    facts = [("known inactives", f"{len(hits.inactives.molecules):,}")]
    if hits.inactives.n_failed:
        facts.append(("inactives that cannot be used", f"{hits.inactives.n_failed:,}"))
    return facts
