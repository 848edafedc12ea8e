"""How far a probability of being active holds: as told against true, on held-out targets."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from molsearch.view import reliability
from molsearch_app.components import drawing


def curve(tiers: Sequence[Mapping[str, Any]], *, dark: bool = False) -> str:
    """Draw the reliability curve as HTML; empty where there is none."""
    drawn = reliability.curve(tiers)
    if not drawn:
        return ""
    names = "".join(
        f"<span><i style='background:{colour}'></i>{html.escape(words)}</span>"
        for colour, words in reliability.legend(tiers)
    )
    picture = drawing.as_url(drawn, dark=dark)
    return (
        f"<div class='ms-curve'><img src='{picture}' alt='{reliability.LABEL}'></div>"
        f"<div class='ms-legend'>{names}</div><p class='ms-muted'>{reliability.MEANING}</p>"
    )
