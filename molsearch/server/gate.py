"""Who may come in, with how much, and how much at a time."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from molsearch.server.refusals import Refused, answer
from molsearch.server.settings import ServerConfig
from molsearch.words import counted

_OPEN = ("/healthz",)


class Gate:
    """Checks tokens and counts what each client has waiting."""

    def __init__(self, config: ServerConfig) -> None:
        self._token = None if config.token is None else config.token.get_secret_value()
        self._most = config.limits.requests_a_client
        self._unanswered: Counter[str] = Counter()
        self.closing = False

    def client(self, request: Request) -> str:
        """Name who asks, for counting: the address it comes from."""
        return request.client.host if request.client is not None else "unknown"

    def check(self, request: Request) -> None:
        """Refuse a request without the token.

        Raises
        ------
        Refused
            401.
        """
        if self._token is None or request.url.path in _OPEN:
            return
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        # Bytes: a header may hold letters that a comparison of texts refuses.
        right = hmac.compare_digest(given.strip().encode(), self._token.encode())
        if kind.lower() != "bearer" or not right:
            raise Refused(401, "no token, or a wrong one: send 'Authorization: Bearer TOKEN'")

    @contextmanager
    def entered(self, client: str) -> Iterator[None]:
        """Count a request of a client's while it is unanswered.

        Raises
        ------
        Refused
            429 where the client has too many, 503 where the server is stopping.
        """
        if self.closing:
            raise Refused(503, "the server is stopping; ask again later", retry_after=10)
        if self._unanswered[client] >= self._most:
            raise Refused(
                429,
                f"{counted(self._most, 'request')} of yours wait already; await some",
                retry_after=1,
            )
        self._unanswered[client] += 1
        try:
            yield
        finally:
            self._unanswered[client] -= 1
            if not self._unanswered[client]:
                del self._unanswered[client]


class BodyLimit:
    """Reads a body up to a size, whatever its length claims to be."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on whose body is small enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken: list[Message] = []
        size, more = 0, True
        while more:
            message = await receive()
            taken.append(message)
            size += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
            if size > self._most:
                reason = f"the body has more than {self._most:,} bytes; send less at a time"
                await answer(413, reason)(scope, receive, send)
                return
        waiting = iter(taken)

        async def replay() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replay, send)
