"""Screening compounds in training: negatives that the pairs of a step have in common."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore, take
from molsearch.data.unlabelled import UnlabelledStream
from molsearch.losses.gather import rank_and_size
from molsearch.train.distributed import own_share
from molsearch.train.learner import Learner, embed_view
from molsearch.train.material import Material


class ScreeningDraws:
    """Draws molecules without labels, which stand for what a library is made of.

    Ligands of other targets alone never show an encoder what most of a library looks like. A few
    of the drawn may act on a target of the step without anybody having measured it: they are as
    rare as hits of a random screen.

    Parameters
    ----------
    stream
        Molecules without labels, none of which an evaluation draws from.
    """

    def __init__(self, config: TrainConfig, stream: UnlabelledStream) -> None:
        self.config, self.stream = config, stream

    @property
    def n_molecules(self) -> int:
        """Molecules that all processes embed a step, as many each."""
        size = rank_and_size()[1]
        return self.stream.batch_size // size * size

    def draw(self, step: int) -> GraphStore:
        """Return a step's compounds, of all processes."""
        return take(self.stream.draw(step), np.arange(self.n_molecules))

    def embed(self, learner: Learner, drawn: GraphStore) -> Tensor:
        """Embed this process's share of what was drawn, ``[K, dim]``, with gradient."""
        own = own_share(len(drawn))
        return embed_view(self.config, learner.network, drawn, np.arange(own.start, own.stop))


def screening_of(config: TrainConfig, material: Material) -> ScreeningDraws | None:
    """Build what a configuration asks for; None where it asks for no compounds.

    Raises
    ------
    InputError
        There are no molecules without labels.
    """
    if not config.screening.molecules:
        return None
    asked = config.screening.molecules
    stream = material.without_labels(asked, config.seed, asked_by="screening.molecules")
    return ScreeningDraws(config, stream)
