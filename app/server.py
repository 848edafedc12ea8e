"""The application as a server: Streamlit's pages, and one route that draws a structure.

A table of ten thousand hits asks for the drawings of the rows on the screen alone, instead of
receiving all of them.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

_TREE = Path(__file__).resolve().parents[1]
if str(_TREE) not in sys.path:
    sys.path.insert(0, str(_TREE))

from pebble import ProcessExpired  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.requests import Request  # noqa: E402
from starlette.responses import Response  # noqa: E402
from starlette.routing import Route  # noqa: E402
from streamlit.starlette import App  # noqa: E402

from molsearch_app import keeping, places  # noqa: E402
from molsearch_app.components import drawing, takeaway, uploads, views  # noqa: E402, F401  pages find them loaded
from molsearch_app.guard import BusyError  # noqa: E402
from molsearch_app.headers import Locked  # noqa: E402

_HEADERS = {
    "Cache-Control": "private, max-age=86400, immutable",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_NOT_NOW = {**_HEADERS, "Cache-Control": "no-store"}


async def draw(request: Request) -> Response:
    """Answer with the drawing of the structure ``s``, turned like ``a``; ``d=1`` for dark pages."""
    given = request.query_params
    dark = given.get("d") == "1"
    try:
        future = drawing.begin(given.get("s", ""), given.get("a") or None, dark=dark)
    except BusyError as error:
        return Response(str(error), 503, {**_NOT_NOW, "Retry-After": "5"}, "text/plain")
    try:
        # Elsewhere: the loop that waits here serves every session.
        image, headers = await asyncio.wrap_future(future), _HEADERS
    except (TimeoutError, ProcessExpired):
        image, headers = drawing.blank(dark=dark), _NOT_NOW
    return Response(image, media_type="image/svg+xml", headers=headers)


os.environ[drawing.ROUTE_READY] = "1"
uploads.sweep(places.runs_root())
keeping.sweep(places.runs_root())
keeping.expire(keeping.Limits.of())
app = App(
    Path(__file__).with_name("Home.py"),
    routes=[Route(drawing.ROUTE, draw)],
    middleware=[Middleware(Locked)],
)
