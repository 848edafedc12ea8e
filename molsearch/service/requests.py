"""What can be asked for: the options of a command, the file of a job, the body of a POST.

One model a verb. It is validated once, states every default once, and is written into
``run.json``, from which ``molsearch run`` repeats it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from molsearch.config import Config, Molecule, PrepareConfig, ReadConfig, ScreenConfig
from molsearch.errors import UsageError

VERSION: Literal[1] = 1
CPUS = os.cpu_count() or 1
# What stands for a ligand: a structure or a file as a user types it, a file, or a structure.
Ligand = str | Path | Molecule
T = TypeVar("T", bound=Config)


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


class ScreenRequest(ScreenConfig):
    """Rank a library for queries."""

    verb: Literal["screen"] = "screen"
    version: Literal[1] = VERSION
    queries: tuple[Ligand, ...] = Field(min_length=1)
    inactives: tuple[Ligand, ...] = ()
    index: str | None = Field(default=None, description="folder of an index")
    library: tuple[str, ...] = Field(default=(), description="files, in place of an index")
    output: str | None = Field(default=None, description="file of the hit list")
    html: str | None = Field(default=None, description="page of the hits")
    failures: str | None = Field(default=None, description="table of what failed, as csv")
    read: ReadConfig = ReadConfig()
    prepare: PrepareConfig = Field(default=PrepareConfig(), description="for files of a library")
    query_conformers: int | None = Field(
        default=None, ge=0, le=500, description="as many as a library molecule's where none"
    )
    use_input_3d: bool = Field(default=False, description="take the geometry of the queries")
    encoder: str | None = Field(default=None, description="folder, or name of a bundled one")
    device: str = "auto"
    batch_size: int = Field(default=128, ge=1)
    workers: int = Field(default=CPUS, ge=1)
    limit: int | None = Field(default=None, ge=1, description="records read of the library")
    excel_safe: bool = False
    verify: bool = Field(default=False, description="check every byte of the index first")
    overwrite: bool = False

    @property
    def config(self) -> ScreenConfig:
        """What of it decides which hits are found, wherever they are looked for."""
        return ScreenConfig(**{name: getattr(self, name) for name in ScreenConfig.model_fields})

    @property
    def query_changes(self) -> dict[str, Any]:
        """How the preparation of queries differs from that of the library."""
        changes: dict[str, Any] = {"use_input_3d": self.use_input_3d}
        if self.query_conformers is not None:
            changes["n_conformers"] = self.query_conformers
        return changes


Request = PrepareRequest | IndexRequest | ScreenRequest
KINDS: dict[str, type[Request]] = {
    "prepare": PrepareRequest,
    "index": IndexRequest,
    "screen": ScreenRequest,
}


def validated(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Build a request or a configuration from named values.

    Raises
    ------
    UsageError
        A name is unknown, or a value out of range: the first such, in one line.
    """
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        raise UsageError(complaint(error)) from error


def complaint(error: ValidationError) -> str:
    """Say what is wrong first, in one line."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "request"
    if first["type"] == "extra_forbidden":
        return f"{name}: there is no such field; check its spelling"
    return f"{name}: {first['msg']}"
