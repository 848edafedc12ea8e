"""What a folder is: decided here, for every verb, from what is in it, finished or not.

A killed run may leave any part of what it was making. Whoever reads, replaces or removes a folder
asks this first, so that no verb takes the work of another for its own.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from molsearch.io.reading import parse_json, read_small

MANIFEST = "manifest.json"
CARD = "card.json"
GENERATIONS = "generations"
PREPARED = "prepared"
SHARDS = "shards"
CHECKPOINT = "checkpoint.safetensors"
LOCK = ".lock"
WRITER = ".writer.json"
RUN = "run.json"
INDEX_FORMAT = "molsearch-index"
PREPARED_FORMAT = "molsearch-prepared"
ENCODER_FORMAT = "molsearch-encoder-1"

_LARGEST = 64 * 2**20
_TEMPORARY = re.compile(r"\..+\.tmp-\d+-[0-9a-f]+")


class Kind(StrEnum):
    """What is at a path, in words that fit a message."""

    NOTHING = "nothing"
    FILE = "a file"
    EMPTY = "an empty folder"  # or what a run left that was killed at its first step
    PREPARED = "a prepared set"
    INDEX = "an index"
    ENCODER = "an encoder"
    OTHER = "a folder with other contents"


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a path.

    Attributes
    ----------
    finished
        Whether a run brought it to its end. An index that is being replaced is finished: readers
        see the old one. Whether the bytes are sound is another question.
    """

    kind: Kind
    finished: bool = True

    def __str__(self) -> str:
        """Name the kind, and that it is unfinished."""
        _article, _, name = self.kind.value.partition(" ")
        return self.kind.value if self.finished or not name else f"an unfinished {name}"


def look(path: Path | str) -> Found:
    """Say what is at `path`; reads little, and nothing that could make it wait."""
    path = Path(path)
    if not path.is_dir():
        return Found(Kind.FILE if path.exists() else Kind.NOTHING)
    try:
        names = set(os.listdir(path))  # noqa: PTH208  names alone, of any bytes
    except OSError:
        return Found(Kind.OTHER)
    head = _json(path / MANIFEST) if MANIFEST in names else {}
    stated = head.get("format")
    if stated == PREPARED_FORMAT:
        return Found(Kind.PREPARED, head.get("complete") is True)
    if stated == INDEX_FORMAT:
        return Found(Kind.INDEX)
    return _by_parts(path, names, legible=bool(head))


def refuse_link(folder: Path, inner: str) -> None:
    """Refuse a file of a folder of ours, or a folder on the way to it, that is a symbolic link.

    Raises
    ------
    OSError
        It leads elsewhere.
    """
    path = folder
    for part in Path(inner).parts:
        path = path / part
        if path.is_symlink():
            raise OSError(None, "a symbolic link; copy the folder with what it leads to", str(path))


def _by_parts(path: Path, names: set[str], *, legible: bool) -> Found:
    """Tell a folder without a readable head by its parts."""
    if GENERATIONS in names:
        return Found(Kind.INDEX, MANIFEST in names or _newest_is_whole(path / GENERATIONS))
    inner = look(path / PREPARED).kind if PREPARED in names else Kind.NOTHING
    if inner is Kind.PREPARED:
        return Found(Kind.INDEX, finished=False)
    if SHARDS in names:
        return Found(Kind.PREPARED, finished=False)
    if CARD in names and _json(path / CARD).get("format") == ENCODER_FORMAT:
        return Found(Kind.ENCODER)
    if CHECKPOINT in names:
        return Found(Kind.ENCODER, finished=False)
    rest = {name for name in names - {LOCK, WRITER} if not _TEMPORARY.fullmatch(name)}
    if inner is Kind.EMPTY:
        rest.discard(PREPARED)
    if rest and rest <= {MANIFEST, RUN} and not legible:
        return Found(Kind.PREPARED, finished=False)  # its head is damaged, its shards are gone
    return Found(Kind.OTHER if rest else Kind.EMPTY)


def _newest_is_whole(generations: Path) -> bool:
    try:
        newest = max((name for name in os.listdir(generations) if name.isdigit()), default="")  # noqa: PTH208
    except OSError:
        return False
    return bool(newest) and (generations / newest / MANIFEST).is_file()


def _json(path: Path) -> dict[str, object]:
    """Content of a file of JSON; empty where it has none."""
    try:
        found = parse_json(read_small(path, _LARGEST))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
