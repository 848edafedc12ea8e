"""Codecs by name, and what the storage of an index that is asked for means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from molsearch import extensions
from molsearch.errors import UsageError
from molsearch.index.plan import IndexPlan
from molsearch.index.vectors.codec import Codec
from molsearch.index.vectors.floats import Floats
from molsearch.index.vectors.int8 import Int8
from molsearch.index.vectors.prefix import Prefix

INT8 = Int8()
CODECS: dict[str, Codec] = {
    one.name: one for one in (Floats("float16"), Floats("float32"), INT8, Prefix(64), Prefix(128))
}
_OWN = frozenset(CODECS)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
# What a shard's files are called without their codecs' ones.
_RESERVED = frozenset({"embeddings", "ecfp4", "records", "ranks", "blocks", "shard", "failures"})


@dataclass(frozen=True)
class Storage:
    """How the rows of an index are kept, and the copy that is scanned.

    Attributes
    ----------
    dtype
        Of the rows; int8 is a copy of a byte a dimension alone.
    prefix
        Axes of the copy; all dimensions where None.
    codec
        Of the copy, where it is one that was added.
    """

    dtype: Literal["float16", "float32", "int8"] = "float16"
    prefix: int | None = None
    codec: str | None = None


#: Storages with names of their own.
STORAGES = {
    "full": Storage(),
    "prefix-128": Storage(prefix=128),
    "prefix-64": Storage(prefix=64),
    "compact": Storage(dtype="int8"),
}


def add_codec(codec: Codec) -> None:
    """Make a codec of one's own known: indexes are made with it under its name.

    Raises
    ------
    UsageError
        Its name is taken, or cannot be a part of a file's name.
    """
    if not _NAME.fullmatch(codec.name):
        raise UsageError(
            f"{codec.name!r} is no name of a codec: small letters, digits and -, a letter first"
        )
    taken = {one.stem for name, one in CODECS.items() if name != codec.name}
    if codec.name in _OWN or codec.name in STORAGES or codec.stem in {*taken, *_RESERVED}:
        raise UsageError(f"there is a codec or a file {codec.name!r} already; give it another name")
    CODECS[codec.name] = codec


def storages() -> list[str]:
    """Names that the storage of an index can be asked for by."""
    extensions.load()
    return [*STORAGES, *(name for name in CODECS if name not in _OWN)]


def find_codec(name: str) -> Codec:
    """Look a codec up.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    extensions.load()
    if name not in CODECS:
        raise UsageError(
            f"there is no codec {name!r} here: install or import what brings it (docs/extending.md)"
        )
    return CODECS[name]


def storage_of(name: str) -> Storage:
    """Look up what a storage is.

    Raises
    ------
    UsageError
        There is no such storage.

    Examples
    --------
    >>> storage_of("compact")
    Storage(dtype='int8', prefix=None, codec=None)
    """
    known = storages()
    if name not in known:
        raise UsageError(f"there is no storage {name!r}; it is one of {', '.join(known)}")
    return STORAGES.get(name) or Storage(codec=name)


def codec_of(plan: IndexPlan) -> Codec:
    """Give the codec of an index's copies.

    Raises
    ------
    UsageError
        It is not known here.
    """
    if plan.codec is not None:
        return find_codec(plan.codec)
    return INT8 if plan.prefix is None else Prefix(plan.prefix)
