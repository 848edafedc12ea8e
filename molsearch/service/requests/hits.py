"""What is made of a hit list: picks for a plate, clusters, reasons."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from molsearch.config import Config, ReadConfig
from molsearch.picks.config import PickConfig
from molsearch.service.requests.common import (
    VERSION,
    Device,
    Encoder,
    ExcelSafe,
    Ligand,
    Overwrite,
)

MOST_EXPLAINED = 10_000


class PickRequest(PickConfig):
    """Pick from a hit list, for a plate."""

    verb: Literal["pick"] = "pick"
    version: Literal[1] = VERSION
    hits: str | None = Field(default=None, description="hit list")
    output: str | None = Field(
        default=None,
        description=".csv .tsv .sdf (each also .gz), .parquet, .xlsx (structures drawn); may be "
        "repeated",
    )
    also: tuple[str, ...] = Field(default=(), description="further files of them")
    read: ReadConfig = ReadConfig()
    positive: tuple[Ligand, ...] = Field(
        default=(), description="active for control wells: SMILES, InChI or file; may be repeated"
    )
    negative: tuple[Ligand, ...] = Field(
        default=(), description="inactive for control wells, likewise"
    )
    controls: bool = Field(
        default=False,
        description="queries and inactives of the screen, from the run record beside the hits, "
        "stand in the last wells",
    )
    excel_safe: ExcelSafe = False
    overwrite: Overwrite = False

    @property
    def config(self) -> PickConfig:
        """What of it decides what is picked, and where it stands."""
        return PickConfig(**{name: getattr(self, name) for name in PickConfig.model_fields})


class _Embedded(Config):
    """What is common to requests that read molecules and embed them."""

    read: ReadConfig = ReadConfig()
    encoder: Encoder = None
    device: Device = "auto"
    excel_safe: ExcelSafe = False
    overwrite: Overwrite = False


class ExplainRequest(_Embedded):
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
        default=(),
        description="SMILES, InChI or file; may be repeated; those of the hit list's run where "
        "none",
    )
    inactives: tuple[Ligand, ...] = Field(
        default=(),
        description="known inactives beside the queries given: SMILES, InChI or file; may be "
        "repeated",
    )
    index: str | None = Field(
        default=None, description="library in which several queries are tried on each other"
    )
    k: int = Field(
        default=100, ge=1, le=MOST_EXPLAINED, description="explain the first so many hits"
    )
    rank: str | None = Field(
        default=None, description="what ranks, where it is not the hit list's own ranking"
    )
    common_seconds: float = Field(
        default=60.0, ge=0, le=3600, description="time for all common parts together"
    )
    output: str | None = Field(
        default=None, description="table of reasons: .csv, .tsv (also .gz), .parquet"
    )
    html: str | None = Field(default=None, description="page of reasons")
    svg: str | None = Field(
        default=None, description="folder for a drawing of each hit and its query"
    )

    @model_validator(mode="after")
    def _something(self) -> ExplainRequest:
        """Refuse nothing to explain."""
        if self.hits is None and not self.molecules:
            raise ValueError("name what to explain: a hit list, or structures with -q")
        if self.inactives and not self.queries:
            raise ValueError("inactives go with queries of your own: give these too, with -q")
        return self


class ClusterRequest(_Embedded):
    """Cluster an index, or a hit list."""

    verb: Literal["cluster"] = "cluster"
    version: Literal[1] = VERSION
    source: str | None = Field(default=None, description="index, or hit list")
    output: str | None = Field(
        default=None, description=".csv, .tsv (also .gz), .parquet; standard output where none"
    )
    by: Literal["embedding", "ecfp4"] = Field(
        default="embedding", description="what similarity is of: cosine, or Tanimoto"
    )
    similarity: float | None = Field(
        default=None,
        gt=-1,
        le=1,
        description="to its leader, that a member has at least; where neither it nor a number is "
        "given, 0.8 by embedding and 0.4 by ecfp4",
    )
    n: int | None = Field(default=None, ge=1, description="so many clusters, as unlike as can be")
    top: int | None = Field(default=None, ge=1, description="of the first so many hits alone")
    leaders_only: bool = Field(default=False, description="a row a cluster: its leader")

    @model_validator(mode="after")
    def _one_way(self) -> ClusterRequest:
        """Refuse two ways to clusters at once."""
        if self.similarity is not None and self.n is not None:
            raise ValueError("clusters come by a similarity or by their number; give one of them")
        return self
