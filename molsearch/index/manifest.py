"""The manifest: what an index holds, with checksums of every file and of itself.

Nothing else makes data visible: a shard that no manifest names does not exist for a reader.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from molsearch.config import Config, PrepareConfig
from molsearch.data.prepared import PreparedSet
from molsearch.errors import IndexCorruptError
from molsearch.index.layout import (
    EMBEDDINGS,
    FINGERPRINTS,
    FORMAT,
    FORMAT_VERSION,
    GENERATIONS,
    INT8,
    MANIFEST,
    PREFIX_VERSION,
    RECORDS,
    generation_folder,
    shard_name,
)
from molsearch.io.hashing import sha256_json
from molsearch.io.reading import read_small
from molsearch.schema import Reading
from molsearch.store.sealed import LARGEST, SealError, parse_sealed, write_sealed
from molsearch.words import counted

_SAFE_PATH = re.compile(r"generations/\d{6}(/shard-\d{5})?")
_FILE_NAME = re.compile(r"[a-z0-9][a-z0-9_]*(\.[a-z0-9]+)+")
T = TypeVar("T", bound=Config)


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


class Change(Config):
    """What made a generation out of another, or of several indexes.

    Attributes
    ----------
    base
        The generation that was changed; 0 for a merge.
    of
        sha256 of what was added, dropped or merged.
    what
        The same in words.
    n
        Molecules added, dropped, or taken over.
    """

    kind: Literal["add", "drop", "compact", "merge"]
    base: int = Field(ge=0)
    of: str
    what: str
    n: int = Field(ge=0)

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.kind} of {self.what}"


class Part(Config):
    """Which part of a library an index is of, as an array job makes them.

    Records are dealt out in blocks: part `number` (from 1) has every `of`-th block.

    Attributes
    ----------
    run
        sha256 of what all parts must have in common.
    sums
        sha256 of each of its blocks' prepared molecules.
    """

    number: int = Field(ge=1)
    of: int = Field(ge=1)
    block_records: int = Field(gt=0)
    run: str
    sums: tuple[str, ...]

    @classmethod
    def of_run(cls, prepared: PreparedSet) -> Part | None:
        """Describe the part that a prepared set is; None for a whole one."""
        run = prepared.manifest.run
        if run.part is None:
            return None
        common = run.model_dump(mode="json", exclude={"part", "sources"})
        # Nodes may have copies of a file under other names and of other dates.
        common["sources"] = [[source.size, source.head_sha256] for source in run.sources]
        return cls(
            number=run.part[0],
            of=run.part[1],
            block_records=run.shard_records,
            run=sha256_json(common),
            sums=tuple(shard.records.sha256 for shard in prepared.manifest.shards),
        )

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"part {self.number} of {self.of}"


class IndexPlan(Config):
    """What a build makes; two runs with equal plans make equal files.

    Attributes
    ----------
    prefix
        Axes of the copy that is scanned; None where that has all dimensions.
    change
        What is done to another generation; None where a library is indexed.
    """

    format_version: int = FORMAT_VERSION
    library: str
    encoder: str
    dim: int = Field(gt=0)
    dtype: Literal["float16", "float32", "int8"]
    shard_rows: int = Field(gt=0)
    n_rows: int = Field(gt=0)
    prefix: int | None = Field(default=None, gt=0)
    change: Change | None = None

    @property
    def storage(self) -> str:
        """How embeddings are kept, in a few words."""
        return self.dtype if self.prefix is None else f"{self.dtype} with prefixes of {self.prefix}"

    @model_validator(mode="after")
    def _fits(self) -> IndexPlan:
        if self.prefix is not None and (self.prefix >= self.dim or self.dtype == "int8"):
            raise ValueError(f"no prefix of {self.prefix} in {self.dim}, {self.dtype}")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what most have none of: their bytes are those of earlier versions."""
        body: dict[str, Any] = write(self)
        if self.prefix is None:
            del body["prefix"]
        return body


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


def write_model(path: Path, model: Config) -> None:
    """Write `model` as JSON with a checksum of its content, atomically and durably."""
    write_sealed(path, model.model_dump(mode="json"))


def read_model(path: Path, kind: type[T]) -> T:
    """Read what `write_model` wrote.

    Raises
    ------
    IndexCorruptError
        The file is missing, cut short, edited, or of another format version.
    """
    try:
        content = read_small(path, LARGEST)
    except OSError as error:
        raise IndexCorruptError(f"{path} cannot be read: {error.strerror}") from error
    return parse_model(content, path, kind)


def parse_model(content: bytes, where: Path | str, kind: type[T]) -> T:
    """Take bytes for what `write_model` wrote.

    Parameters
    ----------
    where
        What messages name.

    Raises
    ------
    IndexCorruptError
        They were cut short, edited, or are of another format version.
    """
    try:
        body = parse_sealed(content, where, lambda found: _check_version(where, found))
        return kind.model_validate_json(json.dumps(body))
    except SealError as error:
        raise IndexCorruptError(str(error)) from error
    except TypeError as error:
        raise IndexCorruptError(f"{where} is not a manifest") from error
    except ValueError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise IndexCorruptError(f"{where} is damaged ({reason})") from error


def _check_version(where: Path | str, body: dict[str, Any]) -> None:
    """Name a newer format as such, rather than as damage."""
    plan = body.get("plan", body)
    version = plan.get("format_version") if isinstance(plan, dict) else None
    if isinstance(version, int) and version > PREFIX_VERSION:
        raise IndexCorruptError(
            f"{where} has format version {version}, newer than this molsearch reads "
            f"({PREFIX_VERSION}); upgrade molsearch"
        )


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
