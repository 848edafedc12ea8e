"""An index, from request to folder."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molsearch.chem.facts import fact_names
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.outcomes import get_ready
from molsearch.data.prepared import PreparedSet
from molsearch.errors import InputError, UsageError
from molsearch.index.approximate import approximate
from molsearch.index.embedder import Embedder
from molsearch.index.generation import check_target
from molsearch.index.layout import MANIFEST, PREPARED
from molsearch.index.reader import IndexReader
from molsearch.index.vectors.registry import storage_of
from molsearch.io.folders import Kind, look
from molsearch.io.runs import write_run
from molsearch.service.cluster import embedding, far, refuse_device
from molsearch.service.events import Done, Emit, Note, silent
from molsearch.service.geometry import settled
from molsearch.service.making import Source, fill, index_of, prepared_set
from molsearch.service.requests import IndexRequest
from molsearch.service.session import Session
from molsearch.service.told import library_account, tell_library
from molsearch.work.far import Far


@dataclass(frozen=True)
class Indexed:
    """An index, and what made it.

    Attributes
    ----------
    found
        Whether it was there as it is asked for, so that nothing was embedded.
    """

    reader: IndexReader
    account: dict[str, Any]
    found: bool = False


class EmptyPartError(InputError):
    """Not one molecule of a part of a library can be used; a merge takes it as it is.

    Attributes
    ----------
    account
        As of a part with molecules, as far as it goes.
    """

    def __init__(self, request: IndexRequest, prepared: PreparedSet) -> None:
        assert request.shard is not None
        number, of = request.shard
        failed = f" (all {prepared.n_in:,} of its records failed)" if prepared.n_in else ""
        super().__init__(
            f"part {number} of {of} holds no molecule{failed}: there is nothing to index, and "
            f"molsearch index merge takes {request.output} as it is"
        )
        self.account = {
            "output": request.output,
            "n_in": prepared.n_in,
            "n_ok": 0,
            "n_failed": prepared.n_failed,
            "request": request.model_dump(mode="json"),
        }


def index(
    request: IndexRequest,
    session: Session,
    emit: Emit = silent,
    *,
    encoder: Embedder | None = None,
) -> Indexed:
    """Embed a library into a folder; an interrupted run is continued by the same request.

    Parameters
    ----------
    encoder
        An encoder at hand, in place of the one that the request names.

    Raises
    ------
    UsageError, InputError, IndexCorruptError, EncoderMismatchError
        The request, a file, what stands in the folder, or the encoder cannot be used.
    EmptyPartError
        A part of a library was asked for, and not one of its molecules can be used.
    """
    started = time.monotonic()
    out = Path(request.output)
    check_target(out)
    storage_of(request.storage)  # refused before anything is prepared
    facts = fact_names(request.facts)
    refuse_device(request.cluster, request.device)
    prepared = _as_prepared(request)
    if prepared is None and request.cluster is None:
        get_ready(request.library)
    if encoder is None:
        encoder = session.encoder(
            request.encoder, device=request.device, batch_size=request.batch_size
        )
    if prepared is None:
        request = request.model_copy(update={"prepare": settled(request.prepare, encoder, emit)})
    before = _head(out)
    with far(request.cluster, request.staging, out, emit) as elsewhere:
        prepared, reader = _made(request, prepared, encoder, emit, elsewhere)
    found = before is not None and before == _head(out)
    if (said := approximate(reader)) is not None:
        emit(Note(text=said))
    if facts:
        fill(reader, facts, emit, workers=request.workers)
    if repeats := str(prepared.repeated_ids()):
        emit(Note(text=repeats))
    account = _account(request, reader, time.monotonic() - started)
    account |= library_account(reader, request.failures)
    tell_library(account, emit)
    write_run(reader.path / "run.json", "index", account)
    emit(Done(verb="index", account=account))
    return Indexed(reader, account, found)


def _head(out: Path) -> bytes | None:
    """Bytes of the manifest that names the generation to read; None where there is none."""
    path = out / MANIFEST
    return path.read_bytes() if path.is_file() else None


def _made(
    request: IndexRequest,
    prepared: PreparedSet | None,
    encoder: Embedder,
    emit: Emit,
    elsewhere: Far | None,
) -> tuple[PreparedSet, IndexReader]:
    """Prepare what is not prepared yet, and embed it."""
    out = Path(request.output)
    if prepared is None:
        source = Source(
            request.library,
            request.read,
            request.prepare,
            request.limit,
            request.workers,
            part=request.shard,
        )
        prepared = prepared_set(
            source.seen_by(encoder),
            out / PREPARED,
            emit,
            replace=request.overwrite,
            far=elsewhere,
        )
        if not prepared.n_ok:
            raise EmptyPartError(request, prepared)
    reader = index_of(
        prepared,
        encoder,
        out,
        emit,
        overwrite=request.overwrite,
        resume=request.resume,
        storage=storage_of(request.storage),
        embedded=embedding(elsewhere, encoder, request.encoder, request.batch_size),
    )
    return prepared, reader


def _as_prepared(request: IndexRequest) -> PreparedSet | None:
    """Open the library where it is a prepared set; what is for raw files makes no sense then."""
    ready = [name for name in request.library if look(name).kind is Kind.PREPARED]
    if not ready:
        return None
    if len(request.library) > 1:
        raise UsageError(
            f"{ready[0]} is a prepared set, which is indexed by itself; name nothing beside it"
        )
    for name, due in (("read", ReadConfig()), ("prepare", PrepareConfig()), ("limit", None)):
        if getattr(request, name) != due:
            raise UsageError(f"{ready[0]} is prepared already: {name} has no effect; leave it out")
    prepared = PreparedSet.open(ready[0])
    return prepared if request.shard is None else prepared.part(*request.shard)


def _account(request: IndexRequest, reader: IndexReader, seconds: float) -> dict[str, Any]:
    manifest = reader.manifest
    return {
        "output": str(reader.path),
        "generation": manifest.generation,
        "n_in": manifest.n_in,
        "n_ok": manifest.n_ok,
        "n_failed": manifest.n_failed,
        "encoder": reader.identity,
        "library": manifest.plan.library,
        "dim": reader.dim,
        "dtype": manifest.plan.dtype,
        "prefix": manifest.plan.prefix,
        **({} if manifest.plan.codec is None else {"codec": manifest.plan.codec}),
        "recall": reader.recall,
        "seconds": round(seconds, 2),
        "request": request.model_dump(mode="json"),
    }
