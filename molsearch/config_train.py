"""How encoders are trained and tuned."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from molsearch.config_base import Config
from molsearch.terms import (
    AlignConfig,
    DistilConfig,
    GradedConfig,
    InactivesConfig,
    OverTargetsConfig,
    ScreeningConfig,
    ShapesConfig,
    SoftConfig,
)


def cooling_from(steps: int, cool_down: float) -> int:
    """Step from which on the rate falls: all before it are the same in a longer run."""
    return steps - max(round(steps * cool_down), 1)


class TrainConfig(Config):
    """How an encoder is trained."""

    name: str = "encoder"
    method: Literal[
        "supervised", "taught", "semi_supervised", "self_supervised", "distilled", "committee"
    ] = "supervised"
    parts: tuple[str, ...] = Field(
        default=(),
        description="method committee: trained encoders that stand side by side in the new one",
    )
    size: str = "small"
    model: dict[str, Any] = Field(default_factory=dict)
    start_from: str = Field("", description="encoder whose weights training starts from")
    data: str = Field(
        "",
        description="folder of the data, relative to the configuration file; "
        "empty: the variable MOLSEARCH_DATA",
    )
    activities: str = Field("activities.parquet", description="relative to the data folder")
    target_column: str = Field("uniprot", description="column of the activity table")
    tiers: tuple[str, ...] = Field(
        ("active",),
        min_length=1,
        description="values of the activity table's tier that count as acting on a target",
    )
    activities_limit: int | None = Field(
        None,
        gt=0,
        description="pairs of molecule and target, at random; molecules left without a target "
        "stay among those that are seen without labels",
    )
    conformers: str = Field("conformers", description="folder of prepared conformers, or empty")
    make_conformers: bool = Field(
        False, description="embed labelled and development molecules that have none"
    )
    development: str = Field("dev_screens.parquet", description="development screens, or empty")
    hold_out_benchmark_targets: bool = False
    homology: str = Field(
        "",
        description="table of sequence identity, relative to the data folder: close homologues "
        "of development targets (and of benchmark targets where these are held out) go too",
    )
    max_identity: float = Field(0.9, ge=0, le=1, description="to a target that is held out")
    far_from: tuple[Literal["dude", "litpcba", "muv"], ...] = Field(
        (), description="benchmarks to whose targets those that are close in sequence go too"
    )
    far_identity: float = Field(0.9, ge=0, le=1, description="to a target of far_from")
    benchmark_molecules: Literal["out", "kept"] = Field(
        "out",
        description="kept repeats a published protocol: a benchmark's actives stay as ligands of "
        "other targets, so its figures are of molecules that training may have seen",
    )
    seed: int = Field(20, ge=0, lt=2**32)
    steps: int = Field(1500, gt=0)
    pairs_per_step: int = Field(512, ge=2)
    partners: int = Field(
        1,
        ge=1,
        description="candidates for the second ligand of a pair, of which the least similar to "
        "the first by ECFP4 is taken; 1: any",
    )
    micro_batch: int = Field(
        64,
        gt=0,
        description="molecules forwarded at a time; 1,024 at least where no conformer is looked at "
        "and gradients are not cached",
    )
    gradient_caching: bool = Field(
        False,
        description="keep embeddings alone and forward each micro-batch once more for its "
        "gradient: memory of one micro-batch whatever the step's size",
    )
    temperature: float = Field(0.07, gt=0)
    shared_targets: Literal["mask", "positive"] = Field(
        "mask", description="what other pairs of a shared target are: left out, or positives"
    )
    likeness: float = Field(
        0.0,
        ge=0,
        description="weight of ECFP4 similarity beside the cosine where pairs are contrasted, as "
        "the default ranking adds it, so that the encoder learns what it leaves over; 0: none",
    )
    activity_weight: float = Field(
        0.0,
        ge=0,
        description="slope a of a pair's weight exp(a (p - 6)) in p, the mean pchembl of its "
        "ligands on the target; 0: all alike",
    )
    promiscuity: float = Field(
        0.0,
        ge=0,
        description="exponent b of a ligand's weight n^(-b) in n, the targets it acts on; 0: all "
        "alike",
    )
    balance: float = Field(
        0.0,
        ge=0,
        description="exponent c of a target's chance sqrt(n) g^(-c) in g, the targets that share "
        "its ligands, itself included; 0: by its own n ligands alone",
    )
    prototypes: float = Field(
        0.0,
        ge=0,
        description="weight of the labelled molecules against one learned vector a target",
    )
    prototype_start: Literal["random", "ligands"] = Field(
        "random",
        description="where the targets' vectors start: anywhere or, of a run with start_from, at "
        "the mean embedding of their ligands",
    )
    prototype_temperature: float = Field(0.07, gt=0)
    prototype_learning_rate: float = Field(5e-3, gt=0)
    learning_rate: float = Field(1e-3, gt=0)
    table_learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    warm_up: float = Field(0.05, ge=0, description="share of the steps or, from 1 on, their number")
    cool_down: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the steps at the end, over which the rate falls after it was "
        "constant, so that the run can be extended; 0: a half cosine, which cannot",
    )
    extend: str = Field(
        "",
        description="run of this configuration with a cool_down and fewer steps, which this one "
        "goes on from where its rate began to fall",
    )
    clip: float = Field(1.0, gt=0)
    ema: float = Field(0.998, ge=0, lt=1)
    coordinate_noise: float = Field(0.1, ge=0, description="standard deviation, Å")
    atom_masking: float = Field(0.0, ge=0, lt=1, description="share of atoms made unknown")
    shuffled_conformers: bool = Field(
        False,
        description="give each molecule the coordinates of another of as many atoms, in training "
        "and on the development screens: a control",
    )
    readout: Literal["whole", "substructures"] = Field(
        "whole",
        description="what is judged and written of a model with a 3D branch: the whole, or what "
        "it makes of molecules without a conformer, as an encoder that needs none",
    )
    checkpoint_minutes: float = Field(5.0, gt=0)
    evaluate_every: int = Field(500, gt=0)
    chosen_by: Literal["alone", "ranked"] = Field(
        "alone",
        description="which BEDROC of one query chooses among the evaluations: the encoder's "
        "alone, or that of the default ranking (with ECFP4 and rarity)",
    )
    int8_tables: bool = Field(
        False,
        description="keep the vectors of substructures in a byte a value in the encoder that is "
        "written, as a committee's always are: half the file",
    )
    soft: SoftConfig = SoftConfig()
    inactives: InactivesConfig = InactivesConfig()
    screening: ScreeningConfig = ScreeningConfig()
    graded: GradedConfig = GradedConfig()
    over_targets: OverTargetsConfig = OverTargetsConfig()
    shapes: ShapesConfig = ShapesConfig()
    align: AlignConfig = AlignConfig()
    distil: DistilConfig = DistilConfig()

    @model_validator(mode="after")
    def _belong_together(self) -> TrainConfig:
        """Refuse settings without those that they need."""
        self._check_taught()
        if self.prototype_start == "ligands" and not (self.start_from and self.prototypes):
            raise ValueError(
                "prototype_start ligands needs an encoder to embed them and vectors to start: set "
                "start_from and prototypes"
            )
        self._check_schedule()
        if self.far_from and not self.homology:
            raise ValueError("far_from needs the table of sequence identity: set homology")
        if self.method == "distilled" and not self.distil.teachers:
            raise ValueError("method distilled follows others: set distil.teachers")
        if self.method in ("self_supervised", "committee") and self.distil.teachers:
            raise ValueError(f"distil: method {self.method} follows no teachers")
        if (self.method == "committee") != bool(self.parts):
            raise ValueError("parts and method committee belong together: give both or none")
        self._check_committee()
        if self.inactives.binary > 0 and self.inactives.head == "embedding" and not self.prototypes:
            raise ValueError(
                "inactives.binary holds molecules against prototypes: set prototypes above 0, or "
                "inactives.head to linear"
            )
        for name, weight in (
            ("graded", self.graded.weight),
            ("over_targets", self.over_targets.weight),
        ):
            if weight > 0 and not self.prototypes:
                raise ValueError(f"{name} needs the targets' vectors: set prototypes above 0")
        return self

    def _check_taught(self) -> None:
        if (self.method == "taught") != bool(self.soft.teachers):
            raise ValueError("soft.teachers and method taught belong together: give both or none")
        if self.soft.likeness > 0 and self.method != "taught":
            raise ValueError("soft.likeness stands beside frozen teachers: set method taught")

    def _check_committee(self) -> None:
        if self.method != "committee":
            return
        if others := sorted({*self.model} - {"embedding_dim"}):
            raise ValueError(
                f"model.{others[0]}: a committee's parts are trained already; of model, "
                "embedding_dim alone can be set"
            )
        dim = self.model.get("embedding_dim", 1)
        if type(dim) is not int or dim < 1:
            raise ValueError(f"model.embedding_dim: {dim!r} is no whole number above 0")

    def _check_schedule(self) -> None:
        if 1 <= self.warm_up >= self.steps:
            raise ValueError(f"warm_up of {self.warm_up:g} steps: the run has {self.steps}")
        if self.cool_down and self.warm_up < 1:
            raise ValueError(
                "cool_down is for runs that can be extended, and a longer run would rise more "
                "slowly by a share: give warm_up as a number of steps"
            )
        cooling = cooling_from(self.steps, self.cool_down)
        if self.cool_down and cooling < self.warm_up:
            raise ValueError(
                f"cool_down begins at step {cooling:,}, within the warm_up of {self.warm_up:g}: "
                "raise steps, or lower either"
            )
        if self.extend and not self.cool_down:
            raise ValueError("extend needs a rate that was constant: set cool_down")

    @model_validator(mode="after")
    def _needs_no_activities(self) -> TrainConfig:
        """Refuse settings of labelled pairs where there are none."""
        if self.method not in ("self_supervised", "distilled"):
            return self
        for name, unused in (
            ("partners", self.partners == 1),
            ("prototypes", self.prototypes == 0),
            ("likeness", self.likeness == 0),
            ("activity_weight", self.activity_weight == 0),
            ("activities_limit", self.activities_limit is None),
            ("inactives", not self.inactives.on),
            ("screening", self.screening.molecules == 0),
            ("graded", self.graded.weight == 0),
            ("over_targets", self.over_targets.weight == 0),
            ("shapes", self.shapes.weight == 0),
            ("align", self.align.weight == 0),
            ("promiscuity", self.promiscuity == 0),
            ("balance", self.balance == 0),
            ("soft.supervised", self.soft.supervised == 0),
        ):
            if not unused:
                raise ValueError(f"{name}: method {self.method} looks at no activities")
        return self


class FinetuneConfig(Config):
    """How an encoder is tuned on a chemist's own series; the defaults are cautious."""

    name: str = "tuned"
    activities: str = ""
    seed: int = Field(20, ge=0, lt=2**32)
    steps: int = Field(200, gt=0, description="at most")
    pairs_per_step: int = Field(24, ge=2)
    negatives_per_step: int = Field(48, ge=2)
    micro_batch: int = Field(32, gt=0)
    learning_rate: float = Field(1e-4, gt=0)
    temperature: float = Field(0.07, gt=0)
    ema: float = Field(0.9, ge=0, lt=1)
    evaluate_every: int = Field(10, gt=0)
    patience: int = Field(5, gt=0, description="evaluations without a better figure")
    choosing_share: float = Field(0.2, gt=0, lt=0.5, description="of the actives")
    held_out_share: float = Field(0.2, gt=0, lt=0.5, description="of the actives")
    max_queries: int = Field(10, gt=0, description="a target")
    active_above: float = Field(6.0, description="least -log10 molar value of an active")
