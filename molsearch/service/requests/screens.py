"""Ranking libraries and spaces for queries."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.service.requests.common import (
    CPUS,
    VERSION,
    BatchSize,
    Cluster,
    Device,
    Encoder,
    ExcelSafe,
    Failures,
    Hits,
    Ligand,
    Limit,
    Overwrite,
    Page,
    Queries,
    Workers,
)


class ScreenRequest(ScreenConfig):
    """Rank a library for queries."""

    verb: Literal["screen"] = "screen"
    version: Literal[1] = VERSION
    queries: Queries
    inactives: tuple[Ligand, ...] = Field(
        default=(),
        description="SMILES, InChI or file of measured inactives; may be repeated; each hit gets "
        "the nearest one and its score",
    )
    exclude_ids: tuple[str, ...] = Field(
        default=(),
        description="file of ids that are no hits: one a line, or a table with a column "
        "molecule_id",
    )
    dissimilar_to: tuple[Ligand, ...] = Field(
        default=(),
        description="SMILES, InChI or file of what no hit is similar to; may be repeated",
    )
    dissimilar_at: float = Field(
        default=0.4, gt=0, le=1, description="ECFP4 similarity that is similar there"
    )
    index: str | None = Field(
        default=None, description="index of the library: a folder, or such as s3://bucket/folder"
    )
    library: tuple[str, ...] = Field(
        default=(), description="files of the library, in place of an index; may be repeated"
    )
    output: Hits = None
    html: Page = None
    failures: Failures = None
    read: ReadConfig = ReadConfig()
    prepare: PrepareConfig = Field(default=PrepareConfig(), description="for files of a library")
    query_conformers: int | None = Field(
        default=None,
        ge=0,
        le=500,
        description="3D geometries a query; as many as the library's where none",
    )
    use_input_3d: bool = Field(
        default=False,
        description="search with the 3D coordinates that a query SDF gives; consecutive records of "
        "one molecule are its conformers",
    )
    encoder: Encoder = None
    device: Device = "auto"
    batch_size: BatchSize = 128
    workers: Workers = CPUS
    limit: Limit = None
    excel_safe: ExcelSafe = False
    cluster: Cluster = None
    verify: bool = Field(default=False, description="check every byte of the index first")
    overwrite: Overwrite = False

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


class SpaceRequest(ScreenConfig):
    """Search a make-on-demand space for queries, and rank what is found."""

    verb: Literal["space"] = "space"
    version: Literal[1] = VERSION
    synthons: str = Field(description="synthon file")
    queries: Queries
    mode: Literal["fingerprint", "rascal", "shape"] = Field(
        default="fingerprint",
        description="by what products are found: ECFP4, the largest common substructure, or shape",
    )
    similarity: float = Field(default=0.5, ge=0, le=1, description="least, of a product to a query")
    products: int = Field(default=1000, ge=1, description="most products found a query")
    seconds: int = Field(default=600, ge=1, description="most time a query")
    output: Hits = None
    html: Page = None
    failures: Failures = None
    prepare: PrepareConfig = Field(default=PrepareConfig(), description="of the products")
    encoder: Encoder = None
    device: Device = "auto"
    batch_size: BatchSize = 128
    workers: Workers = CPUS
    excel_safe: ExcelSafe = False
    overwrite: Overwrite = False

    def ranking(self, index: str, prepare: PrepareConfig) -> ScreenRequest:
        """Ask for the ranking of the products, whose index is in the folder `index`."""
        shared = set(SpaceRequest.model_fields) & set(ScreenRequest.model_fields)
        fields = {name: getattr(self, name) for name in shared - {"verb", "failures", "prepare"}}
        # Products were chosen for being like the queries: the first of them say nothing more.
        fields["expand"] = self.expand or 0
        return ScreenRequest(**fields, index=index, prepare=prepare)
