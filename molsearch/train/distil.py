"""Several frozen encoders as one: the student's embedding is to be theirs, reduced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.config import ModelConfig, TrainConfig
from molsearch.data.store import GraphStore, concatenate
from molsearch.losses.distillation import similarity_loss, vector_loss
from molsearch.losses.gather import rank_and_size
from molsearch.nn.encoder import Encoder
from molsearch.train.distil_targets import reduced
from molsearch.train.distributed import own_share
from molsearch.train.draws import mixed_rows
from molsearch.train.learner import Learner, embed_view
from molsearch.train.material import Material
from molsearch.train.method import F, Objective, Term
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.state import TrainState
from molsearch.train.teachers import side_by_side

_STREAM = 11  # apart from the draws of everything else
_LOSSES = {"vectors": vector_loss, "similarities": similarity_loss}


class Distil:
    """Draws molecules with and without labels, and holds embeddings against their targets.

    Parameters
    ----------
    molecules
        Those with labels, which are not looked at, then those without any.
    n_labelled
        How many have labels.
    targets
        Half precision ``[n, d]``, unit length: see `molsearch.train.distil_targets`.
    """

    def __init__(
        self,
        config: TrainConfig,
        molecules: GraphStore,
        n_labelled: int,
        targets: NDArray[np.float16],
    ) -> None:
        self.config, self.molecules = config, molecules
        self.targets = torch.from_numpy(targets)
        self._ends = n_labelled, len(molecules)

    def objective(self, step: int, learner: Learner) -> Objective:
        """Embed views of a step's molecules, and compare each prefix with its target's."""
        settings, size = self.config.distil, rank_and_size()[1]
        rows = self.draw(step)
        rows = rows[: len(rows) // size * size]
        own = rows[own_share(len(rows))]
        z = embed_view(self.config, learner.network.train(), self.molecules, own)
        targets = self.targets[torch.from_numpy(own)].to(z.device, torch.float32)
        widths = learner.network.config.matryoshka
        loss = mean_over_prefixes(_LOSSES[settings.loss], z, targets, widths=widths)
        report = {"distil": float(loss.detach())}
        return Objective(F, settings.weight * loss, len(rows), report)

    def draw(self, step: int) -> NDArray[np.int64]:
        """Return the molecules of a step, all different, by the seed and the step alone."""
        settings = self.config.distil
        stream = [self.config.seed, _STREAM, step]
        return mixed_rows(stream, self._ends, settings.molecules, settings.labelled_share)


class Distilled:
    """Trains f on what its teachers say alone."""

    learners: tuple[str, ...] = (F,)

    def __init__(self, term: Term) -> None:
        self.term = term

    def objectives(self, state: TrainState) -> Iterator[Objective]:
        """Yield the loss of the step's molecules."""
        yield self.term.objective(state.step, state.learners[F])


def distil_of(
    config: TrainConfig, material: Material, model: ModelConfig, teachers: Sequence[Encoder]
) -> Distil:
    """Embed all molecules by the teachers, once, and build the term.

    Raises
    ------
    UsageError
        The teachers have fewer dimensions together than the student.
    """
    stores = [material.store]
    if material.unlabelled is not None:
        stores.append(material.unlabelled)
    molecules = concatenate(stores)
    # Of all molecules at once: half the room.
    targets = reduced(side_by_side(teachers, molecules, np.float16), model.embedding_dim)
    return Distil(config, molecules, len(material.store), targets)
