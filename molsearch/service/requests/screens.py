"""Ranking libraries and spaces for queries."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.service.requests.common import CPUS, VERSION, Ligand


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
