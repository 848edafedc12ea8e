"""The training loop: steps of a method, averages, evaluations, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from molsearch.config import TrainConfig
from molsearch.config_train import cooling_from
from molsearch.errors import UsageError
from molsearch.nn.network import Network
from molsearch.train.distributed import agreed, average_gradients, is_first, part_seeds
from molsearch.train.heads import heads_of
from molsearch.train.learner import Learner, encoder_config, follow, new_learner, step_down
from molsearch.train.method import TrainingMethod
from molsearch.train.prototypes import n_prototypes
from molsearch.train.schedule import rate
from molsearch.train.state import (
    STEM_FILE,
    TrainState,
    extend_run,
    resume_checkpoint,
    save_checkpoint,
)

#: Steps in a row without a plan that converges, after which a run stops.
LOST = 10
#: Columns of the log that count such plans, and the setting that makes them easier.
_PLANS = {"unconverged": "soft.regularisation", "unconverged_targets": "over_targets.epsilon"}
#: Judges an encoder in its present state: its name, itself, the step. Higher is better.
Evaluate = Callable[[str, Learner, TrainState], float]


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did: number, whole loss, seconds, molecules embedded, and figures."""

    step: int
    loss: float
    seconds: float
    n_molecules: int
    figures: dict[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, float]:
        """One row of the run's log."""
        head = {"step": self.step, "loss": self.loss, "s": self.seconds}
        return {**head, "molecules": self.n_molecules, **self.figures}


def start(
    config: TrainConfig,
    folder: Path,
    device: torch.device,
    names: Sequence[str] = ("f",),
    parent: Network | None = None,
    *,
    n_targets: int = 0,
    data: str = "",
) -> TrainState:
    """Build a run, continuing from the checkpoint in `folder` where there is one.

    Parameters
    ----------
    names
        The encoders to train.
    parent
        Where all of them start from; None for random weights.
    n_targets
        Training targets, each with a vector of its own where the configuration wants them.
    data
        Digest of what the run learns from (`molsearch.train.digest`).
    """
    torch.manual_seed(config.seed)
    dim = (parent.config if parent is not None else encoder_config(config)).embedding_dim
    learners = {
        name: new_learner(
            config,
            device,
            parent,
            n_prototypes=n_prototypes(config, name, n_targets),
            heads=heads_of(config, name, n_targets=n_targets, dim=dim),
        )
        for name in names
    }
    state = TrainState(learners, data=data)
    part_seeds(config.seed)
    if not resume_checkpoint(folder, state, config) and config.extend:
        extend_run(Path(config.extend), state, config)
    return state


def train(
    state: TrainState,
    config: TrainConfig,
    method: TrainingMethod,
    folder: Path,
    *,
    on_step: Callable[[StepReport], None],
    evaluate: Evaluate | None = None,
) -> Iterator[int]:
    """Run the remaining steps, yielding each step's number once it is wholly done.

    A checkpoint is written every `checkpoint_minutes` and after each evaluation; the weights
    with the best development figure are kept in each learner. One is kept from where a constant
    rate begins to fall: longer runs go on from there.
    """
    saved = time.monotonic()
    stem = cooling_from(config.steps, config.cool_down) if config.cool_down else None
    while state.step < config.steps:
        if state.step == stem:
            save_checkpoint(folder, state, config, STEM_FILE)
        report = one_step(state, config, method)
        state.history.append(report.row())
        refuse_lost_plans(state.history)
        on_step(report)
        last = state.step == config.steps
        if evaluate is not None and (last or state.step % config.evaluate_every == 0):
            if is_first():
                _judge(state, evaluate)
            saved = -math.inf
        due = last or time.monotonic() - saved > 60 * config.checkpoint_minutes
        if agreed(due, state.device):
            save_checkpoint(folder, state, config)
            saved = time.monotonic()
        yield state.step


def refuse_lost_plans(history: Sequence[Mapping[str, float]]) -> None:
    """Stop a run whose transport plans fail step after step: its labels mean nothing.

    Raises
    ------
    UsageError
        No plan of the last `LOST` steps converged.
    """
    recent = history[-LOST:]
    for name, setting in _PLANS.items():
        if len(recent) == LOST and all(row.get(name, 0) > 0 for row in recent):
            raise UsageError(
                f"the transport plans of {LOST} steps in a row did not converge (the last of them "
                f"{int(recent[-1]['step'])}): raise {setting}"
            )


def one_step(state: TrainState, config: TrainConfig, method: TrainingMethod) -> StepReport:
    """Run every objective of the method backward, then step down for every encoder.

    Raises
    ------
    UsageError
        If a loss is not finite.
    """
    began = time.monotonic()
    for learner in state.learners.values():
        learner.optimizer.zero_grad(set_to_none=True)
    total, n_molecules = 0.0, 0
    figures: dict[str, float] = {}
    for objective in method.objectives(state):
        value = float(objective.loss.detach())
        if not math.isfinite(value):
            raise UsageError(
                f"the loss of step {state.step + 1} is {value}: lower learning_rate (and "
                "table_learning_rate, where a run has one), and start anew"
            )
        objective.loss.backward()  # type: ignore[no-untyped-call]
        total += value
        n_molecules += objective.n_molecules
        figures |= objective.report
    factor = rate(state.step, config.steps, config.warm_up, config.cool_down)
    for learner in state.learners.values():
        average_gradients(learner.network, learner.beside)
        step_down(learner, factor=factor, clip=config.clip)
        follow(learner, config.ema, state.step)
    state.step += 1
    return StepReport(state.step, total, time.monotonic() - began, n_molecules, figures)


def _judge(state: TrainState, evaluate: Evaluate) -> None:
    for name, learner in state.learners.items():
        figure = evaluate(name, learner, state)
        if figure > learner.best[0]:
            learner.best = (figure, state.step)
            learner.best_average = {n: t.clone() for n, t in learner.average.items()}
