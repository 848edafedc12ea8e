"""From what a user chose on the page to the requests of a job."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from molsearch.cli.spelled import spelled
from molsearch.config import Molecule, ScreenConfig
from molsearch.errors import MolSearchError, UsageError
from molsearch.io.atomic import write_text
from molsearch.scoring.ranking import ranking_of
from molsearch.search.hit_filter import HitFilter
from molsearch.service.requests import (
    IndexRequest,
    ScreenRequest,
    VerifyRequest,
    validated,
)
from molsearch_app import jobs, keeping, places, remote, warm
from molsearch_app.components import uploads
from molsearch_app.components.queries import Draft, inline, to_csv

HITS, MAP, QUERIES, INDEX = "hits.parquet", "map.parquet", "queries.csv", "library.index"
INACTIVES, EACH = "inactives.csv", "each.parquet"
_INLINE = 4


@dataclass(frozen=True)
class LibraryChoice:
    """What is searched: an index, a file whose index is kept in the cache, or an upload.

    Attributes
    ----------
    kind
        ``index``, ``files`` (the bundled example), ``upload``, or ``server`` (a library of the
        server that screens for this application).
    path
        The index folder, or the file; the library's name where a server has it.
    label
        What the page calls it.
    """

    kind: Literal["index", "files", "upload", "server"]
    path: Path
    label: str


def start_screen(
    drafts: Sequence[Draft],
    library: LibraryChoice,
    options: Mapping[str, Any],
    inactives: Sequence[Draft] = (),
) -> jobs.AppRun:
    """Start a screen, with the indexing of an upload before it.

    Parameters
    ----------
    options
        Fields of a `ScreenRequest`.
    inactives
        Known inactives: each hit is also scored against the nearest of them. Without any their
        weight in `options` means nothing.

    Raises
    ------
    UsageError
        There is no query, or a filter cannot be read.
    """
    if not drafts:
        raise UsageError("give at least one query that can be read")
    request = asked(drafts, library, options, inactives)
    check(request)
    run_id, folder = keeping.new_run("screen")
    request = request.model_copy(update={"output": str(folder / HITS)})
    write_text(folder / QUERIES, to_csv(drafts))
    if inactives:
        write_text(folder / INACTIVES, to_csv(inactives))
    steps = []
    if library.kind == "index" and library.path.is_relative_to(
        places.runs_root()
    ):  # an index that lies in a run keeps it
        keeping.touch(places.runs_root() / library.path.relative_to(places.runs_root()).parts[0])
    if library.kind == "upload":
        moved = uploads.into_run(library.path, folder)
        steps.append(index_step(moved, folder / INDEX, request.encoder))
        request = request.model_copy(update={"index": str(folder / INDEX)})
    steps += _screening(library, request, folder)
    names = ", ".join(draft.name for draft in drafts[:3]) + (" …" if len(drafts) > 3 else "")
    meta = {
        "queries": [{"id": one.name, "smiles": one.parent, "input": one.smiles} for one in drafts],
        "library": library.label,
        "encoder": request.encoder,
        "reproduce": (
            by_server(request)
            if library.kind == "server"
            else reproduce(drafts, inactives, request, folder)
        ),
    }
    return jobs.start(run_id, f"{names} in {library.label}", steps, meta)


def _screening(library: LibraryChoice, request: ScreenRequest, folder: Path) -> list[jobs.Step]:
    """Screen at once where that can be, and make the steps of what is left to do.

    Raises
    ------
    MolSearchError
        It failed at once; nothing is left of the run.
    """
    if library.kind == "server":
        return [jobs.Step("screen", remote={"body": remote_body(request), "hits": HITS})]
    step = jobs.Step.of("screen", request)
    started = time.monotonic()
    try:
        if library.kind == "index" and warm.screen(request):
            step = replace(step, seconds=round(time.monotonic() - started, 2))
    except MolSearchError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return [step, map_step(folder)]


def remote_body(request: ScreenRequest) -> dict[str, Any]:
    """Write a request as a server takes it: a library by its name, and no path."""
    known = ScreenConfig.model_fields
    body = request.model_dump(mode="json", exclude_unset=True)
    kept = {name: value for name, value in body.items() if name in known}
    more = {"queries": body["queries"], "inactives": body.get("inactives", [])}
    return {**kept, **more, "library": request.index}


def asked(
    drafts: Sequence[Draft],
    library: LibraryChoice,
    options: Mapping[str, Any],
    inactives: Sequence[Draft] = (),
) -> ScreenRequest:
    """Make the request of a screen; it has no output yet.

    Raises
    ------
    UsageError
        An option is out of range.
    """
    searched: dict[str, Any] = {"index": str(library.path)}
    if library.kind == "files":
        searched = {"library": [str(library.path)]}
    fields = {**options, **searched, "queries": _molecules(drafts)}
    if inactives:
        fields["inactives"] = _molecules(inactives)
    else:
        fields["inactives_weight"] = 0.0
    return validated(ScreenRequest, fields)


def check(request: ScreenRequest) -> None:
    """Refuse a ranking and filters that cannot be read before a job is made of them.

    Raises
    ------
    UsageError
        With the line that the command line would say.
    """
    ranking_of(request.rank, len(request.queries), fusion=request.fusion)
    HitFilter(request.config).check(inactives=bool(request.inactives))


def _molecules(drafts: Sequence[Draft]) -> tuple[Molecule, ...]:
    return tuple(Molecule(smiles=draft.smiles, id=draft.name) for draft in drafts)


def start_index(upload: Path, encoder: str | None = None, conformers: int = 1) -> jobs.AppRun:
    """Start the preparation and indexing of an upload."""
    run_id, folder = keeping.new_run("library")
    moved = uploads.into_run(upload, folder)
    steps = [index_step(moved, folder / INDEX, encoder, conformers)]
    return jobs.start(run_id, upload.name, steps, {"library": upload.name})


def start_verify(index: Path) -> jobs.AppRun:
    """Start the check of every byte of an index."""
    run_id, _ = keeping.new_run("verify")
    step = jobs.Step.of("verify", VerifyRequest(path=str(places.inside(index))))
    return jobs.start(run_id, index.name, [step], {"index": str(index)})


def index_step(
    source: Path, place: Path, encoder: str | None = None, conformers: int = 1
) -> jobs.Step:
    """Index a file of molecules."""
    fields: dict[str, Any] = {"library": [str(source)], "output": str(place), "encoder": encoder}
    if conformers != 1:  # else the encoder's card decides
        fields["prepare"] = {"n_conformers": conformers}
    return jobs.Step.of("prepare and index", validated(IndexRequest, fields))


def map_step(folder: Path) -> jobs.Step:
    """Draw the map of the chemical space beside the hits."""
    argv = (sys.executable, "-m", "molsearch_app.mapping", str(folder))
    return jobs.Step("map", argv, optional=True)


def reproduce(
    drafts: Sequence[Draft], inactives: Sequence[Draft], request: ScreenRequest, folder: Path
) -> str:
    """Command line that repeats a screen in a terminal, from any folder.

    A few molecules are written out, more are read from the files of the run.
    """
    given = [
        *_given("-q", drafts, folder / QUERIES),
        *_given("--inactives", inactives, folder / INACTIVES),
    ]
    return shlex.join(["molsearch", "screen", *given, *spelled(request), "-o", "hits.csv"])


def by_server(request: ScreenRequest) -> str:
    """Command line that asks the server for the screen again."""
    body = json.dumps({**remote_body(request), "format": "csv"})
    token = ["-H", f"Authorization: Bearer ${remote.TOKEN}"] if os.environ.get(remote.TOKEN) else []
    head = ["curl", "-s", "-H", "Content-Type: application/json"]
    return shlex.join([*head, *token, f"{remote.address()}/v1/screen", "-d", body])


def _given(option: str, drafts: Sequence[Draft], file: Path) -> list[str]:
    if not drafts:
        return []
    lines = [inline(draft) for draft in drafts]
    if len(lines) > _INLINE or None in lines:
        return [option, str(file)]
    return [word for line in lines if line is not None for word in (option, line)]
