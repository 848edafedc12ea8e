"""Making, growing and checking prepared sets and indexes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from molsearch.config import Config, PrepareConfig, ReadConfig
from molsearch.service.requests.common import CPUS, VERSION


class PrepareRequest(Config):
    """Prepare files of molecules into a folder."""

    verb: Literal["prepare"] = "prepare"
    version: Literal[1] = VERSION
    library: tuple[str, ...] = Field(min_length=1, description="files, folders or patterns")
    output: str = Field(description="folder of the prepared set")
    failures: str | None = Field(default=None, description="table of what failed")
    read: ReadConfig = ReadConfig()
    prepare: PrepareConfig = PrepareConfig()
    workers: int = Field(default=CPUS, ge=1)
    limit: int | None = Field(default=None, ge=1, description="records read")
    overwrite: bool = False


class IndexRequest(Config):
    """Embed files of molecules, or a prepared set, into a folder."""

    verb: Literal["index"] = "index"
    version: Literal[1] = VERSION
    library: tuple[str, ...] = Field(min_length=1, description="files, or one prepared set")
    output: str = Field(description="folder of the index")
    failures: str | None = Field(default=None, description="table of what failed, as csv")
    read: ReadConfig = ReadConfig()
    prepare: PrepareConfig = PrepareConfig()
    encoder: str | None = Field(default=None, description="folder, or name of a bundled one")
    device: str = "auto"
    batch_size: int = Field(default=128, ge=1)
    workers: int = Field(default=CPUS, ge=1)
    limit: int | None = Field(default=None, ge=1, description="records read")
    resume: bool = Field(default=True, description="go on where an interrupted run stopped")
    overwrite: bool = False
    facts: tuple[str, ...] = Field(
        default=(), description="facts computed now for every molecule; all for every one"
    )
    storage: Literal["full", "compact"] = Field(
        default="full",
        description="compact: a byte a dimension in place of two and a copy; approximate",
    )
    shard: tuple[int, int] | None = Field(
        default=None, description="i of n: this part of the library alone, for an array job"
    )

    @model_validator(mode="after")
    def _shard_exists(self) -> IndexRequest:
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise ValueError(
                f"there is no shard {self.shard[0]}/{self.shard[1]}: they are counted from 1/n "
                "to n/n"
            )
        return self


class AddRequest(Config):
    """Add files of molecules to an index."""

    verb: Literal["index_add"] = "index_add"
    version: Literal[1] = VERSION
    library: tuple[str, ...] = Field(min_length=1, description="files, folders or patterns")
    index: str = Field(description="folder of the index")
    failures: str | None = Field(default=None, description="table of what failed, as csv")
    read: ReadConfig = ReadConfig()
    encoder: str | None = Field(default=None, description="folder, or name of a bundled one")
    device: str = "auto"
    batch_size: int = Field(default=128, ge=1)
    workers: int = Field(default=CPUS, ge=1)
    limit: int | None = Field(default=None, ge=1, description="records read")
    skip_duplicates: bool = Field(
        default=False, description="leave out molecules whose parent the index has already"
    )
    again: bool = Field(default=False, description="also what was added before")
    overwrite: bool = Field(default=False, description="discard an unfinished change")


class DropRequest(Config):
    """Drop molecules from an index by their ids."""

    verb: Literal["index_drop"] = "index_drop"
    version: Literal[1] = VERSION
    index: str = Field(description="folder of the index")
    ids: tuple[str, ...] = ()
    file: str | None = Field(default=None, description="list or table of ids")
    id_column: str | None = Field(default=None, description="of a table")
    overwrite: bool = Field(default=False, description="discard an unfinished change")


class CompactRequest(Config):
    """Make full shards of an index that has grown."""

    verb: Literal["index_compact"] = "index_compact"
    version: Literal[1] = VERSION
    index: str = Field(description="folder of the index")
    overwrite: bool = Field(default=False, description="discard an unfinished change")


class FactsRequest(Config):
    """Compute facts of every molecule of an index now, and keep them."""

    verb: Literal["index_facts"] = "index_facts"
    version: Literal[1] = VERSION
    index: str = Field(description="folder of the index")
    facts: tuple[str, ...] = Field(default=("all",), min_length=1)
    workers: int = Field(default=CPUS, ge=1)


class MergeRequest(Config):
    """Merge indexes, or the parts of one, into a new one."""

    verb: Literal["index_merge"] = "index_merge"
    version: Literal[1] = VERSION
    indexes: tuple[str, ...] = Field(min_length=1)
    output: str = Field(description="folder of the index")
    overwrite: bool = False


class VerifyRequest(Config):
    """Check a prepared set or an index against its checksums."""

    verb: Literal["verify"] = "verify"
    version: Literal[1] = VERSION
    path: str = Field(description="folder of a prepared set or an index")
    clean: bool = Field(default=False, description="afterwards remove what no reader needs")


Growing = AddRequest | DropRequest | CompactRequest | FactsRequest | MergeRequest
