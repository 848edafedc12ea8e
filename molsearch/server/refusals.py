"""Refusals as one line of JSON with a status that programs can act on; never a traceback."""

from __future__ import annotations

import errno
import logging
import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from molsearch.errors import EncoderMismatchError, InputError, MolSearchError, UsageError
from molsearch.server.bodies import Error, ScreenBody
from molsearch.server.libraries import Shelf
from molsearch.service.requests import sentence_of

log = logging.getLogger("molsearch.server")
_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
_OURS = "an error of the server's; its log says more"
_MEANINGS = {
    400: "The request is no JSON, or no HTTP that is understood.",
    401: "No token, or a wrong one.",
    404: "No such library, encoder or job.",
    405: "No such method here.",
    409: "The job has no hit list: it is not done.",
    413: "The body is too large.",
    422: "The request cannot be used; the reason says how to mend it.",
    429: "Too much at a time from this client; ask again later.",
    503: "The server is busy, stopping, or cannot use the library; ask again later.",
}


class Refused(Exception):  # noqa: N818 - an answer rather than an error
    """A request that is turned away, with its status."""

    def __init__(self, status: int, reason: str, *, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe refusals for the OpenAPI document."""
    return {status: {"model": Error, "description": _MEANINGS[status]} for status in statuses}


def answer(status: int, reason: str, retry_after: int | None = None) -> JSONResponse:
    """Put a refusal into JSON."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return JSONResponse({"error": " ".join(reason.split())}, status, headers)


def refusal_of(error: MolSearchError, shelf: Shelf) -> Refused:
    """Choose the status of a deliberate error."""
    line = shelf.without_paths(str(error))
    if isinstance(error, UsageError | InputError):
        return Refused(422, _OPTION.sub(_as_field, line))
    log.error("%s", error)
    if isinstance(error, EncoderMismatchError):
        return Refused(503, "the library's encoder is not at hand; the server's log says more")
    return Refused(503, "the library cannot be read; the server's log says more")


def _as_field(option: re.Match[str]) -> str:
    """Name an option as the client's field that it is, where there is one."""
    field = option[1].replace("-", "_")
    return field if field in ScreenBody.model_fields else option[0]


def has_no_room(error: OSError) -> bool:
    """Say whether a disk refused because it is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


NO_ROOM = "no room is left on the server's disk; ask again later"


def install(app: FastAPI) -> None:
    """Answer every kind of error in one shape."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return answer(error.status, str(error), error.retry_after)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return answer(422, "the body is not JSON; send an object")
        return answer(422, sentence_of(first, "body"))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        found = answer(error.status_code, str(error.detail))
        found.headers.update(error.headers or {})
        return found

    @app.exception_handler(OSError)
    async def disk(request: Request, error: OSError) -> JSONResponse:
        log.error("%s %s", request.method, request.url.path, exc_info=error)
        if has_no_room(error):
            return answer(503, NO_ROOM, retry_after=60)
        return answer(500, _OURS)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s", request.method, request.url.path, exc_info=error)
        return answer(500, _OURS)
