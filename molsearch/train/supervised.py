"""The supervised method: pairs of ligands of one target draw together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from molsearch.config import TrainConfig
from molsearch.data.sampler import PairBatch, PairSampler
from molsearch.data.store import GraphStore
from molsearch.losses.gather import rank_and_size
from molsearch.losses.info_nce import info_nce
from molsearch.train.distributed import own_share
from molsearch.train.learner import Learner, embed
from molsearch.train.method import F, Objective
from molsearch.train.state import TrainState
from molsearch.train.views import view_of


class Supervised:
    """Trains f on the labelled pairs."""

    learners: tuple[str, ...] = (F,)

    def __init__(self, config: TrainConfig, store: GraphStore, sampler: PairSampler) -> None:
        self.config = config
        self.store = store
        self.sampler = sampler

    def objectives(self, state: TrainState) -> Iterator[Objective]:
        """Yield the loss of the step's pairs."""
        batch = self.draw(state.step)
        loss = self.pair_loss(state.learners[F], batch)
        yield Objective(F, loss, 2 * len(batch.first))

    def draw(self, step: int) -> PairBatch:
        """Draw the pairs of a step for all processes, the same number for each."""
        batch = self.sampler.draw(step)
        size = rank_and_size()[1]
        kept = len(batch.first) // size * size
        return PairBatch(batch.first[:kept], batch.second[:kept], batch.shares_target[:kept, :kept])

    def pair_loss(self, learner: Learner, batch: PairBatch) -> Tensor:
        """Embed this process's share of the pairs and compare it with all of them."""
        own = own_share(len(batch.first))
        rows = np.concatenate([batch.first[own], batch.second[own]])
        network = learner.network.train()
        z = embed(
            network,
            self.store,
            rows,
            micro_batch=self.config.micro_batch,
            view=view_of(self.config),
        )
        first, second = z.chunk(2)
        shared = torch.from_numpy(batch.shares_target).to(z.device)
        return self._nested(first, second, shared, network.config.matryoshka)

    def _nested(
        self, first: Tensor, second: Tensor, shared: Tensor, prefixes: tuple[int, ...]
    ) -> Tensor:
        """Mean InfoNCE over prefixes of the embeddings (Kusupati et al. 2022), renormalised."""
        losses = [
            info_nce(
                prefix(first, width),
                prefix(second, width),
                temperature=self.config.temperature,
                shares_target=shared,
                mode=self.config.shared_targets,
                gather=rank_and_size()[1] > 1,
            )
            for width in prefixes
        ]
        return torch.stack(losses).mean()


def prefix(embeddings: Tensor, width: int) -> Tensor:
    """Return the first `width` dimensions, renormalised: an embedding of its own."""
    return nn.functional.normalize(embeddings[:, :width], dim=-1)
