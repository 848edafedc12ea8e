"""Shape as a target: an auxiliary head reads the overlay of a pair off its embeddings."""

from __future__ import annotations

import numpy as np
import torch

from molsearch.config import TrainConfig
from molsearch.data.overlay_pairs import OverlayPairs
from molsearch.data.store import GraphStore
from molsearch.losses.gather import rank_and_size
from molsearch.losses.pair_regression import pair_regression
from molsearch.train.distributed import own_share
from molsearch.train.heads import SHAPE_LINE, SHAPE_MAP
from molsearch.train.learner import Learner, embed_view
from molsearch.train.method import F, Objective


class Shapes:
    """Regresses overlays of pairs of labelled molecules.

    Parameters
    ----------
    store
        Labelled molecules.
    pairs
        Overlays among them.
    """

    def __init__(self, config: TrainConfig, store: GraphStore, pairs: OverlayPairs) -> None:
        self.config, self.store = config, store
        self.pairs = pairs.shuffled(config.seed) if config.shapes.shuffled else pairs

    def objective(self, step: int, learner: Learner) -> Objective:
        """Embed the pairs of a step, each molecule once, and compare with their overlays."""
        settings, size = self.config.shapes, rank_and_size()[1]
        chosen = self.pairs.draw(step, settings.anchors, self.config.seed)
        chosen = chosen[: len(chosen) // size * size]
        own = chosen[own_share(len(chosen))]
        both = np.concatenate([self.pairs.first[own], self.pairs.second[own]])
        rows, place = np.unique(both, return_inverse=True)
        z = embed_view(self.config, learner.network.train(), self.store, rows)
        first, second = z[torch.from_numpy(place).to(z.device)].chunk(2)
        loss = pair_regression(
            first,
            second,
            learner.heads[SHAPE_MAP],
            learner.heads[SHAPE_LINE],
            torch.from_numpy(self.pairs.overlay[own] - self.pairs.mean).to(z.device),
            spread=self.pairs.spread,
        )
        every = np.concatenate([self.pairs.first[chosen], self.pairs.second[chosen]])
        report = {"shapes": float(loss.detach())}
        return Objective(F, settings.weight * loss, len(np.unique(every)), report)
