"""What a training method is: objectives, one after another, for the encoders it trains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from torch import Tensor

from molsearch.train.learner import Learner
from molsearch.train.state import TrainState

#: Names of the encoders: supervised f, and g, which learns from f's similarities.
F, G = "f", "g"


@dataclass(frozen=True, slots=True)
class Objective:
    """A loss for one encoder.

    Attributes
    ----------
    learner
        Name of the encoder that answers for it.
    loss
        Scalar with gradient.
    n_molecules
        Molecules embedded with gradient for it, over all processes.
    report
        Figures to log.
    """

    learner: str
    loss: Tensor
    n_molecules: int
    report: dict[str, float] = field(default_factory=dict)


class TrainingMethod(Protocol):
    """One way of training."""

    @property
    def learners(self) -> tuple[str, ...]:
        """Names of the encoders it trains."""

    def objectives(self, state: TrainState) -> Iterator[Objective]:
        """Yield the losses of step ``state.step``.

        The loop runs each loss backward before it asks for the next, so that only one graph
        of activations is held; weights change after the last.
        """


class Term(Protocol):
    """A loss that an encoder learns beside its labelled pairs."""

    def objective(self, step: int, learner: Learner) -> Objective:
        """Return the loss of a step; the draw depends on the seed and the step alone."""
