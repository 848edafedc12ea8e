"""The routes of version 1."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi import Path as InPath
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from molsearch import __version__
from molsearch.errors import MolSearchError
from molsearch.index.reader import IndexReader
from molsearch.search.together import Shared
from molsearch.server import explanations, screens
from molsearch.server.answers import Answer, key_of
from molsearch.server.app import State
from molsearch.server.bodies import (
    EncodeBody,
    ExplainBody,
    Health,
    Hits,
    JobList,
    JobState,
    Libraries,
    LibraryEntry,
    ReasonList,
    ScreenBody,
    Vectors,
)
from molsearch.server.libraries import encoder_of, opened
from molsearch.server.metrics import CONTENT
from molsearch.server.refusals import Refused, refusal_of, responses
from molsearch.service.requests import ScreenRequest
from molsearch.service.session import Session

router = APIRouter()
_FILES: dict[str, Any] = {kind: {} for name, kind in screens.MEDIA.items() if name != "json"}


async def state_of(request: Request) -> State:
    """Find what the routes share."""
    return request.app.state.server


Server = Annotated[State, Depends(state_of)]
JobId = Annotated[str, InPath(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]


@router.get("/healthz", tags=["server"])
async def healthz() -> Health:
    """Say that the server answers."""
    return Health(version=__version__)


@router.get("/metrics", tags=["server"], responses=responses(401), response_class=Response)
async def metrics(server: Server) -> Response:
    """Figures for Prometheus."""
    return Response(server.metrics.text(), media_type=CONTENT)


@router.get("/v1/libraries", tags=["libraries"], responses=responses(401, 429, 503))
async def libraries(server: Server) -> Libraries:
    """List the libraries that can be searched."""

    def look(session: Session) -> Libraries:
        found = {name: opened(path, session) for name, path in server.shelf.names().items()}
        readable = (
            _entry(name, one) for name, one in found.items() if isinstance(one, IndexReader)
        )
        return Libraries(libraries=tuple(readable))

    return await server.desk.do(look, server.config.limits.seconds_at_once)


@router.post("/v1/encode", tags=["encode"], responses=responses(400, 401, 413, 422, 429, 503))
async def encode(body: EncodeBody, server: Server) -> Vectors:
    """Embed molecules: unit vectors whose cosine is the score of a screen."""
    limits = server.config.limits
    if len(body.molecules) > limits.molecules:
        raise Refused(422, f"molecules: at most {limits.molecules:,} at a time")
    try:
        return await server.desk.do(
            lambda session: screens.encode(body, session, server.config.device),
            limits.seconds_at_once,
        )
    except MolSearchError as error:
        raise refusal_of(error, server.shelf) from error


@router.post(
    "/v1/explain", tags=["explain"], responses=responses(400, 401, 404, 413, 422, 429, 503)
)
async def explain(body: ExplainBody, server: Server) -> ReasonList:
    """Say why molecules score as they do: atoms, common parts, each query's view."""
    limits = server.config.limits
    explanations.check_limits(body, limits)
    path = None if body.library is None else _library(server, body.library)
    try:
        return await server.desk.do(
            lambda session: explanations.explain(body, path, limits, session, server.config.device),
            limits.seconds_at_once,
        )
    except MolSearchError as error:
        raise refusal_of(error, server.shelf) from error


@router.post(
    "/v1/screen",
    tags=["screen"],
    response_model=Hits,
    responses={
        200: {"content": _FILES, "description": "The hit list, in the format asked for."},
        202: {"model": JobState, "description": "A job: too large to wait for, or asked for."},
        **responses(400, 401, 404, 413, 422, 429, 503),
    },
)
async def screen(body: ScreenBody, request: Request, server: Server) -> Response:
    """Rank a library for queries: a hit list at once where it is small, else a job."""
    limits = server.config.limits
    screens.check_limits(body, limits)
    path = _library(server, body.library)
    try:
        asked = body.request(str(path), None, server.config.device)
        jobs: list[tuple[ScreenRequest, bool]] = []

        def work(session: Session, shared: Shared) -> Answer | None:
            found = screens.ready(asked, session)
            small = screens.is_small(body, found.n_rows, limits)
            if small and not body.job:
                return screens.answer(body, found.request, session, shared)
            jobs.append((found.request, small))
            return None

        answer = await server.answers.of(
            key_of(body, path), lambda: server.desk.share(work, limits.seconds_at_once)
        )
        if answer is not None:
            return Response(answer.content, media_type=answer.media)
        if not jobs:  # another client waited for the same: its job is its own
            await server.desk.share(work, limits.seconds_at_once)
    except MolSearchError as error:
        raise refusal_of(error, server.shelf) from error
    client = server.gate.client(request)
    asked, small = jobs[0]
    job = server.jobs.start(client, asked, body.library, body.format, small=small)
    return JSONResponse(job.state().model_dump(mode="json"), 202)


@router.get("/v1/jobs", tags=["jobs"], responses=responses(401, 429, 503))
async def jobs(request: Request, server: Server) -> JobList:
    """List your jobs, newest first."""
    mine = server.jobs.of(server.gate.client(request))
    return JobList(jobs=tuple(job.state() for job in mine))


@router.get("/v1/jobs/{job_id}", tags=["jobs"], responses=responses(401, 404, 422, 429, 503))
async def job(job_id: JobId, request: Request, server: Server) -> JobState:
    """Say where a job stands."""
    return server.jobs.find(job_id, server.gate.client(request)).state()


@router.delete("/v1/jobs/{job_id}", tags=["jobs"], responses=responses(401, 404, 422, 429, 503))
async def cancel(job_id: JobId, request: Request, server: Server) -> JobState:
    """End a job."""
    found = server.jobs.find(job_id, server.gate.client(request))
    server.jobs.cancel(found)
    return found.state()


@router.get(
    "/v1/jobs/{job_id}/events",
    tags=["jobs"],
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events until the job ends."},
        **responses(401, 404, 422, 429, 503),
    },
)
async def events(
    job_id: JobId,
    request: Request,
    server: Server,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> StreamingResponse:
    """Follow a job as server-sent events, from the beginning or after the last that came."""
    found = server.jobs.find(job_id, server.gate.client(request))
    return StreamingResponse(
        server.jobs.follow(found, last_event_id), media_type="text/event-stream"
    )


@router.get(
    "/v1/jobs/{job_id}/hits",
    tags=["jobs"],
    response_model=Hits,
    responses={
        200: {"content": _FILES, "description": "The hit list, in the format asked for."},
        **responses(401, 404, 409, 422, 429, 503),
    },
)
async def hits(
    job_id: JobId,
    request: Request,
    server: Server,
    rows: Annotated[int | None, Query(ge=1, description="the first so many, of JSON")] = None,
) -> Response:
    """Fetch the hit list of a job that is done."""
    found = server.jobs.find(job_id, server.gate.client(request))
    if found.status != "done":
        raise Refused(409, f"the job is {found.status}; its events tell when it is done")
    if found.format == "json":
        listed = await server.desk.do(
            lambda _: screens.read_hits(found, rows), server.config.limits.seconds_at_once
        )
        return Response(listed.model_dump_json(), media_type=screens.MEDIA["json"])
    return FileResponse(found.output, media_type=screens.MEDIA[found.format])


def _library(server: State, name: str) -> Path:
    path = server.shelf.find(name)
    if path is None:
        raise Refused(404, f"no library {name[:80]!r} here; /v1/libraries lists them")
    return path


def _entry(name: str, reader: IndexReader) -> LibraryEntry:
    manifest = reader.manifest
    try:
        encoder_of(reader.identity)
        searchable = True
    except MolSearchError:
        searchable = False
    return LibraryEntry(
        name=name,
        n_molecules=reader.n_rows,
        n_failed=manifest.n_failed,
        generation=manifest.generation,
        encoder=reader.identity,
        searchable=searchable,
    )
