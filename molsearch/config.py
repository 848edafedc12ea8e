"""Frozen, validated configurations; the resolved one is written beside every output."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """Base: immutable, and an unknown key is an error rather than a silent typo."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReadConfig(Config):
    """How a molecule file is read; ``None`` means detect."""

    smiles_column: str | None = None
    id_column: str | None = None
    id_field: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    max_smiles_length: int = Field(2000, gt=0)
    max_record_bytes: int = Field(10_000_000, gt=0)


class PrepareConfig(Config):
    """How a record becomes a parent with conformers."""

    n_conformers: int = Field(1, ge=0, le=500)
    quality: Literal["fast", "full"] = "fast"
    use_input_3d: bool = False
    seed: int = 20
    timeout: float = Field(30.0, gt=0, description="seconds a molecule")
    max_heavy_atoms: int = Field(300, gt=0)
    max_heavy_atoms_3d: int = Field(
        50, ge=0, description="larger molecules keep the substructure branch alone, flagged"
    )


class ModelConfig(Config):
    """Size of the encoder. Named sizes live in ``molsearch.nn.registry``."""

    name: str = "small"
    use_substructure: bool = True
    use_geometry: bool = True
    distance: Literal["euclidean", "bond_path"] = "euclidean"
    n_buckets: int = Field(16_381, gt=0)
    width: int = Field(256, gt=0)
    graph_width: int = Field(96, gt=0)
    n_layers: int = Field(3, ge=1)
    n_neighbours: int = Field(12, ge=1)
    attention: bool = False
    n_heads: int = Field(8, ge=1)
    embedding_dim: int = Field(256, gt=0)
    matryoshka: tuple[int, ...] = (64, 128, 256)


class ScreenConfig(Config):
    """What a screen returns."""

    k: int = Field(1000, gt=0)
    fusion: Literal["max", "mean"] = "max"
    conformer_fusion: Literal["max", "mean"] = "mean"
    include_smarts: tuple[str, ...] = ()
    exclude_smarts: tuple[str, ...] = ()
    exclude_alerts: bool = False
    unique: Literal["none", "parent", "skeleton", "scaffold"] = "none"
    keep_query: bool = True
