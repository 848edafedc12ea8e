"""Encoders by what they are, rather than by name."""

from __future__ import annotations

from pathlib import Path

from molsearch.io.reading import parse_json, read_small
from molsearch.nn.bundled import bundled_of

_LARGEST_RECORD = 50_000_000


def recorded_encoder(hits: str) -> str | None:
    """Name the encoder of the run that made a hit list; None where no record beside it tells."""
    path = Path(f"{hits}.run.json")
    try:
        record = parse_json(read_small(path, _LARGEST_RECORD))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict):
        return None
    identity, asked = record.get("encoder"), record.get("request")
    if isinstance(identity, str) and (name := bundled_of(identity)) is not None:
        return name
    name = asked.get("encoder") if isinstance(asked, dict) else None
    return name if isinstance(name, str) else None
