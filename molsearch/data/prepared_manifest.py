"""The manifest of a prepared set: what was prepared how, and which files hold it.

The manifest alone makes shards visible: it is rewritten atomically after each shard's files are
safely on disk, and carries its own checksum, so a reader sees whole shards or an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from molsearch.config import Config, PrepareConfig, ReadConfig
from molsearch.errors import IndexCorruptError
from molsearch.io.folders import MANIFEST, SHARDS
from molsearch.schema import Reading
from molsearch.store.sealed import SealError, read_sealed, write_sealed

FORMAT: Final = "molsearch-prepared"
VERSION: Final = 1
_MEND = "prepare the library again with --overwrite"


class StoredFile(Config):
    """One file of a shard, by its name within the set."""

    file: str = Field(pattern=r"^shards/(records|failures)-\d{5,}\.parquet$")
    rows: int = Field(ge=0)
    size: int = Field(gt=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class PreparedShard(Config):
    """The outcome of `n_in` consecutive input records, the first numbered `first_record`."""

    first_record: int = Field(ge=1)
    n_in: int = Field(gt=0)
    records: StoredFile
    failures: StoredFile

    @model_validator(mode="after")
    def _every_record_accounted_for(self) -> PreparedShard:
        if self.n_in != self.records.rows + self.failures.rows:
            raise ValueError("n_in is not n_ok + n_failed")
        return self


class Source(Config):
    """An input file as it was when it was read; all but the name empty for standard input."""

    name: str
    size: int | None = None
    mtime_ns: int | None = None
    head_sha256: str | None = None


class PrepareRun(Config):
    """Everything that decides what a prepared set holds; two equal runs give equal sets."""

    sources: tuple[Source, ...]
    read: ReadConfig
    prepare: PrepareConfig
    limit: int | None = None
    shard_records: int = Field(gt=0)
    rdkit: str
    buckets: tuple[int, int, int] | None = Field(
        default=None, description="hash spaces of the column bag, where there is one"
    )
    part: tuple[int, int] | None = Field(
        default=None, description="i of n: every n-th block of shard_records, from the i-th"
    )

    @model_validator(mode="after")
    def _part_exists(self) -> PrepareRun:
        if self.part is not None and not 1 <= self.part[0] <= self.part[1]:
            raise ValueError(f"there is no part {self.part[0]} of {self.part[1]}")
        return self

    def first_record(self, shard: int) -> int:
        """Find the number of the first record of a shard, all before it being full."""
        number, of = self.part or (1, 1)
        return (number - 1 + shard * of) * self.shard_records + 1


class PreparedManifest(Config):
    """Contents of ``manifest.json``."""

    format: Literal["molsearch-prepared"] = FORMAT
    version: Literal[1] = VERSION
    run: PrepareRun
    complete: bool = False
    shards: tuple[PreparedShard, ...] = ()
    reading: tuple[Reading, ...] = ()

    @model_validator(mode="after")
    def _shards_are_consecutive(self) -> PreparedManifest:
        expected = 1
        if self.complete and not self.shards and self.run.part is None:
            raise ValueError("a complete set without a record")
        for number, shard in enumerate(self.shards):
            for kind, stored in (("records", shard.records), ("failures", shard.failures)):
                due = f"{SHARDS}/{kind}-{number:05d}.parquet"
                if stored.file != due:
                    raise ValueError(f"{stored.file} is named where {due} is due")
            if self.run.part is not None:
                expected = self.run.first_record(number)
            if shard.first_record != expected:
                raise ValueError(f"a shard begins at record {shard.first_record}, not {expected}")
            expected += shard.n_in
        return self

    @property
    def n_in(self) -> int:
        """Input records accounted for so far."""
        return sum(shard.n_in for shard in self.shards)

    @property
    def n_ok(self) -> int:
        """Prepared molecules."""
        return sum(shard.records.rows for shard in self.shards)

    @property
    def n_failed(self) -> int:
        """Rows of the failures table."""
        return sum(shard.failures.rows for shard in self.shards)


def write_manifest(folder: Path, manifest: PreparedManifest) -> None:
    """Make `manifest` the truth about `folder`, atomically."""
    write_sealed(folder / MANIFEST, manifest.model_dump(mode="json"))


def read_manifest(folder: Path) -> PreparedManifest:
    """Read and check the manifest of a prepared set.

    Raises
    ------
    IndexCorruptError
        Missing, truncated, edited, of a newer format, or not a prepared set's.
    """
    path = folder / MANIFEST
    try:
        content = read_sealed(path, lambda found: _check_format(path, found))
        return PreparedManifest.model_validate(content)
    except FileNotFoundError as error:
        raise IndexCorruptError(f"{path} is missing: {path.parent} is no prepared set") from error
    except OSError as error:
        raise IndexCorruptError(f"{path} cannot be read ({error.strerror})") from error
    except TypeError as error:
        raise _foreign(path) from error
    except SealError as error:
        raise IndexCorruptError(
            f"{path} was edited or damaged (its checksum differs): {_MEND}"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise IndexCorruptError(f"{path} contradicts itself: {first['msg']}: {_MEND}") from error
    except ValueError as error:
        raise IndexCorruptError(f"{path} is not whole JSON ({error}): {_MEND}") from error


def _check_format(path: Path, content: dict[str, Any]) -> None:
    if content.get("format") != FORMAT:
        raise _foreign(path)
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise IndexCorruptError(f"{path} has format version {version}: update molsearch")


def _foreign(path: Path) -> IndexCorruptError:
    return IndexCorruptError(f"{path} is not the manifest of a prepared set")
