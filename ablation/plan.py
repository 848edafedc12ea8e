"""What an ablation asks: questions, variants, seeds and settings, read from one YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from molsearch.cli.train_config import read_config
from molsearch.config import Config, TrainConfig
from molsearch.errors import InputError, UsageError
from molsearch.train.learner import encoder_config
from molsearch.wrong import first_wrong

_NAME = r"^[a-z0-9][a-z0-9_-]*$"


class Variant(Config):
    """One way to train, and the encoder that is judged.

    In `set` the word ``{seed}`` stands for the seed of each run.

    `config` names a training configuration beside the plan; `run` names another variant (or
    ``question/variant``) instead, whose runs are looked at once more, for their other encoder or
    beside other variants.
    """

    name: str = Field(pattern=_NAME)
    label: str
    config: str = ""
    run: str = ""
    set: tuple[str, ...] = ()
    encoder: Literal["f", "g"] = "f"
    seeds: tuple[int, ...] = Field((), description="empty: the question's")
    against: str = Field("", description="variant to compare with; empty: the question's")
    x: float | None = Field(None, gt=0, description="place on the axis of a sweep")
    line: str = Field("", description="line of a sweep")

    @model_validator(mode="after")
    def _trains_or_looks(self) -> Variant:
        if bool(self.config) == bool(self.run):
            raise ValueError(f"variant {self.name}: give either config or run")
        if self.run and self.set:
            raise ValueError(f"variant {self.name}: the settings are those of {self.run}")
        return self


class Sweep(Config):
    """Axis of a question whose variants differ in an amount.

    With `measured`, a run's place is that count of its card (``pairs`` and the like).
    """

    x: str
    measured: str = ""


class Question(Config):
    """Variants that differ in what is asked, and in nothing else."""

    title: str
    asks: str
    budget: str
    reference: str
    seeds: tuple[int, ...] = Field(min_length=1)
    set: tuple[str, ...] = Field((), description="settings of all its variants")
    sweep: Sweep | None = None
    variants: tuple[Variant, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_agree(self) -> Question:
        names = [variant.name for variant in self.variants]
        if len(set(names)) < len(names):
            raise ValueError("two variants have one name")
        for name in (self.reference, *(v.against for v in self.variants)):
            if name and name not in names:
                raise ValueError(f"no variant {name!r}; there are {', '.join(names)}")
        sweep = self.sweep
        if sweep is not None and not sweep.measured and any(v.x is None for v in self.variants):
            raise ValueError("each variant of a sweep needs its x")
        return self

    def variant(self, name: str) -> Variant | None:
        """Look a variant up."""
        return next((one for one in self.variants if one.name == name), None)

    def seeds_of(self, variant: Variant) -> tuple[int, ...]:
        """Seeds that a variant is trained with."""
        return variant.seeds or self.seeds


class AblationPlan(Config):
    """All questions by name."""

    questions: dict[str, Question] = Field(min_length=1)

    @model_validator(mode="after")
    def _runs_exist(self) -> AblationPlan:
        for name, question in self.questions.items():
            for variant in question.variants:
                if not self.trained(name, variant)[1].config:
                    raise ValueError(f"{name}/{variant.name}: {variant.run} trains nothing itself")
        return self

    def trained(self, question: str, variant: Variant) -> tuple[str, Variant]:
        """Question and variant whose runs a variant looks at: itself, or what `run` names."""
        if not variant.run:
            return question, variant
        place, _, name = variant.run.rpartition("/")
        place = place or question
        found = self.questions[place].variant(name) if place in self.questions else None
        if found is None:
            raise ValueError(f"{question}/{variant.name}: there is no variant {variant.run!r}")
        return place, found


@dataclass(frozen=True, slots=True)
class Training:
    """One training run: its folder's name, configuration file and changes to it."""

    name: str
    config_file: Path
    changes: tuple[str, ...]

    def config(self) -> TrainConfig:
        """Resolve the configuration and check the encoder's part too.

        Raises
        ------
        UsageError
            A setting is unknown or out of range.
        """
        config = read_config(self.config_file, self.changes)
        try:
            encoder_config(config)
        except UsageError as error:
            raise UsageError(f"{self.name}: {error}") from None
        return config


def read_plan(path: Path) -> AblationPlan:
    """Read and check a plan.

    Raises
    ------
    InputError
        The file cannot be read.
    UsageError
        It is no plan.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(
            f"{path}: cannot be read as YAML ({' '.join(str(error).split())})"
        ) from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a mapping of questions; see configs/ablation.yaml")
    try:
        return AblationPlan.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{path}: {first_wrong(error, AblationPlan)}") from None


def chosen(plan: AblationPlan, only: Sequence[str]) -> list[str]:
    """Names of the questions asked for, in the plan's order; all where none is named.

    Raises
    ------
    UsageError
        There is no such question.
    """
    for name in only:
        if name not in plan.questions:
            raise UsageError(f"no question {name!r}; there are {', '.join(plan.questions)}")
    return [name for name in plan.questions if not only or name in only]


def job_of(
    plan: AblationPlan, folder: Path, question: str, variant: Variant, seed: int
) -> Training:
    """Build the run behind a variant and seed; `folder` is the plan's own.

    Examples
    --------
    The folder's name is ``QUESTION/VARIANT-SEED``, so runs can be looked up by hand.
    """
    place, trained = plan.trained(question, variant)
    settings = (*plan.questions[place].set, *trained.set)
    changes = (*(one.replace("{seed}", str(seed)) for one in settings), f"seed={seed}")
    return Training(f"{place}/{trained.name}-{seed}", folder / trained.config, changes)


def jobs(
    plan: AblationPlan, folder: Path, question: str
) -> Iterator[tuple[Training, Variant, int]]:
    """Yield the runs of a question, each with a variant that looks at it, and its seed.

    They come seed by seed, so that all variants have one before a second.
    """
    asked = plan.questions[question]
    seen: set[str] = set()
    for seed in dict.fromkeys(s for v in asked.variants for s in asked.seeds_of(v)):
        for variant in asked.variants:
            if seed not in asked.seeds_of(variant):
                continue
            job = job_of(plan, folder, question, variant, seed)
            if job.name not in seen:
                seen.add(job.name)
                yield job, variant, seed
