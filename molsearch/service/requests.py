"""What can be asked for: the options of a command, the file of a job, the body of a POST.

One model a verb. It is validated once, states every default once, and is written into
``run.json``, from which ``molsearch run`` repeats it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import Field, ValidationError, model_validator

from molsearch.config import (
    Config,
    FinetuneConfig,
    Molecule,
    PrepareConfig,
    ReadConfig,
    ScreenConfig,
    TrainConfig,
    Vector,
)
from molsearch.errors import UsageError
from molsearch.picks.config import PickConfig

VERSION: Literal[1] = 1
CPUS = os.cpu_count() or 1
# What stands for a ligand: a structure or a file as a user types it, a file, or a structure.
Ligand = str | Path | Molecule | Vector
MOST_EXPLAINED = 10_000
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


class ScreenRequest(ScreenConfig):
    """Rank a library for queries."""

    verb: Literal["screen"] = "screen"
    version: Literal[1] = VERSION
    queries: tuple[Ligand, ...] = Field(min_length=1)
    inactives: tuple[Ligand, ...] = ()
    exclude_ids: tuple[str, ...] = Field(
        default=(), description="files of molecule_ids that are no hits"
    )
    dissimilar_to: tuple[Ligand, ...] = Field(
        default=(), description="structures, and files of them, that no hit is similar to"
    )
    dissimilar_at: float = Field(
        default=0.4, gt=0, le=1, description="ECFP4 similarity that is similar there"
    )
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


class PickRequest(PickConfig):
    """Pick from a hit list, for a plate."""

    verb: Literal["pick"] = "pick"
    version: Literal[1] = VERSION
    hits: str | None = Field(default=None, description="file of the hit list")
    output: str | None = Field(default=None, description="file of the picks")
    also: tuple[str, ...] = Field(default=(), description="further files of them")
    read: ReadConfig = ReadConfig()
    positive: tuple[Ligand, ...] = Field(default=(), description="actives for control wells")
    negative: tuple[Ligand, ...] = Field(default=(), description="inactives for control wells")
    controls: bool = Field(
        default=False, description="queries and inactives of the screen are controls"
    )
    excel_safe: bool = False
    overwrite: bool = False

    @property
    def config(self) -> PickConfig:
        """What of it decides what is picked, and where it stands."""
        return PickConfig(**{name: getattr(self, name) for name in PickConfig.model_fields})


class SpaceRequest(ScreenConfig):
    """Search a make-on-demand space for queries, and rank what is found."""

    verb: Literal["space"] = "space"
    version: Literal[1] = VERSION
    synthons: str = Field(description="synthon file")
    queries: tuple[Ligand, ...] = Field(min_length=1)
    mode: Literal["fingerprint", "rascal", "shape"] = Field(
        default="fingerprint", description="by what products are found"
    )
    similarity: float = Field(default=0.5, ge=0, le=1, description="least, of a product")
    products: int = Field(default=1000, ge=1, description="most, a query")
    seconds: int = Field(default=600, ge=1, description="most, a query")
    output: str | None = Field(default=None, description="file of the hit list")
    html: str | None = Field(default=None, description="page of the hits")
    failures: str | None = Field(default=None, description="table of what failed, as csv")
    prepare: PrepareConfig = Field(default=PrepareConfig(), description="of the products")
    encoder: str | None = Field(default=None, description="folder, or name of a bundled one")
    device: str = "auto"
    batch_size: int = Field(default=128, ge=1)
    workers: int = Field(default=CPUS, ge=1)
    excel_safe: bool = False
    overwrite: bool = False

    def ranking(self, index: str, prepare: PrepareConfig) -> ScreenRequest:
        """Ask for the ranking of the products, whose index is in the folder `index`."""
        shared = set(SpaceRequest.model_fields) & set(ScreenRequest.model_fields)
        fields = {name: getattr(self, name) for name in shared - {"verb", "failures", "prepare"}}
        return ScreenRequest(**fields, index=index, prepare=prepare)


class ExplainRequest(Config):
    """Say why hits stand where they do."""

    verb: Literal["explain"] = "explain"
    version: Literal[1] = VERSION
    hits: str | None = Field(
        default=None, description="hit list, its run record, or the folder of a run"
    )
    molecules: tuple[Ligand, ...] = Field(
        default=(), description="in place of a hit list, or as if they were hits of its run"
    )
    queries: tuple[Ligand, ...] = Field(
        default=(), description="those of the hit list's run where none"
    )
    index: str | None = Field(
        default=None, description="library in which the queries are tried on each other"
    )
    k: int = Field(default=100, ge=1, le=MOST_EXPLAINED, description="the first so many hits")
    rank: str | None = Field(
        default=None, description="what ranks; as the hit list's run has it where none"
    )
    common_seconds: float = Field(
        default=60.0, ge=0, le=3600, description="for all common parts together"
    )
    output: str | None = Field(default=None, description="table of reasons")
    html: str | None = Field(default=None, description="page of reasons")
    svg: str | None = Field(default=None, description="folder of drawings")
    read: ReadConfig = ReadConfig()
    encoder: str | None = Field(default=None, description="folder, or name of a bundled one")
    device: str = "auto"
    excel_safe: bool = False
    overwrite: bool = False

    @model_validator(mode="after")
    def _something(self) -> ExplainRequest:
        """Refuse nothing to explain."""
        if self.hits is None and not self.molecules:
            raise ValueError("name what to explain: a hit list, or structures with -q")
        return self


class SeriesConfig(Config):
    """A series of one's own that an encoder is tuned on."""

    activities: str = Field(description="file of molecules with a column of activities")
    decoys: str | None = Field(
        default=None, description="file of molecules taken for inactive; the example's if none"
    )
    target_column: str | None = None
    value_column: str | None = None
    start_from: str | None = Field(default=None, description="encoder that is tuned")
    tuning: FinetuneConfig = FinetuneConfig.model_validate({})


class BenchmarkRequest(Config):
    """Rank a benchmark's targets with several methods."""

    verb: Literal["benchmark"] = "benchmark"
    version: Literal[1] = VERSION
    benchmark: str = Field(min_length=1, description="its name, or a folder of one's own")
    methods: tuple[str, ...] = ("ecfp4", "molsearch")
    output: str | None = Field(default=None, description="result file; results/NAME.json if none")
    data: str | None = Field(default=None, description="folder of the benchmark's files")
    targets: tuple[str, ...] = Field(default=(), description="only these")
    limit_targets: int | None = Field(default=None, ge=1)
    limit_actives: int | None = Field(default=None, ge=1, description="of a target")
    limit_decoys: int | None = Field(default=None, ge=1, description="of a target")
    queries: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(), description="actives drawn as queries together; a result file a number"
    )
    draws: int = Field(default=5, ge=1, description="of queries, a target")
    full: bool = Field(default=False, description="no drawing of molecules for 3D methods either")
    query_conformers: int = Field(default=4, ge=1)
    prepare: PrepareConfig = PrepareConfig()
    trainings: tuple[str, ...] | None = Field(
        default=None, description="training sets of the audit; those of the encoders if none"
    )
    random: int = Field(default=0, ge=0, description="random compounds, for EF^B")
    random_from: str | None = Field(default=None, description="file of the random compounds")
    cache: str | None = Field(default=None, description="folder of prepared molecules")
    device: str = "auto"
    workers: int = Field(default=CPUS, ge=1)
    seed: int = 0
    overwrite: bool = False


class TrainRequest(Config):
    """Train an encoder, or tune one on a series: by `config`, or by `series`."""

    verb: Literal["train"] = "train"
    version: Literal[1] = VERSION
    config: TrainConfig | None = Field(default=None, description="a training")
    data: str | None = Field(
        default=None, description="folder that config.data counts from; here if none"
    )
    series: SeriesConfig | None = Field(default=None, description="a fine-tuning")
    output: str = Field(description="folder of the encoder")
    device: str = "auto"
    workers: int = Field(default=CPUS, ge=1, description="for featurising")
    threads: int = Field(default=0, ge=0, description="torch's; 0 leaves them to torch")
    cache: str | None = Field(default=None, description="folder of featurised molecules")
    check: bool = Field(
        default=False, description="first hold a transport plan of the run against POT's"
    )
    overwrite: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> TrainRequest:
        if (self.config is None) == (self.series is None):
            raise ValueError("name what is trained once: config, or series")
        return self


class DemoRequest(Config):
    """Go the whole way on the bundled example library."""

    verb: Literal["demo"] = "demo"
    version: Literal[1] = VERSION
    output: str = Field(default="demo", description="folder of everything that is made")
    shown: int = Field(default=10, ge=1, description="hits of a table")
    encoder: str | None = Field(default=None, description="folder, or name of a bundled one")
    device: str = "auto"
    batch_size: int = Field(default=128, ge=1)
    workers: int = Field(default=CPUS, ge=1)
    overwrite: bool = False


class VerifyRequest(Config):
    """Check a prepared set or an index against its checksums."""

    verb: Literal["verify"] = "verify"
    version: Literal[1] = VERSION
    path: str = Field(description="folder of a prepared set or an index")
    clean: bool = Field(default=False, description="afterwards remove what no reader needs")


Growing = AddRequest | DropRequest | CompactRequest | FactsRequest | MergeRequest
Request = (
    PrepareRequest
    | IndexRequest
    | Growing
    | ScreenRequest
    | PickRequest
    | SpaceRequest
    | ExplainRequest
    | BenchmarkRequest
    | TrainRequest
    | DemoRequest
    | VerifyRequest
)
_ALL: tuple[type[Request], ...] = get_args(Request)
KINDS: dict[str, type[Request]] = {kind.model_fields["verb"].default: kind for kind in _ALL}


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
    return f"{name}: {first['msg'].removeprefix('Value error, ')}"
