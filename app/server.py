"""The application as a server: Streamlit's pages, and one route that draws a structure.

A table of ten thousand hits asks for the drawings of the rows on the screen alone, instead of
receiving all of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_TREE = Path(__file__).resolve().parents[1]
if str(_TREE) not in sys.path:
    sys.path.insert(0, str(_TREE))

from starlette.requests import Request  # noqa: E402
from starlette.responses import Response  # noqa: E402
from starlette.routing import Route  # noqa: E402
from streamlit.starlette import App  # noqa: E402

from molsearch_app import places  # noqa: E402
from molsearch_app.components import drawing, takeaway, uploads, views  # noqa: E402, F401  pages find them loaded

_HEADERS = {
    "Cache-Control": "private, max-age=86400, immutable",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def draw(request: Request) -> Response:
    """Answer with the drawing of the structure ``s``, turned like ``a``; ``d=1`` for dark pages."""
    given = request.query_params
    image = drawing.image(given.get("s", ""), given.get("a") or None, dark=given.get("d") == "1")
    return Response(image, media_type="image/svg+xml", headers=_HEADERS)


os.environ[drawing.ROUTE_READY] = "1"
uploads.sweep(places.runs_root())
app = App(Path(__file__).with_name("Home.py"), routes=[Route(drawing.ROUTE, draw)])
