"""The manifest: what an index holds, with checksums of every file and of itself.

Nothing else makes data visible: a shard that no manifest names does not exist for a reader.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from molsearch.config import Config, PrepareConfig
from molsearch.errors import IndexCorruptError
from molsearch.index.layout import (
    EMBEDDINGS,
    FINGERPRINTS,
    FORMAT,
    GENERATIONS,
    INT8,
    MANIFEST,
    RECORDS,
    generation_folder,
    shard_name,
)
from molsearch.index.models import read_model, write_model
from molsearch.index.plan import Change, IndexPlan, Part
from molsearch.schema import Reading
from molsearch.words import counted

_SAFE_PATH = re.compile(r"generations/\d{6}(/shard-\d{5})?")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_]*(\.[a-z0-9]+)+")


class FileEntry(Config):
    """One file: its size, the sha256 of all of it, and of its first and last 4 kB.

    The edges are checked whenever an index opens, which finds truncated, zero-filled and
    exchanged files at the price of a few reads; `verify` checks the whole.
    """

    n_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    edges: str = Field(pattern=r"^[0-9a-f]{64}$")


class ShardEntry(Config):
    """One shard: its folder relative to the index, its rows, its files.

    Attributes
    ----------
    recall
        Of a shard without its full embeddings: which part of the nearest molecules by these are
        the nearest by what is left, measured when it was written.
    """

    folder: str
    n_rows: int = Field(ge=0)
    n_failed: int = Field(ge=0)
    files: dict[str, FileEntry]
    recall: float | None = Field(default=None, ge=0, le=1)

    @field_validator("folder")
    @classmethod
    def _inside(cls, value: str) -> str:
        if not _SAFE_PATH.fullmatch(value):
            raise ValueError(f"{value!r} is not a folder of this index")
        return value

    @field_validator("files")
    @classmethod
    def _names_alone(cls, value: dict[str, FileEntry]) -> dict[str, FileEntry]:
        for name in value:
            if not _FILE_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a file of a shard")
        for name in (FINGERPRINTS, RECORDS):
            if name not in value:
                raise ValueError(f"a shard without {name}")
        if not value.keys() & {EMBEDDINGS, INT8}:
            raise ValueError(f"a shard without {EMBEDDINGS}")
        return value


class LibraryEntry(Config):
    """How the prepared set was made; queries are prepared under the same configuration."""

    sources: tuple[str, ...]
    prepare: PrepareConfig
    rdkit: str
    reading: tuple[Reading, ...] = ()


class Manifest(Config):
    """A whole generation.

    Attributes
    ----------
    card
        Excerpt of the encoder's card.
    library
        How the prepared set was made.
    n_in, n_ok, n_failed, n_dropped
        Records read, embedded, failed, and dropped later on;
        ``n_in == n_ok + n_failed + n_dropped``.
    changes
        What has been done to the index since it was built, oldest first.
    part
        Of a library, where this is but one of several.
    """

    format: Literal["molsearch-index"] = FORMAT
    generation: int = Field(gt=0)
    plan: IndexPlan
    card: dict[str, Any]
    library: LibraryEntry
    n_in: int = Field(ge=0)
    n_ok: int = Field(ge=0)
    n_failed: int = Field(ge=0)
    shards: tuple[ShardEntry, ...]
    failures: FileEntry
    n_dropped: int = Field(default=0, ge=0)
    changes: tuple[Change, ...] = ()
    part: Part | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Manifest:
        if self.n_in != self.n_ok + self.n_failed + self.n_dropped:
            out = f"{self.n_ok} + {self.n_failed} + {self.n_dropped}"
            raise ValueError(f"{counted(self.n_in, 'record')} in, but {out} out")
        rows = sum(shard.n_rows for shard in self.shards)
        if rows != self.n_ok:
            raise ValueError(f"shards hold {counted(rows, 'row')}, not {self.n_ok}")
        tried = sum(shard.n_rows + shard.n_failed for shard in self.shards)
        if tried != self.plan.n_rows:
            raise ValueError(
                f"shards account for {counted(tried, 'molecule')}, not {self.plan.n_rows}"
            )
        for number, shard in enumerate(self.shards):
            due = f"{GENERATIONS}/{self.generation:06d}/{shard_name(number)}"
            if shard.folder != due:
                raise ValueError(f"{shard.folder} is named where {due} is due")
        return self


def commit(path: Path, manifest: Manifest) -> None:
    """Make a finished generation the one that readers see: its own copy first, the head last."""
    write_model(generation_folder(path, manifest.generation) / MANIFEST, manifest)
    write_model(path / MANIFEST, manifest)


def read_generation(path: Path, number: int) -> Manifest:
    """Read generation `number`'s own copy of its manifest."""
    manifest = read_model(generation_folder(path, number) / MANIFEST, Manifest)
    if manifest.generation != number:
        raise IndexCorruptError(
            f"{generation_folder(path, number)} holds the manifest of generation "
            f"{manifest.generation}"
        )
    return manifest
