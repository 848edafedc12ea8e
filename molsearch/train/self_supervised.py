"""The self-supervised method: two corrupted views of a molecule draw together, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from molsearch.config import TrainConfig
from molsearch.data.store import take
from molsearch.data.unlabelled import UnlabelledStream
from molsearch.losses.gather import rank_and_size
from molsearch.losses.info_nce import info_nce
from molsearch.train.distributed import own_share
from molsearch.train.learner import embed_view
from molsearch.train.method import G, Objective
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.state import TrainState


class SelfSupervised:
    """Trains g on molecules alone; no activity is used.

    A molecule is embedded twice, each time with its own environments dropped, its conformer
    hidden or not, noise on its coordinates, and dropout. Its other view is the positive of
    symmetric InfoNCE, all other molecules of the step are negatives: SimCLR [1]_, of which
    S-MolSearch's ablation keeps the idea and names no details. Soft labels made by g itself
    would be no baseline: from random weights they say only that a molecule is like itself.

    References
    ----------
    .. [1] SimCLR: https://arxiv.org/abs/2002.05709

    Parameters
    ----------
    stream
        Molecules, the same in each step as those of soft labels would be.
    """

    learners: tuple[str, ...] = (G,)

    def __init__(self, config: TrainConfig, stream: UnlabelledStream) -> None:
        self.config = config
        self.stream = stream

    def objectives(self, state: TrainState) -> Iterator[Objective]:
        """Yield the contrast of the step's molecules with each other."""
        size = rank_and_size()[1]
        molecules = self.stream.draw(state.step)
        n = len(molecules) // size * size
        own = own_share(n)
        network = state.learners[G].network.train()
        z = embed_view(
            self.config,
            network,
            take(molecules, np.arange(own.start, own.stop)),
            np.tile(np.arange(n // size), 2),
        )
        first, second = z.chunk(2)
        contrast = partial(info_nce, temperature=self.config.soft.temperature, gather=size > 1)
        loss = mean_over_prefixes(contrast, first, second, widths=network.config.matryoshka)
        yield Objective(G, loss, 2 * n)
