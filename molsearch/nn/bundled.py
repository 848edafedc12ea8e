"""Bundled encoders by what they are, rather than by name."""

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


def named(identity: str) -> str:
    """Say which encoder an identity is, for a message: by its name too where it is bundled."""
    name = bundled_of(identity)
    return identity[:12] if name is None else f"{name!r} ({identity[:12]})"


def to_pass(identity: str) -> str:
    """Say which encoder to pass for what one of this identity made."""
    name = bundled_of(identity)
    return "the encoder it was made with" if name is None else f"that one (--encoder {name})"
