"""Sections of a training configuration: what may teach an encoder beside its labelled pairs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from molsearch.config_base import Config


class SoftConfig(Config):
    """How a second encoder learns from the first one's similarities (soft labels)."""

    unlabelled: str = Field(
        default="unlabelled.parquet",
        description="molecules without labels, relative to the data folder: a table with a "
        "smiles column, or a prepared set; empty for the labelled molecules alone",
    )
    limit: int | None = Field(default=None, gt=0, description="unlabelled molecules, at random")
    labelled_share: float = Field(
        default=0.25, ge=0, le=1, description="of a step, drawn from the labelled molecules"
    )
    molecules_per_step: int = Field(default=512, ge=4)
    weight: float = Field(default=1.0, ge=0)
    warm_up: float = Field(
        default=0.1, ge=0, lt=1, description="share of the steps in which the weight rises from 0"
    )
    temperature: float = Field(default=0.07, gt=0)
    exclude_diagonal: bool = False
    uniformity: float = Field(default=0.1, ge=0)
    min_distance: float = Field(default=0.01, gt=0)
    supervised: float = Field(
        default=0.0, ge=0, description="weight of the labelled pairs for the second encoder too"
    )
    teachers: tuple[str, ...] = Field(
        default=(),
        description="method taught: frozen encoders whose mean similarity makes the labels",
    )
    pool: int = Field(
        default=100_000,
        ge=4,
        description="method taught: molecules among which neighbours are sought, of which "
        "labelled_share has labels",
    )
    nearest: int = Field(
        default=16, ge=1, description="method taught: neighbours by the teachers, drawn from"
    )
    companions: int = Field(
        default=3, ge=1, description="method taught: of these, drawn for each anchor of a step"
    )
    memory: int = Field(
        default=0,
        ge=0,
        description="method taught: embeddings of earlier steps among which labels are sought "
        "too, 16,384 or more; 0: the step alone",
    )
    memory_nearest: int = Field(
        default=64, ge=2, description="with a memory: nearest by the teachers that a label names"
    )
    likeness: float = Field(
        default=0.0,
        ge=0,
        description="method taught: weight of ECFP4 similarity, by which neighbours are sought "
        "and labels made beside the teachers' cosine",
    )
    confidence: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="method taught: molecules whose nearest candidate the teachers put below "
        "this cosine learn no label",
    )
    teacher: Literal["current", "average"] = "current"
    corrupt_labels: bool = Field(
        default=False, description="noise and masking also where the first encoder makes labels"
    )
    kind: Literal["smooth", "entropic"] = "smooth"
    neighbours: float = Field(
        default=4.0, gt=1, description="effective number in a plan's row, itself included"
    )
    calibrate_every: int = Field(
        default=50, ge=0, description="steps between searches of the regularisation; 0: once"
    )
    regularisation: float | None = Field(
        default=None, gt=0, description="fixed product of lambda and tau_s; none: by neighbours"
    )


class InactivesConfig(Config):
    """What was measured on a target and found inactive; off unless a source and a use are set."""

    table: str = Field(
        default="",
        description="pairs measured inactive, relative to the data folder: the targets' column, "
        "and smiles or row, a position in molecules; empty: none",
    )
    molecules: str = Field(
        default="unlabelled.parquet",
        description="table that the rows of the table of inactives refer to; pool molecules of "
        "evaluations in it are left out",
    )
    own: bool = Field(
        default=False, description="also rows of the activity table whose tier is inactive"
    )
    per_target: int | None = Field(
        default=None, gt=0, description="at most so many inactives a target, drawn by the seed"
    )
    drawn: int = Field(
        default=1, ge=1, description="inactives of each target of a step that are embedded"
    )
    negatives: float = Field(
        default=0.0,
        ge=0,
        description="weight of inactives in the denominators of their own target's pair; 1: as "
        "any other negative, 0: not there",
    )
    binary: float = Field(
        default=0.0,
        ge=0,
        description="weight of telling a target's actives from its inactives by its vector and "
        "a learned threshold",
    )
    margin: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="cosine margin of a class of one molecule; that of n is margin * n^(-1/4)",
    )
    head: Literal["embedding", "linear"] = Field(
        default="embedding",
        description="what the binary loss sees: the embedding beside the prototypes, or a linear "
        "map of it beside vectors of its own",
    )
    gradient: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="share of the binary loss's gradient that reaches the embedding",
    )

    @property
    def on(self) -> bool:
        """Whether a run looks at inactives at all."""
        return self.negatives > 0 or self.binary > 0

    @model_validator(mode="after")
    def _source_and_use(self) -> InactivesConfig:
        """Refuse inactives that nothing uses, and uses without any."""
        if self.on != bool(self.table or self.own):
            raise ValueError(
                "a source (table or own) and a use (negatives or binary) of inactives belong "
                "together: give both or none"
            )
        return self


class ScreeningConfig(Config):
    """Screening compounds as negatives of every labelled pair; off at 0 molecules."""

    molecules: int = Field(
        default=0,
        ge=0,
        description="a step, of soft.unlabelled: most of them act on none of its targets",
    )


class GradedConfig(Config):
    """How strongly ligands act: lists of one target, from weak to strong; off at weight 0."""

    weight: float = Field(
        default=0.0, ge=0, description="of each ligand against clearly weaker ones of its target"
    )
    gap: float = Field(default=0.5, gt=0, description="log units between clearly weaker and not")
    by_type: bool = Field(
        default=True,
        description="compare within one activity_type alone, where the table has that column",
    )
    lists: int = Field(default=32, ge=1, description="targets (and types) a step")
    ligands: int = Field(default=8, ge=2, description="of each list")
    temperature: float = Field(default=0.07, gt=0)


class OverTargetsConfig(Config):
    """Soft labels over targets; off at weight 0."""

    weight: float = Field(
        default=0.0, ge=0, description="of following the transport to the targets' vectors"
    )
    teachers: tuple[str, ...] = Field(
        default=(),
        description="frozen encoders to whose mean vector of each target's ligands molecules are "
        "transported, once for the whole run; none: to the prototypes, in every step",
    )
    labelled_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="with teachers: of a step, drawn from the labelled molecules, whose labels "
        "are not looked at",
    )
    molecules: int = Field(
        default=256,
        ge=4,
        description="a step, of soft.unlabelled, each in two views; with teachers once each, and "
        "labelled_share of them from the activity table",
    )
    kind: Literal["partial", "unbalanced"] = Field(
        default="partial",
        description="a fixed share goes nowhere, or as much as similarities below threshold ask",
    )
    nowhere: float = Field(
        default=0.5, ge=0, lt=1, description="kind partial: share of the mass that goes nowhere"
    )
    threshold: float = Field(
        default=0.5, ge=-1, le=1, description="kind unbalanced: cosine below which mass stays"
    )
    relaxation: float = Field(
        default=0.1, gt=0, description="kind unbalanced: price of departing from the marginals"
    )
    power: float = Field(
        default=0.5, ge=0, description="a target's marginal goes by its ligands to this power"
    )
    epsilon: float = Field(default=0.05, gt=0, description="of the entropy, in cosines")
    sharpen: float = Field(
        default=0.5, gt=0, le=1, description="labels are raised to 1/this; 1: left as they are"
    )
    temperature: float = Field(default=0.07, gt=0)
    warm_up: float = Field(
        default=0.3, ge=0, lt=1, description="share of the steps in which the weight rises from 0"
    )

    def rising(self, step: int, steps: int) -> float:
        """Weight at a step of so many: it rises from 0 over the first `warm_up` of them."""
        return self.weight * min(1.0, (step + 1) / max(self.warm_up * steps, 1))

    @model_validator(mode="after")
    def _belong_together(self) -> OverTargetsConfig:
        """Refuse teachers whom nobody follows, or whose plan cannot be made once."""
        if self.teachers and not self.weight:
            raise ValueError("over_targets.teachers are followed at a weight above 0 alone: set it")
        if self.teachers and self.kind != "partial":
            raise ValueError("over_targets.teachers make plans of kind partial alone")
        return self


class ShapesConfig(Config):
    """Overlays of pairs as a target of an auxiliary head; off at weight 0."""

    table: str = Field(
        default="overlays.parquet",
        description="overlays of pairs, as molsearch data overlays makes them, relative to the "
        "data folder",
    )
    weight: float = Field(default=0.0, ge=0, description="of reading overlays off embeddings")
    anchors: int = Field(default=32, ge=1, description="a step, each with all its pairs")
    shuffled: bool = Field(
        default=False, description="give each pair the overlay of another: a control"
    )


class AlignConfig(Config):
    """Agreement between what 3D and substructures say of a molecule; off at weight 0."""

    weight: float = Field(
        default=0.0,
        ge=0,
        description="of telling by the embedding of a molecule's substructures which 3D graph is "
        "its own among those of the step, and by the graph which substructures are",
    )
    temperature: float = Field(default=0.1, gt=0)
    molecules: int = Field(default=128, ge=2, description="with a conformer, a step; each twice")
    fixed: Literal["none", "geometry", "substructures"] = Field(
        default="none",
        description="the side that gets no gradient: none, so that either learns from the other; "
        "geometry, so that substructures alone learn; or substructures",
    )


class DistilConfig(Config):
    """Frozen encoders side by side, whose embeddings one encoder learns; off at weight 0."""

    teachers: tuple[str, ...] = Field(
        default=(), description="encoders, folders or bundled ones; a committee may be one"
    )
    weight: float = Field(default=0.0, ge=0, description="of following the teachers")
    molecules: int = Field(default=1024, ge=2, description="a step")
    labelled_share: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="of a step, drawn from the labelled molecules; the others are of "
        "soft.unlabelled",
    )
    loss: Literal["vectors", "similarities"] = Field(
        default="vectors",
        description="what is to be the teachers': each molecule's vector, or the similarities "
        "among a step's molecules",
    )

    @model_validator(mode="after")
    def _belong_together(self) -> DistilConfig:
        """Refuse teachers whom nobody follows, and nobody to follow."""
        if (self.weight > 0) != bool(self.teachers):
            raise ValueError("distil.teachers and distil.weight belong together: give both or none")
        return self
