"""Changes of an index, from request to its next generation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from molsearch.chem.facts import fact_names
from molsearch.data.repeats import Repeats, repeated_ids
from molsearch.errors import UsageError
from molsearch.index.change import changing
from molsearch.index.compact import compact_shards, is_compact
from molsearch.index.drop import Dropping, drop_molecules, find_ids
from molsearch.index.embedder import Embedder
from molsearch.index.layout import generation_folder
from molsearch.index.merge import merge_indexes
from molsearch.index.plan import Change
from molsearch.index.reader import IndexReader, open_index
from molsearch.io.hashing import sha256_json
from molsearch.io.runs import write_run
from molsearch.schema import MOLECULE_ID
from molsearch.service.events import Done, Emit, Note, silent, stage
from molsearch.service.ids import is_list, read_ids
from molsearch.service.library import cache_root
from molsearch.service.making import fill
from molsearch.service.requests import (
    AddRequest,
    AnnRequest,
    CompactRequest,
    DropRequest,
    FactsRequest,
    Growing,
    MergeRequest,
)
from molsearch.service.session import Session
from molsearch.words import counted

_SHOWN = 3
RUN = "run.json"


@dataclass(frozen=True)
class Grown:
    """An index after a change, and what made it."""

    reader: IndexReader
    account: dict[str, Any]


def grow(
    request: Growing, session: Session, emit: Emit = silent, *, encoder: Embedder | None = None
) -> Grown:
    """Change an index; an interrupted change is finished by the same request.

    Readers see the index as it was until the change is whole.

    Parameters
    ----------
    encoder
        An encoder at hand, in place of the one that the request names.

    Raises
    ------
    UsageError, InputError, IndexCorruptError, EncoderMismatchError
        The request, a file, the index, or the encoder cannot be used.
    """
    started = time.monotonic()
    match request:
        case AddRequest():
            from molsearch.service.adding import add

            facts = add(request, session, emit, encoder)
        case DropRequest():
            facts = _drop(request, emit)
        case CompactRequest():
            facts = _compact(request, emit)
        case FactsRequest():
            facts = _facts(request, emit)
        case AnnRequest():
            from molsearch.service.approximating import approximate

            facts = approximate(request, session, emit, encoder)
        case MergeRequest():
            facts = _merge(request, emit)
    path = Path(request.output if isinstance(request, MergeRequest) else request.index)
    reader = open_index(path)
    account = _account(reader) | facts
    account["seconds"] = round(time.monotonic() - started, 2)
    account["request"] = request.model_dump(mode="json")
    # The record of the build stays where it is; each change has its own.
    place = path
    if not isinstance(request, MergeRequest):
        place = generation_folder(path, reader.manifest.generation)
    if facts.get("changed", True):
        write_run(place / RUN, request.verb, account)
    emit(Done(verb=request.verb, account=account))
    return Grown(reader, account)


def refuse_cached(path: Path) -> None:
    """Refuse to change what is found again by the content of its library.

    Raises
    ------
    UsageError
        `path` lies in the user's cache.
    """
    if cache_root().resolve() in path.resolve().parents:
        raise UsageError(
            f"{path} is kept for screen -l, which finds it by its library's content; change an "
            "index of your own: molsearch index LIBRARY -o FOLDER"
        )


def _drop(request: DropRequest, emit: Emit) -> dict[str, Any]:
    path = Path(request.index)
    refuse_cached(path)
    if bool(request.ids) == (request.file is not None):
        raise UsageError("name the ids once: --ids FILE")
    ids = list(dict.fromkeys(request.ids))
    if request.file is not None:
        ids = read_ids(request.file, request.id_column, verbatim=True)
    with changing(path) as reader:
        if request.file is not None and is_list(request.file):
            ids = _as_held(reader, ids)
        found = find_ids(reader, ids)
        _tell_unknown(path, found, len(ids), emit)
        change = Change(
            kind="drop",
            base=reader.manifest.generation,
            of=sha256_json(sorted(ids)),
            what=f"{found.n_ids:,} ids" if found.n_ids != 1 else "1 id",
            n=found.n,
        )
        with stage(emit, "dropping") as progress:
            drop_molecules(reader, found, change, overwrite=request.overwrite, on_progress=progress)
    return {"n_dropped_now": found.n, "n_ids": found.n_ids, "unknown_ids": list(found.unknown)}


def _as_held(reader: IndexReader, lines: list[str]) -> list[str]:
    """Make ids of lines: as they stand where a molecule is called so, else without outer blanks.

    A title of an SD file keeps its blanks; a line that somebody typed means none.
    """
    blank = [line for line in lines if line != line.strip()]
    others = set(find_ids(reader, blank).unknown) if blank else set()
    return list(dict.fromkeys(line.strip() if line in others else line for line in lines))


def _tell_unknown(path: Path, found: Dropping, n_ids: int, emit: Emit) -> None:
    unknown = found.unknown
    first = ", ".join(repr(one[:40]) for one in unknown[:_SHOWN])
    more = ", …" if len(unknown) > _SHOWN else ""
    if not found.n_ids:
        raise UsageError(
            f"none of {n_ids:,} ids is one of {path} ({first}{more}); nothing is dropped: check "
            "the list"
        )
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        text = f"{len(unknown):,} of {n_ids:,} ids {verb} not in {path}: {first}{more}"
        emit(Note(text=text, important=True))
    if found.n > found.n_ids:
        emit(
            Note(
                text=f"{counted(found.n, 'molecule')} have one of "
                f"{counted(found.n_ids, 'id')}; all are dropped"
            )
        )


def _compact(request: CompactRequest, emit: Emit) -> dict[str, Any]:
    path = Path(request.index)
    refuse_cached(path)
    with changing(path) as reader:
        before = reader.n_shards
        if is_compact(reader):
            emit(Note(text=f"{path} is compact: all shards but the last are full"))
            return {"n_shards_before": before, "changed": False}
        change = Change(
            kind="compact",
            base=reader.manifest.generation,
            of=reader.manifest.plan.library,
            what=f"{counted(before, 'shard')}",
            n=reader.n_rows,
        )
        with stage(emit, "compacting", reader.n_rows) as progress:
            compact_shards(reader, change, overwrite=request.overwrite, on_progress=progress)
    return {"n_shards_before": before}


def _facts(request: FactsRequest, emit: Emit) -> dict[str, Any]:
    """Fill in what is lacking: no new generation, and no lock, for nothing changes."""
    names = fact_names(request.facts)
    n_computed = fill(open_index(Path(request.index)), names, emit, workers=request.workers)
    return {"n_computed": n_computed, "facts": list(names), "changed": False}


def _merge(request: MergeRequest, emit: Emit) -> dict[str, Any]:
    paths = [Path(one) for one in request.indexes]
    with stage(emit, "merging") as progress:
        reader = merge_indexes(
            paths, Path(request.output), overwrite=request.overwrite, on_progress=progress
        )
    if repeats := str(_repeated_ids(reader)):
        emit(Note(text=repeats))
    return {"n_indexes": len(paths)}


def _repeated_ids(reader: IndexReader) -> Repeats:
    def ids() -> Iterator[pa.ChunkedArray]:
        for shard in range(reader.n_shards):
            yield reader.records(shard).read([MOLECULE_ID]).column(0)

    return repeated_ids(ids)


def _account(reader: IndexReader) -> dict[str, Any]:
    manifest = reader.manifest
    return {
        "output": str(reader.path),
        "generation": manifest.generation,
        "n_in": manifest.n_in,
        "n_ok": manifest.n_ok,
        "n_failed": manifest.n_failed,
        "n_dropped": manifest.n_dropped,
        "n_shards": reader.n_shards,
        "encoder": reader.identity,
        "library": manifest.plan.library,
    }
