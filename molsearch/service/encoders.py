"""Encoders by what they are, rather than by name."""

from __future__ import annotations

import json

from molsearch.nn.weights import BUNDLED, CARD_FILE, bundled_encoders


def bundled_of(identity: str) -> str | None:
    """Name the bundled encoder of an identity; None where none has it."""
    for name in bundled_encoders():
        card = json.loads((BUNDLED / name / CARD_FILE).read_text(encoding="utf-8"))
        if card.get("identity") == identity:
            return name
    return None
