"""Structures as images and as inline drawings; never an error where one cannot be drawn."""

from __future__ import annotations

import html
import os
from urllib.parse import urlencode

from molsearch.chem.draw import data_url, svg
from molsearch.errors import InputError

ROUTE = "/draw"
ROUTE_READY = "MOLSEARCH_APP_DRAWS"
SIZE = (220, 150)
_LIGHT, _DARK = "#1c2430", "#e8ecf2"
_LONGEST = 2000


def tag(smiles: str, align_to: str | None = None, *, dark: bool = False) -> str:
    """Draw a structure as an ``<img>`` element."""
    address = html.escape(url(smiles, align_to, dark=dark), quote=True)
    words = html.escape(f"structure {smiles[:120]}", quote=True)
    return f"<img src='{address}' alt='{words}'>"


def as_url(drawn: str, *, dark: bool = False) -> str:
    """Turn any drawing into a ``data:`` address, for light or for dark pages."""
    colour = _DARK if dark else _LIGHT
    return data_url(drawn, light=colour, dark=colour)


def image(smiles: str, align_to: str | None = None, *, dark: bool = False) -> str:
    """Draw a structure as an SVG file of its own, for light or for dark pages."""
    drawn = _svg(smiles, SIZE, align_to)
    head, rest = drawn.split(">", 1)
    return f"{head} style='color:{_DARK if dark else _LIGHT}'>{rest}"


def url(smiles: str, align_to: str | None = None, *, dark: bool = False) -> str:
    """Address of a drawing: this server's where it draws, else the drawing itself."""
    if os.environ.get(ROUTE_READY):
        query = {"s": smiles, "d": "1" if dark else "0", **({"a": align_to} if align_to else {})}
        return f"{ROUTE}?{urlencode(query)}"
    return as_url(_svg(smiles, SIZE, align_to), dark=dark)


def _svg(smiles: str, size: tuple[int, int], align_to: str | None) -> str:
    if not smiles or len(smiles) > _LONGEST:
        return _blank(size, "not drawn")
    try:
        return svg(smiles, size, align_to=align_to)
    except InputError:
        return _blank(size, "not drawn") if align_to is None else _svg(smiles, size, None)


def _blank(size: tuple[int, int], words: str) -> str:
    width, height = size
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
        f"width='{width}' height='{height}' role='img'><text x='50%' y='50%' fill='currentColor' "
        f"opacity='.5' font-size='12' text-anchor='middle'>{html.escape(words)}</text></svg>"
    )
