"""A training run from its material to an encoder folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from molsearch.config import TrainConfig
from molsearch.losses.gather import rank_and_size
from molsearch.nn.encoder import Encoder
from molsearch.train.align import read_out
from molsearch.train.digest import digest_of
from molsearch.train.distributed import is_first
from molsearch.train.finish import CHOSEN_BY, figures_of, finish
from molsearch.train.grow import grown, model_of
from molsearch.train.learner import Learner, with_weights
from molsearch.train.log import EVALUATIONS_FILE, LOG_FILE, Events, write_rows
from molsearch.train.loop import StepReport, start, train
from molsearch.train.material import Material
from molsearch.train.methods import method_of, teachers_of
from molsearch.train.prototypes import among_ligands
from molsearch.train.reference import reference_vectors
from molsearch.train.state import TrainState
from molsearch.train.teachers import teacher_facts

_LOG_EVERY = 50


@dataclass(frozen=True, slots=True)
class Hooks:
    """How a run reports: steps done, evaluations of an encoder at a step, and that it can begin."""

    on_step: Callable[[StepReport], None]
    on_evaluation: Callable[[int, str, dict[str, float]], None]
    on_ready: Callable[[], None] = lambda: None


def run_training(
    config: TrainConfig,
    material: Material,
    out: Path,
    device: torch.device,
    hooks: Hooks,
    parent: Encoder | None = None,
    teachers: Mapping[str, Sequence[Encoder]] | None = None,
) -> dict[str, Any]:
    """Train, choose encoder and checkpoint on the development screens, write encoder and card.

    Parameters
    ----------
    parent
        The encoder that training starts from.
    teachers
        See `teachers_of`, which loads them where they are not given.

    Returns
    -------
    dict
        The card; empty on all processes but the first.
    """
    network = grown(config, parent.network) if parent is not None else None
    model = model_of(config, parent)
    teachers = teachers or teachers_of(config, model, device)
    method = method_of(config, material, model, teachers)
    hooks.on_ready()
    n_targets = material.activities.n_trained_targets
    taught_by = [one for some in teachers.values() for one in some]
    data = digest_of(material, taught_by if parent is None else [parent, *taught_by])
    state = start(config, out, device, method.learners, network, n_targets=n_targets, data=data)
    if config.prototype_start == "ligands" and parent is not None and state.step == 0:
        _start_among_ligands(config, material, state, parent)
    events = Events(out, state.step) if is_first() else None

    def on_step(report: StepReport) -> None:
        if events is not None:
            events.add("train", report.row())
            hooks.on_step(report)

    def evaluate(name: str, learner: Learner, state: TrainState) -> float:
        average = read_out(config, with_weights(learner, learner.average))
        judged = Encoder(average, identity="", card={})
        table = figures_of(material, judged, reference_vectors(judged, material, config.seed))
        means = {
            str(n): float(v) for n, v in table.drop(columns="n").mean(numeric_only=True).items()
        }
        row = {"step": state.step, "encoder": name, **means}
        state.evaluations.append(row)
        if events is not None:
            events.add(f"development_{name}", row)
        hooks.on_evaluation(state.step, name, means)
        return means[CHOSEN_BY[config.chosen_by]]

    steps = train(
        state,
        config,
        method,
        out,
        on_step=on_step,
        evaluate=evaluate if material.screens is not None else None,
    )
    for step in steps:
        if is_first() and step % _LOG_EVERY == 0:
            _write_logs(out, state)
    if is_first():
        # Also where the last step was done by a run that was killed before it wrote them.
        _write_logs(out, state)
    if events is not None:
        events.close()
    facts = teacher_facts(taught_by)
    return _finish(config, material, state, out, parent, facts) if is_first() else {}


def _start_among_ligands(
    config: TrainConfig, material: Material, state: TrainState, parent: Encoder
) -> None:
    acts_on = material.activities.acts_on
    vectors = among_ligands(parent, material.store, acts_on, config.seed)
    for learner in state.learners.values():
        if learner.prototypes is not None:
            learner.prototypes.data.copy_(vectors)


def _finish(
    config: TrainConfig,
    material: Material,
    state: TrainState,
    out: Path,
    parent: Encoder | None,
    teachers: list[dict[str, Any]],
) -> dict[str, Any]:
    # Of equal encoders the later ships: it is the one that saw the unlabelled molecules.
    name, learner = max(reversed(state.learners.items()), key=lambda item: item[1].best[0])
    networks = {n: read_out(config, with_weights(x, x.chosen)) for n, x in state.learners.items()}
    run = {
        "encoder": name,
        "steps": state.step,
        "chosen_step": learner.best[1] or state.step,
        "molecule_passes": int(sum(row.get("molecules", 0) for row in state.history)),
        "seconds": round(sum(row["s"] for row in state.history)),
        "device": str(state.device),
        "processes": rank_and_size()[1],
        "parent": parent.identity if parent is not None else None,
        **({"teachers": teachers} if teachers else {}),
    }
    return finish(config, material, out, networks, shipped=name, run=run)


def _write_logs(out: Path, state: TrainState) -> None:
    write_rows(out / LOG_FILE, state.history)
    if state.evaluations:
        write_rows(out / EVALUATIONS_FILE, state.evaluations)
