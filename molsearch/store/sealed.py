"""JSON documents that carry a checksum of their own content: manifests, plans, sums of blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from molsearch.io.atomic import write_text
from molsearch.io.hashing import sha256_json
from molsearch.io.reading import parse_json, read_small

_CHECKSUM = "checksum"
LARGEST = 64 * 2**20  # bytes of a document


class SealError(ValueError):
    """The content of a document is not what its checksum says."""


def write_sealed(path: Path, body: dict[str, Any]) -> None:
    """Write a document with its checksum, atomically and durably."""
    write_text(path, json.dumps({**body, _CHECKSUM: sha256_json(body)}, indent=1) + "\n")


def read_sealed(path: Path, look: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Read what `write_sealed` wrote, without the checksum.

    Parameters
    ----------
    look
        Called with the content before the checksum is compared: of another format or version,
        that is what is to be told.

    Raises
    ------
    OSError
        The file cannot be read.
    SealError
        It was edited or damaged.
    ValueError
        It is no JSON, or no object.
    """
    return parse_sealed(read_small(path, LARGEST), path, look)


def parse_sealed(
    content: bytes, where: Path | str, look: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Take the bytes of a document for what `read_sealed` gives.

    Parameters
    ----------
    where
        What messages name.
    """
    body = parse_json(content)
    if not isinstance(body, dict):
        raise TypeError(f"{where} holds no object")
    look(body)
    if body.pop(_CHECKSUM, None) != sha256_json(body):
        raise SealError(f"{where} does not match its own checksum")
    return body
