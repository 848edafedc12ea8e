"""The method that a configuration names, built over a run's material."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch

from molsearch.config import ModelConfig, TrainConfig
from molsearch.data.partners import Partners
from molsearch.data.sampler import PairSampler
from molsearch.nn.encoder import Encoder
from molsearch.train.align import Alignment
from molsearch.train.distil import Distilled, distil_of
from molsearch.train.graded import graded_of, refuse_without_values
from molsearch.train.inactives import InactiveDraws
from molsearch.train.material import Material
from molsearch.train.method import Term, TrainingMethod
from molsearch.train.over_targets import over_targets_of
from molsearch.train.screening import screening_of
from molsearch.train.self_supervised import SelfSupervised
from molsearch.train.semi_supervised import SemiSupervised, stream_of
from molsearch.train.shapes import Shapes
from molsearch.train.supervised import Supervised
from molsearch.train.taught import Taught, pool_of
from molsearch.train.taught_targets import taught_targets_of
from molsearch.train.teachers import load_teachers, side_by_side


def teachers_of(
    config: TrainConfig, model: ModelConfig, device: torch.device
) -> dict[str, list[Encoder]]:
    """Load the frozen encoders that a run learns from, by section; see `load_teachers`."""
    return {
        "soft": load_teachers(config, model, device, "soft"),
        "distil": load_teachers(config, model, device, "distil"),
        "over_targets": load_teachers(config, model, device, "over_targets"),
    }


def method_of(
    config: TrainConfig,
    material: Material,
    model: ModelConfig,
    teachers: Mapping[str, Sequence[Encoder]] = MappingProxyType({}),
) -> TrainingMethod:
    """Build the method that the configuration names, for a network of `model`.

    Parameters
    ----------
    teachers
        See `teachers_of`.
    """
    if config.method == "self_supervised":
        return SelfSupervised(config, stream_of(config, material.store, material.unlabelled))
    if config.method == "distilled":
        return Distilled(distil_of(config, material, model, teachers["distil"]))
    supervised = _supervised(config, material, model, teachers)
    if config.method == "supervised":
        return supervised
    if config.method == "taught":
        molecules, is_labelled = pool_of(config, material.store, material.unlabelled)
        views = side_by_side(teachers["soft"], molecules)
        return Taught(config, supervised, molecules, is_labelled, views)
    return SemiSupervised(
        config, supervised, stream_of(config, material.store, material.unlabelled)
    )


def _supervised(
    config: TrainConfig,
    material: Material,
    model: ModelConfig,
    teachers: Mapping[str, Sequence[Encoder]],
) -> Supervised:
    activities = material.activities
    if config.activity_weight > 0:
        refuse_without_values(config, activities, "activity_weight weighs the pairs")
    sampler = PairSampler(
        activities.acts_on,
        config.pairs_per_step,
        seed=config.seed,
        pchembl=activities.pchembl if config.activity_weight > 0 else None,
        partners=Partners(material.store, config.partners, model.n_buckets)
        if config.partners > 1
        else None,
        balance=config.balance,
    )
    inactives = None
    if material.inactives is not None:
        inactive_on = material.inactives.pairs.inactive_on
        inactives = InactiveDraws(config, material.inactives.store, inactive_on, sampler)
    terms: list[Term] = []
    if config.graded.weight > 0:
        terms.append(graded_of(config, activities, material.store, sampler.columns))
    if config.over_targets.weight > 0:
        terms.append(_over_targets(config, material, sampler, teachers))
    if material.overlays is not None:
        terms.append(Shapes(config, material.store, material.overlays))
    if config.align.weight > 0:
        terms.append(Alignment(config, material.store, sampler.acts_on))
    if config.distil.weight > 0:
        terms.append(distil_of(config, material, model, teachers["distil"]))
    screening = screening_of(config, material)
    return Supervised(config, material.store, sampler, inactives, terms, screening, model.n_buckets)


def _over_targets(
    config: TrainConfig,
    material: Material,
    sampler: PairSampler,
    teachers: Mapping[str, Sequence[Encoder]],
) -> Term:
    if not config.over_targets.teachers:
        return over_targets_of(config, material, sampler.n_ligands)
    return taught_targets_of(
        config, material, sampler.columns, sampler.n_ligands, teachers["over_targets"]
    )
