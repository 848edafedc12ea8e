"""What every answer of the server says to the browser, and who a browser is to the server."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import streamlit
from starlette.datastructures import Headers, MutableHeaders

OWNER = "molsearch_owner"
_YEAR = 31_536_000
_HOST = re.compile(r"[A-Za-z0-9.\-]+(?::\d+)?|\[[0-9A-Fa-f:]+\](?::\d+)?")
_TOKEN = re.compile(r"[0-9a-f]{32}")
# Ketcher's own page starts its program in the page and compiles parts of it there.
_SKETCHER = "/component/streamlit_ketcher"
_LOOSE = " 'unsafe-inline' 'unsafe-eval' blob:"


@lru_cache(maxsize=1)
def inline_scripts() -> Sequence[str]:
    """Checksums of the scripts that stand in Streamlit's own page, as a policy names them."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    return [
        f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
        for text in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    ]


def policy(host: str, path: str) -> str:
    """Content-Security-Policy of an answer: everything from this server, framed by it alone."""
    # Not every browser takes 'self' for its web sockets.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    strict = " ".join(["", "'wasm-unsafe-eval'", *inline_scripts()])
    scripts = _LOOSE if path.startswith(_SKETCHER) else strict
    return (
        f"default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; "
        f"connect-src 'self' data: blob:{sockets}; worker-src 'self' blob:; frame-src 'self'; "
        "frame-ancestors 'self'; form-action 'self'; base-uri 'self'; object-src 'none'"
    )


class Locked:
    """ASGI middleware: headers that keep others out, and a cookie that tells browsers apart.

    The cookie is a random number that no page can read. It lets somebody find their own runs
    again after the page was loaded anew; it opens nothing else.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, and dress the head of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)

        async def dressed(message: Any) -> None:
            if message["type"] == "http.response.start":
                _dress(MutableHeaders(scope=message), asked, scope)
            await send(message)

        await self._app(scope, receive, dressed)


def _dress(answer: MutableHeaders, asked: Headers, scope: Any) -> None:
    answer.setdefault(
        "content-security-policy", policy(asked.get("host", ""), str(scope.get("path", "")))
    )
    answer["x-frame-options"] = "SAMEORIGIN"
    answer["x-content-type-options"] = "nosniff"
    # The address of a run lets in whoever knows it: no other server is told.
    answer["referrer-policy"] = "same-origin"
    is_page = answer.get("content-type", "").startswith("text/html")
    if is_page and not token(asked.get("cookie", "")):
        secure = scope.get("scheme") == "https" or asked.get("x-forwarded-proto") == "https"
        answer.append(
            "set-cookie",
            f"{OWNER}={secrets.token_hex(16)}; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax"
            + ("; Secure" if secure else ""),
        )


def token(cookies: str) -> str:
    """Return a browser's number from its cookies; empty where it has none of ours."""
    found = SimpleCookie(cookies).get(OWNER)
    return found.value if found is not None and _TOKEN.fullmatch(found.value) else ""
