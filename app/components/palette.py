"""Colours of elements in drawings: on light and on dark pages at least 4.5 to 1."""

from __future__ import annotations

import re

from molsearch.chem.draw import PALETTE

# Blue, red, green, orange, yellow, brown, violet: each darker or brighter than one that has to
# stand on both kinds of page.
_LIGHT = {
    7: "#2460c8", 8: "#cf2a30", 9: "#1f7a49", 15: "#a65a0e", 16: "#8a6200", 17: "#1f7a49",
    35: "#9c4420", 53: "#7d3fb5",
}  # fmt: skip
_DARK = {
    7: "#7aa8ff", 8: "#ff7a7e", 9: "#5fd097", 15: "#f0a350", 16: "#dcb03a", 17: "#5fd097",
    35: "#e8875c", 53: "#c597f0",
}  # fmt: skip
_ANY = re.compile("|".join(PALETTE.values()), re.IGNORECASE)


def in_theme(drawing: str, *, dark: bool) -> str:
    """Give the elements of a drawing the colours of a light or a dark page."""
    colours = _DARK if dark else _LIGHT
    found = {PALETTE[element]: colours[element] for element in PALETTE}
    return _ANY.sub(lambda one: found[one[0].lower()], drawing)
