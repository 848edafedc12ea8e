"""What a build or a change of an index makes: equal plans make equal files."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from molsearch.config import Config
from molsearch.data.prepared import PreparedSet
from molsearch.index.layout import FORMAT_VERSION
from molsearch.io.hashing import sha256_json


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
    codec
        Of the copy, where it is one that was added (`molsearch.index.vectors.registry`).
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
    codec: str | None = None
    change: Change | None = None

    @property
    def storage(self) -> str:
        """How embeddings are kept, in a few words."""
        if self.codec is not None:
            return f"{self.dtype} with copies by {self.codec}"
        return self.dtype if self.prefix is None else f"{self.dtype} with prefixes of {self.prefix}"

    @model_validator(mode="after")
    def _fits(self) -> IndexPlan:
        if self.prefix is not None and (self.prefix >= self.dim or self.dtype == "int8"):
            raise ValueError(f"no prefix of {self.prefix} in {self.dim}, {self.dtype}")
        if self.codec is not None and (self.prefix is not None or self.dtype == "int8"):
            raise ValueError(f"no copy by {self.codec} in {self.storage}")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what most have none of: their bytes are those of earlier versions."""
        body: dict[str, Any] = write(self)
        return {
            name: value
            for name, value in body.items()
            if name not in ("prefix", "codec") or value is not None
        }
