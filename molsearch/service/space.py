"""A make-on-demand space searched for queries: products found by synthons, then ranked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.failures import write_failures
from molsearch.data.prepare import NothingPreparedError, prepare_records, run_of
from molsearch.data.prepared_table import failures_table_of
from molsearch.errors import InputError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.io.runs import write_run
from molsearch.schema import ColumnType, Reading, Record
from molsearch.search.actives import read_ligands
from molsearch.search.queries import Query, refuse_vectors
from molsearch.search.screen import Stopwatch
from molsearch.service.events import Done, Emit, Event, Note, Warned, silent, stage
from molsearch.service.geometry import settled
from molsearch.service.making import Source, index_of
from molsearch.service.outputs import refuse_clashes, run_file
from molsearch.service.requests import SpaceRequest
from molsearch.service.screen import Screened, check, screen
from molsearch.service.session import Session
from molsearch.space.search import Found, Product, Space, SpaceConfig
from molsearch.space.synthons import Synthons, read_synthons
from molsearch.words import counted

_COLUMNS = {
    "reaction": "",
    "reagents": "",
    "synthons": "",
    "space_similarity": "double",
    "found_for": "",
    "other_routes": "",
}
_PLACEHOLDER = "the products"  # until their index has a folder
_UNFORETOLD = (
    "the products were chosen for being like the queries, and it was learnt on libraries that were "
    "not"
)


@dataclass(frozen=True)
class _Searched:
    """Products of all queries by their structure, and what was found for each query."""

    products: Mapping[str, list[tuple[Product, str]]]
    found: Mapping[str, Found]


def space(request: SpaceRequest, session: Session, emit: Emit = silent) -> Screened:
    """Search a space, rank the products found, and write what the request names.

    Raises
    ------
    UsageError, InputError, EncoderMismatchError
        The request, the synthon file, a query or the encoder cannot be used, or no product is
        like any query.
    """
    refuse_clashes(request)
    check(request.ranking(_PLACEHOLDER, request.prepare))
    watch = Stopwatch()
    with watch.stage("read synthons"):
        synthons = read_synthons(request.synthons)
    _tell_synthons(request, synthons, emit)
    with watch.stage("load encoder"):
        encoder = session.encoder(
            request.encoder, device=request.device, batch_size=request.batch_size
        )
    prepare = settled(request.prepare, encoder, emit)
    with watch.stage("prepare queries"):
        ranking = request.ranking(_PLACEHOLDER, prepare)
        given = read_ligands(request.queries, (), ReadConfig(), prepare, ranking.config)
    refuse_vectors(given.queries, "fragments to search synthons by")
    with watch.stage("search space"):
        made = Space(synthons.usable)
        searched = _search(request, made, given.queries, emit)
    with tempfile.TemporaryDirectory(prefix="molsearch-space-") as folder:
        with watch.stage("embed products"):
            reader = _index(request, prepare, searched, encoder, Path(folder), emit)
        done = screen(
            request.ranking(folder, prepare),
            session,
            _without_end(emit),
            reader=reader,
            encoder=encoder,
            unforetold=_UNFORETOLD,
        )
        failures = [failures_table_of(synthons.failures), reader.failures()]
        if request.failures is not None:
            write_failures(failures, Path(request.failures))
    account = _account(request, done, made, synthons, searched, reader)
    if request.output is not None:
        write_run(run_file(request.output), "space", account)
    emit(Done(verb="space", account=account))
    watch.seconds |= done.watch.seconds
    return Screened(done.hits, account, watch)


def _tell_synthons(request: SpaceRequest, synthons: Synthons, emit: Emit) -> None:
    failed = synthons.failures
    if failed:
        where = request.failures or "name a file for them by --failures"
        text = (
            f"{len(failed):,} of {counted(synthons.n_in, 'row')} of {request.synthons} cannot be "
            "used; "
            f"first: row {failed[0].row}: {failed[0].reason}; all: {where}"
        )
        emit(Note(text=text, important=True))


def _search(
    request: SpaceRequest, made: Space, queries: tuple[Query, ...], emit: Emit
) -> _Searched:
    emit(
        Note(
            text=f"{request.synthons}: {counted(len(made.synthons), 'synthon')}, "
            f"{counted(made.n_reactions, 'reaction')}, {counted(made.n_products, 'product')}"
        )
    )
    config = SpaceConfig(
        mode=request.mode,
        similarity=request.similarity,
        products=request.products,
        seconds=request.seconds,
        threads=request.workers,
        seed=request.prepare.seed,
    )
    products: dict[str, list[tuple[Product, str]]] = {}
    found: dict[str, Found] = {}
    with stage(emit, "searching", len(queries)) as progress:
        for done, query in enumerate(queries, 1):
            some = found[query.query_id] = made.search(query.first.parent_smiles, config)
            for product in some.products:
                products.setdefault(product.smiles, []).append((product, query.query_id))
            _tell_limits(request, query.query_id, some, emit)
            progress(done, 0)
    if not products:
        raise InputError(
            f"no product in {request.synthons} has similarity {request.similarity:g} or more "
            f"({request.mode}) to a query; lower --similarity"
        )
    return _Searched(products, found)


def _tell_limits(request: SpaceRequest, query_id: str, found: Found, emit: Emit) -> None:
    if found.timed_out:
        emit(
            Warned(
                text=f"the search for {query_id} was cut short after {request.seconds} s: there "
                "may be more products; raise --seconds"
            )
        )
    if found.more:
        emit(
            Note(
                text=f"the search for {query_id} stopped at {request.products:,} products; "
                "--products sets how many"
            )
        )


def _index(
    request: SpaceRequest,
    prepare: PrepareConfig,
    searched: _Searched,
    encoder: Embedder,
    folder: Path,
    emit: Emit,
) -> IndexReader:
    source = Source([request.synthons], ReadConfig(), prepare).seen_by(encoder)
    run = run_of([request.synthons], ReadConfig(), prepare, None, source.buckets)
    try:
        with stage(emit, "preparing", len(searched.products)) as progress:
            prepared = prepare_records(
                _records(request.synthons, searched),
                folder / "prepared",
                run,
                workers=request.workers,
                on_progress=progress,
                readings=[_reading(request.synthons)],
            )
    except NothingPreparedError as error:
        raise InputError(
            f"no product can be prepared of {len(searched.products):,} that were found; check the "
            "synthons' connectors"
        ) from error
    if repeats := str(prepared.repeated_ids()):  # where synthons of one position share an id
        emit(Note(text=repeats, important=True))
    return index_of(prepared, encoder, folder / "index", emit, overwrite=False)


def _reading(source: str) -> Reading:
    """Say what the columns of the products are, so that a number stays one in Parquet."""
    types = tuple(ColumnType(name, kind) for name, kind in _COLUMNS.items())
    return Reading(source, "synthons", "smiles", "reagents and reaction", types=types)


def _records(source: str, searched: _Searched) -> Iterator[Record]:
    """Yield the products, the most similar to a query first."""
    best = {
        smiles: max(routes, key=lambda route: route[0].similarity)
        for smiles, routes in searched.products.items()
    }
    order = sorted(best, key=lambda smiles: (-best[smiles][0].similarity, best[smiles][0].route))
    for number, smiles in enumerate(order, 1):
        product, query_id = best[smiles]
        others = {one.route for one, _ in searched.products[smiles]} - {product.route}
        extra = {
            "reaction": product.reaction,
            "reagents": "; ".join(one.synthon_id for one in product.reagents),
            "synthons": "; ".join(one.smiles for one in product.reagents),
            "space_similarity": f"{product.similarity:.4f}",
            "found_for": query_id,
            "other_routes": " | ".join(sorted(others)),
        }
        yield Record(number, source, product.reagents[0].row, product.route, smiles, extra=extra)


def _without_end(emit: Emit) -> Emit:
    """Pass on what a screen says, but that it is the end."""

    def tell(event: Event) -> None:
        if not isinstance(event, Done):
            emit(event)

    return tell


def _account(
    request: SpaceRequest,
    done: Screened,
    made: Space,
    synthons: Synthons,
    searched: _Searched,
    reader: IndexReader,
) -> dict[str, Any]:
    found = [
        {
            "query": query_id,
            "n_products": len(one.products),
            "timed_out": one.timed_out,
            "limit_reached": one.more,
        }
        for query_id, one in searched.found.items()
    ]
    first = synthons.failures[0] if synthons.failures else None
    return {
        **{name: value for name, value in done.account.items() if name != "index"},
        "request": request.model_dump(mode="json"),
        "space": {
            "synthons": request.synthons,
            "n_in": synthons.n_in,
            "n_ok": len(synthons.usable),
            "n_failed": len(synthons.failures),
            "first_failure": None if first is None else asdict(first),
            "n_reactions": made.n_reactions,
            "n_products": made.n_products,
            "searches": found,
            "n_found": len(searched.products),
            "n_ranked": reader.n_rows,
            "failures": request.failures,
        },
    }
