"""Structures as images and as inline drawings; never an error where one cannot be drawn."""

from __future__ import annotations

import html
import os
from concurrent.futures import Future
from urllib.parse import urlencode

from molsearch.chem.draw import data_url, n_atoms, svg
from molsearch.errors import InputError
from molsearch.view import svg as shapes
from molsearch.words import counted
from molsearch_app.components.palette import in_theme
from molsearch_app.guard import DRAWINGS, TooLongError, result

ROUTE = "/draw"
ROUTE_READY = "MOLSEARCH_APP_DRAWS"
SIZE = (220, 150)
SECONDS = 4.0
MOST_CHARACTERS, MOST_ATOMS = 2000, 200
_LIGHT, _DARK = "#1c2430", "#e8ecf2"
_TOO_LONG = "not drawn: takes too long"


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
    try:
        return result(begin(smiles, align_to, dark=dark), SECONDS)
    except TooLongError:
        return blank(dark=dark)


def begin(smiles: str, align_to: str | None = None, *, dark: bool = False) -> Future[str]:
    """Have a structure drawn in another process; see :func:`drawn`.

    Raises
    ------
    BusyError
        Too many are waiting.
    """
    short = smiles if len(smiles) <= MOST_CHARACTERS else ""
    template = align_to if align_to and len(align_to) <= MOST_CHARACTERS else None
    return DRAWINGS.submit(drawn, short, template, dark, seconds=SECONDS)


def drawn(smiles: str, align_to: str | None, dark: bool) -> str:
    """Draw a structure as an SVG file, or say in its place why not.

    A structure of more than `MOST_ATOMS` atoms would be a blot in so small a picture.
    """
    try:
        if n_atoms(smiles) > MOST_ATOMS:
            return blank(f"not drawn: {counted(n_atoms(smiles), 'atom')}", dark=dark)
        if align_to is not None and n_atoms(align_to) <= MOST_ATOMS:
            return _coloured(svg(smiles, SIZE, align_to=align_to), dark=dark)
    except InputError:
        pass
    try:
        return _coloured(svg(smiles, SIZE), dark=dark)
    except InputError:
        return blank("not drawn", dark=dark)


def url(smiles: str, align_to: str | None = None, *, dark: bool = False) -> str:
    """Address of a drawing: this server's where it draws, else the drawing itself."""
    if os.environ.get(ROUTE_READY):
        query = {"s": smiles, "d": "1" if dark else "0", **({"a": align_to} if align_to else {})}
        return f"{ROUTE}?{urlencode(query)}"
    return as_url(image(smiles, align_to, dark=dark), dark=dark)


def blank(words: str = _TOO_LONG, *, dark: bool = False) -> str:
    """Words in a drawing's place."""
    width, height = SIZE
    pale = 'fill="currentColor" opacity=".7" font-size="12"'
    said = shapes.text("50%", "50%", words, more=pale)
    size = f'width="{width}" height="{height}"'
    return _coloured(shapes.document([said], width, height, words, more=size), dark=dark)


def _coloured(drawing: str, *, dark: bool) -> str:
    """Give a drawing the colours that can be read on light or on dark pages."""
    head, rest = in_theme(drawing, dark=dark).split(">", 1)
    return f"{head} style='color:{_DARK if dark else _LIGHT}'>{rest}"
