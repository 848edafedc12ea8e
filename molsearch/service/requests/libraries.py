"""Making, growing and checking prepared sets and indexes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from molsearch.config import Config, PrepareConfig, ReadConfig
from molsearch.service.requests.common import (
    CPUS,
    VERSION,
    BatchSize,
    Cluster,
    Device,
    Discard,
    Encoder,
    Failures,
    Files,
    Index,
    Limit,
    Overwrite,
    Staging,
    Workers,
)


class PrepareRequest(Config):
    """Prepare files of molecules into a folder."""

    verb: Literal["prepare"] = "prepare"
    version: Literal[1] = VERSION
    library: Files
    output: str = Field(description="folder of the prepared set")
    failures: Failures = None
    read: ReadConfig = ReadConfig()
    prepare: PrepareConfig = PrepareConfig()
    workers: Workers = CPUS
    limit: Limit = None
    overwrite: Overwrite = False
    cluster: Cluster = None
    staging: Staging = None


class IndexRequest(Config):
    """Embed files of molecules, or a prepared set, into a folder."""

    verb: Literal["index"] = "index"
    version: Literal[1] = VERSION
    library: tuple[str, ...] = Field(min_length=1, description="files, or one prepared set")
    output: Index
    failures: Failures = None
    read: ReadConfig = ReadConfig()
    prepare: PrepareConfig = PrepareConfig()
    encoder: Encoder = None
    device: Device = "auto"
    batch_size: BatchSize = 128
    workers: Workers = CPUS
    limit: Limit = None
    resume: bool = Field(default=True, description="go on where an interrupted run stopped")
    overwrite: Overwrite = False
    facts: tuple[str, ...] = Field(
        default=(),
        description="facts to compute now for every molecule, such as alerts,clogp,qed, or all; "
        "else they are computed for hits and filters, and kept; may be given later",
    )
    storage: str = Field(
        default="full",
        description="full; prefix-128 or prefix-64: the copy that is scanned holds so many axes, "
        "less room and the same hits; compact: embeddings in a byte a dimension alone, half the "
        "room; scores are approximate, by how much is measured and told; or the name of a codec of "
        "one's own (docs/extending.md)",
    )
    shard: tuple[int, int] | None = Field(
        default=None,
        description="i of n: index the i-th of n parts of the library alone, as a task of an array "
        "job; index merge puts the n parts together",
    )
    cluster: Cluster = None
    staging: Staging = None

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
    library: Files
    index: Index
    failures: Failures = None
    read: ReadConfig = ReadConfig()
    encoder: Encoder = None
    device: Device = "auto"
    batch_size: BatchSize = 128
    workers: Workers = CPUS
    limit: Limit = None
    skip_duplicates: bool = Field(
        default=False,
        description="leave out molecules whose parent the index has already; each is a failure",
    )
    again: bool = Field(default=False, description="add also what was added before, once more")
    overwrite: Discard = False


class DropRequest(Config):
    """Drop molecules from an index by their ids."""

    verb: Literal["index_drop"] = "index_drop"
    version: Literal[1] = VERSION
    index: Index
    ids: tuple[str, ...] = ()
    file: str | None = Field(default=None, description="list or table of ids; - for a pipe")
    id_column: str | None = Field(default=None, description="column of the ids, of a table")
    overwrite: Discard = False


class CompactRequest(Config):
    """Make full shards of an index that has grown."""

    verb: Literal["index_compact"] = "index_compact"
    version: Literal[1] = VERSION
    index: Index
    overwrite: Discard = False


class FactsRequest(Config):
    """Compute facts of every molecule of an index now, and keep them."""

    verb: Literal["index_facts"] = "index_facts"
    version: Literal[1] = VERSION
    index: Index
    facts: tuple[str, ...] = Field(
        default=("all",), min_length=1, description="such as alerts,clogp,qed, or all"
    )
    workers: Workers = CPUS


class AnnRequest(Config):
    """Make an index ready for approximate search."""

    verb: Literal["index_ann"] = "index_ann"
    version: Literal[1] = VERSION
    index: str = Field(description="folder of the index")
    lists: int | None = Field(
        default=None, ge=1, description="inverted lists; about twice the root of the rows"
    )
    bits: int = Field(default=1, ge=1, le=8, description="a dimension, of the copies in the lists")
    encoder: str | None = Field(default=None, description="folder, or name of a bundled one")
    overwrite: bool = Field(default=False, description="learn and write everything anew")


class MergeRequest(Config):
    """Merge indexes, or the parts of one, into a new one."""

    verb: Literal["index_merge"] = "index_merge"
    version: Literal[1] = VERSION
    indexes: tuple[str, ...] = Field(min_length=1, description="in any order where they are parts")
    output: Index
    overwrite: Overwrite = False


class VerifyRequest(Config):
    """Check a prepared set or an index against its checksums."""

    verb: Literal["verify"] = "verify"
    version: Literal[1] = VERSION
    path: str = Field(description="folder of a prepared set or an index")
    clean: bool = Field(
        default=False,
        description="afterwards remove from a sound index what no reader needs: older generations "
        "and leftovers of killed runs",
    )


Growing = AddRequest | DropRequest | CompactRequest | FactsRequest | AnnRequest | MergeRequest
