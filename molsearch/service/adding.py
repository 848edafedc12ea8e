"""Molecules added to an index: prepared as its library was, compared with it, embedded."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from molsearch.chem.records import expand_sources
from molsearch.data.failures import write_failures
from molsearch.data.prepare import refuse_own
from molsearch.data.prepared import PreparedSet
from molsearch.errors import EncoderMismatchError, InputError
from molsearch.index.add import Addition, add_molecules, compare
from molsearch.index.change import changing
from molsearch.index.embedder import Embedder
from molsearch.index.layout import ADDED
from molsearch.index.plan import Change
from molsearch.index.reader import IndexReader
from molsearch.index.shared import Shared
from molsearch.io.hashing import sha256_file, sha256_json
from molsearch.nn.bundled import named, to_pass
from molsearch.service.events import Emit, Note, stage
from molsearch.service.growing import refuse_cached
from molsearch.service.library import STDIN
from molsearch.service.making import Source, prepared_set
from molsearch.service.requests import AddRequest
from molsearch.service.session import Session
from molsearch.service.told import account_of_failures, plain_reading, tell_library
from molsearch.words import counted


def add(
    request: AddRequest, session: Session, emit: Emit, encoder: Embedder | None
) -> dict[str, Any]:
    """Add files of molecules to an index; returns what there is to say of it."""
    path = Path(request.index)
    refuse_cached(path)
    refuse_own(request.library)
    names = expand_sources(request.library)
    key = _content(names, request)
    with changing(path) as reader:
        if encoder is None:
            encoder = session.encoder(
                request.encoder, device=request.device, batch_size=request.batch_size
            )
        _refuse_other(reader, encoder)
        work = path / ADDED / key[:16]
        if not request.again and (earlier := _earlier(reader, key)) is not None:
            emit(Note(text=_again(earlier), important=True))
            _remove(work)
            return {"n_added": 0, "changed": False}
        source = Source(
            names, request.read, reader.manifest.library.prepare, request.limit, request.workers
        )
        prepared = prepared_set(source.seen_by(encoder), work, emit, replace=True)
        _tell_version(reader, prepared, emit)
        addition = compare(reader, prepared, skip=request.skip_duplicates)
        change = Change(
            kind="add",
            base=reader.manifest.generation,
            of=key,
            what=names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more",
            n=addition.n_rows,
        )
        with stage(emit, "embedding", addition.n_rows) as progress:
            add_molecules(
                reader,
                addition,
                encoder,
                change,
                overwrite=request.overwrite,
                on_progress=progress,
            )
        account = _told(request, addition, emit)
        _remove(work)
    return account


def _told(request: AddRequest, addition: Addition, emit: Emit) -> dict[str, Any]:
    """Say what came of each record that was read."""
    prepared = addition.prepared
    tables = list(addition.failures(0))
    if request.failures is not None:
        write_failures(tables, Path(request.failures))
    told = account_of_failures(
        tables, prepared.n_in, request.failures or "the index (Index.failures() in Python)"
    )
    told["reading"] = [plain_reading(one) for one in prepared.manifest.reading]
    tell_library(told, emit)
    fate = "left out" if addition.skip else "added all the same (--skip-duplicates leaves them out)"
    _tell_shared(addition.parents, prepared.n_ok, "the parent", fate, emit)
    if not addition.skip:
        _tell_shared(addition.ids, prepared.n_ok, "the id", "told apart by record_number", emit)
    if repeats := str(prepared.repeated_ids()):
        emit(Note(text=repeats))
    return {
        "n_added": addition.n_rows,
        "n_read": prepared.n_in,
        "n_failed_now": prepared.n_in - addition.n_rows,
        "n_known_parents": addition.parents.n,
        "n_known_ids": addition.ids.n,
        "reading": told["reading"],
    }


def _tell_shared(shared: Shared, n: int, what: str, fate: str, emit: Emit) -> None:
    if shared.first is None:
        return
    new, old = shared.first
    text = f"{shared.n:,} of {counted(n, 'new molecule')} have {what} of one in the index "
    first = f"first: {new!r}, there as {old!r}" if what == "the parent" else f"first: {new!r}"
    emit(Note(text=f"{text}({first}); {fate}"))


def _content(names: list[str], request: AddRequest) -> str:
    """Key of what is added: equal for equal files read alike; standard input equals nothing."""
    if STDIN in names:
        return uuid.uuid4().hex * 2
    try:
        files = [[Path(name).name, sha256_file(Path(name))] for name in names]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error
    return sha256_json([files, request.read.model_dump(mode="json"), request.limit])


def _earlier(reader: IndexReader, key: str) -> Change | None:
    changes = reader.manifest.changes
    return next((one for one in changes if one.kind == "add" and one.of == key), None)


def _again(earlier: Change) -> str:
    return (
        f"{earlier.what} was added before, as generation {earlier.base + 1}: nothing is done; "
        "--again adds it once more"
    )


def _refuse_other(reader: IndexReader, encoder: Embedder) -> None:
    if encoder.identity != reader.identity:
        raise EncoderMismatchError(
            f"{reader.path} was made by encoder {named(reader.identity)}, this one is "
            f"{named(encoder.identity)}: pass {to_pass(reader.identity)}"
        )


def _tell_version(reader: IndexReader, prepared: PreparedSet, emit: Emit) -> None:
    before, now = reader.manifest.library.rdkit, prepared.manifest.run.rdkit
    if before != now:
        text = f"the index was prepared by RDKit {before}, this is {now}: parents may differ"
        emit(Note(text=text, important=True))


def _remove(work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    with suppress(OSError):
        work.parent.rmdir()
