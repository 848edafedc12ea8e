"""Frozen, validated configurations; the resolved one is written beside every output."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from molsearch.config_base import Config as Config
from molsearch.config_train import FinetuneConfig as FinetuneConfig
from molsearch.config_train import TrainConfig as TrainConfig
from molsearch.terms import AlignConfig as AlignConfig
from molsearch.terms import DistilConfig as DistilConfig
from molsearch.terms import GradedConfig as GradedConfig
from molsearch.terms import InactivesConfig as InactivesConfig
from molsearch.terms import OverTargetsConfig as OverTargetsConfig
from molsearch.terms import ScreeningConfig as ScreeningConfig
from molsearch.terms import ShapesConfig as ShapesConfig
from molsearch.terms import SoftConfig as SoftConfig


class Molecule(Config):
    """A molecule given by its structure alone, which never stands for a file.

    Attributes
    ----------
    smiles
        SMILES, InChI or mol block.
    id
        The user's name for it; the structure itself where empty.
    """

    smiles: str = Field(min_length=1)
    id: str = ""


class Vector(Config):
    """A query given by its embedding alone.

    Attributes
    ----------
    vector
        As the encoder of the index gives it; its length is of no account.
    id
        The user's name for it.
    """

    vector: tuple[float, ...] = Field(min_length=1)
    id: str = ""


class ReadConfig(Config):
    """How a molecule file is read; ``None`` means detect."""

    smiles_column: str | None = Field(default=None, description="column of the structures")
    id_column: str | None = Field(default=None, description="column of the ids")
    id_field: str | None = Field(default=None, description="SD tag that holds the id")
    delimiter: str | None = Field(default=None, description="what stands between columns")
    header: bool | None = Field(default=None, description="whether the first line names columns")
    max_smiles_length: int = Field(default=2000, gt=0)
    max_record_bytes: int = Field(default=10_000_000, gt=0)
    max_gzip_ratio: float = Field(
        default=200.0, gt=1, description="expansion above which a .gz is refused"
    )
    max_gzip_bytes: int = Field(
        default=100_000_000_000, gt=0, description="expanded size of one .gz"
    )


class PrepareConfig(Config):
    """How a record becomes a parent with conformers."""

    n_conformers: int = Field(
        default=1,
        ge=0,
        le=500,
        description="3D geometries a library molecule; 0 makes none, and where nothing is asked, "
        "an index has none where the encoder's card says that they gain it nothing",
    )
    quality: Literal["fast", "full"] = Field(
        default="fast",
        description="fast: hydrogens on stereocentres only; full: all hydrogens and MMFF",
    )
    use_input_3d: bool = Field(
        default=False, description="keep 3D coordinates of SDF input where they are real"
    )
    seed: int = Field(default=20, description="seed of the conformers")
    timeout: float = Field(default=30.0, gt=0, description="seconds of processor time a molecule")
    max_heavy_atoms: int = Field(default=300, gt=0, description="larger parents fail")
    max_heavy_atoms_3d: int = Field(
        default=50, ge=0, description="larger molecules keep the substructure branch alone, flagged"
    )


class ModelConfig(Config):
    """Size of the encoder. Named sizes live in ``molsearch.nn.registry``."""

    name: str = "small"
    use_substructure: bool = True
    use_geometry: bool = True
    n_buckets: int = Field(default=16_381, gt=0, description="of circular environments")
    n_torsions: int = Field(default=0, ge=0, description="buckets of topological torsions")
    n_pairs: int = Field(default=0, ge=0, description="buckets of atom pairs")
    n_classes: int = Field(
        default=0, ge=0, description="buckets of circular environments of feature classes"
    )
    n_class_pairs: int = Field(
        default=0, ge=0, description="buckets of atom pairs of feature classes"
    )
    n_wide: int = Field(default=0, ge=0, description="buckets of environments of radius 3")
    width: int = Field(default=256, gt=0)
    expansion: int = Field(
        default=4, ge=1, description="hidden channels of the layers behind the branches, in widths"
    )
    graph_width: int = Field(default=96, gt=0)
    n_layers: int = Field(default=3, ge=1)
    distances: Literal["space", "paths"] = Field(
        default="space",
        description="what the graph branch sees of a conformer: its geometry or, as a control, "
        "lengths of bond paths and no directions",
    )
    n_neighbours: int = Field(default=12, ge=1)
    n_pair_types: int = Field(default=24, ge=1)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    environment_dropout: float = Field(default=0.3, ge=0, lt=1)
    geometry_dropout: float = Field(default=0.1, ge=0, lt=1)
    attention: bool = False
    n_heads: int = Field(default=8, ge=1)
    embedding_dim: int = Field(default=256, gt=0)
    matryoshka: tuple[int, ...] = Field(
        default=(64, 128, 256), min_length=1, description="prefixes that are embeddings themselves"
    )
    towers: int = Field(
        default=1, ge=1, description="networks side by side that were trained apart"
    )

    @model_validator(mode="after")
    def _divides(self) -> ModelConfig:
        """Refuse widths that the towers cannot share."""
        if any(width % self.towers for width in (self.embedding_dim, *self.matryoshka)):
            raise ValueError(f"embedding_dim and matryoshka must divide by {self.towers} towers")
        return self

    @model_validator(mode="after")
    def _has_its_prefixes(self) -> ModelConfig:
        """Refuse prefixes that are no prefixes of the embedding."""
        widths = self.matryoshka
        if list(widths) != sorted({*widths}) or widths[0] < 1:
            given = ", ".join(map(str, widths))
            raise ValueError(f"matryoshka [{given}]: its widths must ascend, from 1 at least")
        if widths[-1] > self.embedding_dim:
            raise ValueError(
                f"matryoshka: a prefix of {widths[-1]} is wider than embedding_dim "
                f"{self.embedding_dim}; change both together"
            )
        return self

    @property
    def sees_geometry(self) -> bool:
        """Whether conformers change an embedding."""
        return self.use_geometry


class ScreenConfig(Config):
    """What a screen returns."""

    k: int = Field(
        default=1000,
        gt=0,
        description="hits wanted; a long list into a .parquet is written as it is made",
    )
    rank: str = Field(
        default="balanced",
        description="what ranks: balanced, molsearch (the encoder alone), ecfp4, or weights of "
        "these and of rarity such as 4*molsearch+ecfp4+rarity; also fcfp4, torsion, atom-pair, "
        "path and further encoders (name or folder), computed once for an index, and shape, for "
        "the first of the list; -max, -top2 and -mean behind a name fuse several queries",
    )
    depth: int = Field(
        default=1000,
        gt=0,
        description="first of the list that shape looks at, where it is part of the ranking",
    )
    expand: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="search twice: so many first hits, at most one molecule in 40 of the library, "
        "move the embeddings of the queries towards their mean; 0: search once; none: 20 for one "
        "query or two where balanced ranks",
    )
    recall: float | None = Field(
        default=None,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="search approximately, and find at least this part of the exact hits as "
        "measured on the index (which index ann makes ready); none: exactly",
    )
    fusion: Literal["max", "mean", "top2"] | None = Field(
        default=None,
        description="over several queries: the nearest, the mean of the nearest two, the mean of "
        "all; as the ranking says where none, else the nearest",
    )
    conformer_fusion: Literal["max", "mean"] = Field(
        default="mean", description="over the conformers of a query"
    )
    activity_column: str | None = Field(
        default=None,
        description="column of a query file by which its rows are queries or inactives: pIC50, "
        "'IC50 (nM)', active/inactive; found by its name; 'none' makes every row a query",
    )
    active_above: float = Field(
        default=6.0,
        allow_inf_nan=False,
        description="least -log10 molar value of an active; one below it the inactives begin",
    )
    threshold: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="hits score at least this, inactives counted; still the k best",
    )
    include_smarts: tuple[str, ...] = Field(
        default=(), description="substructure every hit has; repeat for all of several"
    )
    exclude_smarts: tuple[str, ...] = Field(
        default=(), description="substructure no hit has; may be repeated"
    )
    exclude_alerts: bool = Field(default=False, description="no hit with a structural alert")
    where: tuple[str, ...] = Field(
        default=(),
        description="condition such as 'mw<500', '200<=mw<500, clogp<=5', 'ecfp4_similarity<0.4', "
        "a preset (lipinski, veber, lead, fragment), or on your own columns: "
        "'\"list price\"<90, vendor=Acme'",
    )
    unique: Literal["none", "parent", "skeleton", "scaffold"] = Field(
        default="none",
        description="keep the best hit of each parent (salts), skeleton (stereoisomers) or "
        "scaffold",
    )
    keep_query: bool = Field(default=True, description="queries may be hits, and are marked")
    keep_inactives: bool = Field(default=True, description="inactives may be hits")
    inactives_weight: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="take W * cosine to the nearest inactive off the score; 0 leaves "
        "ranks as they are; unless given, the default ranking counts inactives by a series model "
        "from five queries on",
    )
    base_rate: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        allow_inf_nan=False,
        description="share of the library that you take for active, such as 0.001: each hit then "
        "gets the probability of being active, where it can be told",
    )
    facts: tuple[str, ...] = Field(
        default=(), description="further columns of the hits, such as qed,fsp3,cns_mpo, or all"
    )
