"""Training on a series: its actives draw together, away from inactives and the library."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from molsearch.config import TrainConfig
from molsearch.data.series_split import SeriesBatch, SeriesSampler
from molsearch.data.store import GraphStore, concatenate, take
from molsearch.losses.extra_negatives import info_nce_with_negatives
from molsearch.train.learner import embed
from molsearch.train.method import F, Objective
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.state import TrainState
from molsearch.train.views import view_of


class SeriesPairs:
    """The method: actives of a target draw together, away from inactives and the library."""

    learners: tuple[str, ...] = (F,)

    def __init__(
        self, config: TrainConfig, series: GraphStore, decoys: GraphStore, sampler: SeriesSampler
    ) -> None:
        self.config = config
        self.series = series
        self.decoys = decoys
        self.sampler = sampler

    def objectives(self, state: TrainState) -> Iterator[Objective]:
        """Yield the loss of the step's batch."""
        batch = self.sampler.draw(state.step)
        network = state.learners[F].network.train()
        store = self._molecules(batch)
        z = embed(
            network,
            store,
            np.arange(len(store)),
            micro_batch=self.config.micro_batch,
            view=view_of(self.config),
        )
        n = len(batch.first)
        shared, negative = (
            torch.from_numpy(mask).to(z.device) for mask in (batch.shares_target, batch.is_negative)
        )
        contrast = partial(
            info_nce_with_negatives,
            shares_target=shared,
            is_negative=negative,
            temperature=self.config.temperature,
        )
        parts = (z[:n], z[n : 2 * n], z[2 * n :])
        loss = mean_over_prefixes(contrast, *parts, widths=network.config.matryoshka)
        yield Objective(F, loss, len(store))

    def _molecules(self, batch: SeriesBatch) -> GraphStore:
        rows = np.concatenate([batch.first, batch.second, batch.inactives])
        return concatenate([take(self.series, rows), take(self.decoys, batch.decoys)])
