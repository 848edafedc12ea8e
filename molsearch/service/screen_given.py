"""What a screen is given: molecules to search with and against, an index of them, exclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from molsearch.chem.readers.rows import OnReading
from molsearch.chem.records import unheard
from molsearch.config import ReadConfig, ScreenConfig
from molsearch.errors import UsageError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.search.actives import Ligands, read_ligands
from molsearch.search.engine import search
from molsearch.search.exclusions import Exclusions, read_exclusions
from molsearch.search.extras import OnExtra
from molsearch.search.find import Search
from molsearch.search.hit_filter import HitFilter
from molsearch.search.inactives import read_inactives
from molsearch.search.of_index import is_index, screen_by_index
from molsearch.search.queries import Query
from molsearch.search.screen import HitList, Stopwatch, check_ranking
from molsearch.search.screen import screen as rank
from molsearch.search.streamed import is_long
from molsearch.service.events import Emit, Progress, silent
from molsearch.service.ids import read_ids
from molsearch.service.requests import ScreenRequest
from molsearch.service.session import Session
from molsearch.work.backend import Backend

_IDS = "call the one with the ids so, or give a list of one a line"


@dataclass(frozen=True)
class Given:
    """See the module.

    Attributes
    ----------
    ligands
        Queries and inactives; no queries where `whole` gives them.
    exclusions
        What is no hit.
    whole
        Path of an index whose molecules are the queries; None where there is no such.
    """

    ligands: Ligands
    exclusions: Exclusions | None
    whole: str | None


def read_given(
    request: ScreenRequest,
    reader: IndexReader | None,
    encoder: Embedder,
    on_reading: OnReading = unheard,
) -> Given:
    """Read and prepare it as the library was or will be, and refuse what does not go together.

    `on_reading` is told how each file is read.

    Raises
    ------
    UsageError, InputError
        Something cannot be read, or used with the rest.
    """
    like = request.prepare if reader is None else reader.manifest.library.prepare
    whole = _whole_index(request)
    if whole is None:
        # With files of a library the reading options are about those; a query file is detected.
        read = ReadConfig() if request.library else request.read
        prepare = like.model_copy(update=request.query_changes)
        ligands = read_ligands(
            request.queries, request.inactives, read, prepare, request.config, on_reading
        )
        check_ranking(request, len(ligands.queries), encoder)
    else:
        inactives = read_inactives(request.inactives, ReadConfig(), like, on_reading)
        ligands = Ligands((), inactives)
    ids = [name for path in request.exclude_ids for name in read_ids(path, hint=_IDS)]
    exclusions = read_exclusions(
        ids, request.dissimilar_to, request.dissimilar_at, like, on_reading
    )
    HitFilter(request.config).check(inactives=ligands.inactives is not None)
    return Given(ligands, exclusions, whole)


def rank_given(
    given: Given,
    request: ScreenRequest,
    reader: IndexReader,
    encoder: Embedder,
    session: Session,
    device: torch.device,
    watch: Stopwatch,
    emit: Emit = silent,
    *,
    held: bool = True,
    elsewhere: Backend | None = None,
    searching: Search = search,
) -> HitList:
    """Rank a library for it; a long list is held as a table, or streamed into the output."""
    on_extra = _telling(emit, reader.n_rows)
    streams = not held and request.html is None and is_long(request.k, reader, request.output)

    def ranked(queries: Sequence[Query], config: ScreenConfig) -> HitList:
        return rank(
            reader,
            encoder,
            queries,
            config,
            inactives=given.ligands.inactives,
            exclusions=given.exclusions,
            stream_to=Path(str(request.output)) if streams else None,
            device=device,
            watch=watch,
            on_extra=on_extra,
            elsewhere=elsewhere,
            searching=searching,
        )

    if given.whole is None:
        hits = ranked(given.ligands.queries, request.config)
    else:
        other = session.index(given.whole)
        hits = screen_by_index(reader, other, request.config, ranked, device)
    return hits.with_notes(given.ligands.notes)


def _telling(emit: Emit, total: int) -> OnExtra:
    """Tell the progress of what a ranking needs and an index lacks."""

    def tell(name: str, done: int, failed: int) -> None:
        stage = f"compute {name}"
        emit(Progress(stage=stage, done=done, failed=failed, total=total, ended=done == total))

    return tell


def _whole_index(request: ScreenRequest) -> str | None:
    """Path of an index whose molecules are the queries; refuses what cannot be asked of them."""
    found = [given for given in request.queries if is_index(given)]
    if not found:
        return None
    if len(request.queries) > 1:
        raise UsageError(f"the queries are the molecules of {found[0]}, or others: give it alone")
    if request.rank not in ("balanced", "molsearch") or request.fusion not in (None, "max"):
        raise UsageError(
            f"molecules of the index {found[0]} are compared by the embedding of the nearest of "
            "them; leave --rank and --fusion out"
        )
    if request.expand:
        raise UsageError(f"--expand does not go with queries of an index ({found[0]})")
    if request.inactives_weight:
        raise UsageError(f"--inactives-weight does not go with queries of an index ({found[0]})")
    return str(found[0])
