"""The application that uvicorn runs: state, and what stands before its routes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Request
from starlette.responses import Response

from molsearch import __version__
from molsearch.server import refusals
from molsearch.server.answers import Answers
from molsearch.server.gate import BodyLimit, Gate
from molsearch.server.jobs import Jobs
from molsearch.server.libraries import Shelf
from molsearch.server.metrics import Metrics
from molsearch.server.refusals import Refused
from molsearch.server.settings import ServerConfig, check
from molsearch.server.work import Desk


@dataclass(frozen=True)
class State:
    """What the routes of a running server share."""

    config: ServerConfig
    shelf: Shelf
    desk: Desk
    answers: Answers
    jobs: Jobs
    gate: Gate
    metrics: Metrics


def create_app(config: ServerConfig) -> FastAPI:
    """Make the application of a server.

    Raises
    ------
    UsageError
        The server would be open to strangers, or has nothing to serve.
    """
    from molsearch.server.routes import router

    check(config)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        state = _state(config)
        app.state.server = state
        try:
            yield
        finally:
            state.gate.closing = True
            await state.jobs.close()
            await asyncio.to_thread(state.desk.close)

    app = FastAPI(
        title="molsearch",
        version=__version__,
        summary="Ligand-based virtual screening: a few active molecules in, a ranked list out",
        lifespan=lifespan,
    )
    refusals.install(app)
    app.include_router(router)
    app.middleware("http")(_guarded)
    app.add_middleware(BodyLimit, most=config.limits.body_bytes)
    return app


def _state(config: ServerConfig) -> State:
    limits = config.limits
    shelf = Shelf(config.roots)
    desk = Desk(threads=config.threads, queue=limits.queue, memory_limit=config.memory_limit)
    jobs = Jobs(limits, shelf, desk)
    answers = Answers(limits.answer_bytes)
    metrics = Metrics(desk, jobs, answers)
    return State(config, shelf, desk, answers, jobs, Gate(config), metrics)


async def _guarded(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Check the token, count what is unanswered, and measure."""
    state: State = request.app.state.server
    started = time.perf_counter()
    try:
        state.gate.check(request)
        with state.gate.entered(state.gate.client(request)):
            response = await call_next(request)
    except Refused as error:
        response = refusals.answer(error.status, str(error), error.retry_after)
    route = request.scope.get("route")
    path = getattr(route, "path", "other")
    state.metrics.count(path, response.status_code, time.perf_counter() - started)
    return response
