"""Frozen encoders that others learn from: what they must read, and must not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.chem.counters import Buckets
from molsearch.config import ModelConfig, TrainConfig
from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.nn.encoder import Encoder
from molsearch.nn.weights import load_encoder


def load_teachers(
    config: TrainConfig,
    model: ModelConfig,
    device: torch.device,
    section: Literal["soft", "distil", "over_targets"] = "soft",
) -> list[Encoder]:
    """Load the frozen encoders that a section of a configuration names.

    Parameters
    ----------
    model
        The student's.

    Raises
    ------
    UsageError
        A teacher reads other substructures than the run's molecules are featurised with, or
        conformers that these do not have; or it knows what the run leaves out.
    """
    setting, paths = f"{section}.teachers", getattr(config, section).teachers
    buckets = Buckets.of(model)
    teachers = [load_encoder(path, device=str(device)) for path in paths]
    for path, teacher in zip(paths, teachers, strict=True):
        if teacher.buckets != buckets:
            raise UsageError(
                f"{setting}: {path}: its buckets are {teacher.buckets}; this run's are {buckets}; "
                "set model to the teacher's, or name another teacher"
            )
        if teacher.sees_geometry and not model.use_geometry:
            raise UsageError(
                f"{setting}: {path} looks at geometry, which this run does not featurise; set "
                "model.use_geometry, or name another teacher"
            )
        refuse_what_knows(setting, path, teacher, config)
    return teachers


def side_by_side(
    teachers: Sequence[Encoder],
    molecules: GraphStore,
    dtype: type[np.float16] | type[np.float32] = np.float32,
) -> NDArray[np.floating]:
    """Embed molecules by each teacher: ``[n, sum of their dimensions]``.

    Each block is divided by the root of their number, so that inner products are the mean of the
    teachers' cosines.
    """
    bounds = np.cumsum([0, *(teacher.dim for teacher in teachers)])
    views = np.empty((len(molecules), bounds[-1]), dtype)
    root = np.float32(np.sqrt(len(teachers)))
    for place, teacher in enumerate(teachers):
        views[:, bounds[place] : bounds[place + 1]] = teacher.encode_ensembles(molecules) / root
    return views


def refuse_what_knows(setting: str, path: str, encoder: Encoder, config: TrainConfig) -> None:
    """Refuse an encoder to build on that knows what the run leaves out; see `known_to`.

    Raises
    ------
    UsageError
        It does.
    """
    if known := known_to(encoder.card, config):
        raise UsageError(
            f"{setting}: {path} was trained on {known}, which this run leaves out; name another "
            "encoder"
        )


def known_to(card: Mapping[str, Any], config: TrainConfig) -> str:
    """Say what an encoder has learned from that a run leaves out; empty where nothing is known.

    What it was made of counts too: the parts of a committee, its own teachers.
    """
    for made in _configs(card.get("training")):
        if config.benchmark_molecules == "out" and made.get("benchmark_molecules") == "kept":
            return "benchmark molecules"
        if more := set(made.get("tiers", ())) - set(config.tiers):
            return f"tier {' and '.join(sorted(more))}"
        if config.hold_out_benchmark_targets and not made.get("hold_out_benchmark_targets"):
            return "benchmark targets"
        if config.homology and not _as_far(made, config, "homology", "max_identity"):
            return f"homologues above {config.max_identity} of targets that are held out"
        if config.far_from and not _kept_apart(made, config):
            return f"targets close to those of {' and '.join(config.far_from)}"
    return ""


def teacher_facts(teachers: Sequence[Encoder]) -> list[dict[str, Any]]:
    """Say on a card what its teachers are called, are, and were trained on."""
    return [encoder_facts(teacher, teacher.card.get("name")) for teacher in teachers]


def encoder_facts(encoder: Encoder, name: str | None) -> dict[str, Any]:
    """Say on a card what an encoder is that another was made of."""
    training = encoder.card.get("training")
    return {"name": name, "identity": encoder.identity, "training": training}


def _configs(training: object) -> Iterator[Mapping[str, Any]]:
    """Yield the settings of each training that an encoder rests on; empty where unknown."""
    if not isinstance(training, Mapping):
        yield {}
        return
    for name in ("parts", "teachers"):
        for one in training.get(name, ()):
            yield from _configs(one.get("training"))
    if "parts" not in training:  # a committee has not learned anything itself
        config = training.get("config")
        yield config if isinstance(config, Mapping) else {}


def _kept_apart(made: Mapping[str, Any], config: TrainConfig) -> bool:
    """Whether a training stayed as far from the targets of `config.far_from`.

    One that held out all benchmark targets stayed away from what is close to them too.
    """
    if set(config.far_from) <= set(made.get("far_from", ())):
        return _as_far(made, config, "homology", "far_identity")
    most = float(made.get("max_identity", 1.0))
    of_all = made.get("hold_out_benchmark_targets") and made.get("homology")
    return bool(of_all) and most <= config.far_identity


def _as_far(made: Mapping[str, Any], config: TrainConfig, table: str, identity: str) -> bool:
    """Whether a training kept as far from what it held out as `config` says."""
    most = float(getattr(config, identity))
    return bool(made.get(table)) and float(made.get(identity, 1.0)) <= most
