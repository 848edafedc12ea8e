"""Measured inactives in training: which a step sees, as negatives and for the binary loss."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.sparse as sparse
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from molsearch.config import TrainConfig
from molsearch.data.sampler import PairBatch, PairSampler
from molsearch.data.store import GraphStore
from molsearch.losses.binary import binary_loss, class_margins, partly_detached
from molsearch.losses.gather import rank_and_size
from molsearch.train.heads import BIAS, MAP, VECTORS
from molsearch.train.learner import Learner, embed_view
from molsearch.train.prefixes import mean_over_prefixes

_STREAM = 4  # apart from the draws of pairs, unlabelled molecules and neighbourhoods


@dataclass(frozen=True, slots=True)
class Drawn:
    """Inactives of a step's pairs: rows int64 ``[B, k]``, and bool ``[B, k]``: which are there."""

    rows: NDArray[np.int64]
    there: NDArray[np.bool_]

    def part(self, pairs: slice) -> Drawn:
        """Keep those of some pairs."""
        return Drawn(self.rows[pairs], self.there[pairs])


class InactiveDraws:
    """Draws measured inactives of the targets of a step; by seed and step alone.

    Parameters
    ----------
    store
        K molecules.
    inactive_on
        Sparse bool ``[K, T]``, in the columns of the sampler's table.
    sampler
        Of the pairs, whose targets those are.
    """

    def __init__(
        self,
        config: TrainConfig,
        store: GraphStore,
        inactive_on: sparse.csr_matrix,
        sampler: PairSampler,
    ) -> None:
        self.config, self.store = config, store
        by_target = inactive_on[:, sampler.columns].tocsc()
        by_target.sort_indices()
        self._start = by_target.indptr.astype(np.int64)
        self._molecules = by_target.indices.astype(np.int64)
        self.margins = class_margins(
            torch.from_numpy(np.diff(self._start)),
            torch.from_numpy(sampler.n_ligands),
            config.inactives.margin,
        )

    def draw(self, step: int, targets: NDArray[np.int64]) -> Drawn:
        """Draw ``inactives.drawn`` of each target, int64 ``[B]``, perhaps one of them twice."""
        start = self._start[targets]
        count = self._start[targets + 1] - start
        random = np.random.default_rng([self.config.seed, _STREAM, step])
        shape = (len(targets), self.config.inactives.drawn)
        ahead = random.integers(0, np.maximum(count, 1)[:, None], shape)
        there = np.broadcast_to(count[:, None] > 0, shape)
        places = np.where(there, start[:, None] + ahead, 0)
        rows = self._molecules[places] if len(self._molecules) else np.zeros(shape, np.int64)
        return Drawn(rows, there.copy())

    def embed(self, learner: Learner, drawn: Drawn) -> Tensor:
        """Embed what was drawn, ``[B * k, dim]``; zeros where there is none."""
        z = torch.zeros(drawn.rows.size, learner.network.config.embedding_dim)
        z = z.to(learner.device)
        if not drawn.there.any():
            return z
        rows, place = np.unique(drawn.rows[drawn.there], return_inverse=True)
        found = embed_view(self.config, learner.network, self.store, rows)
        where = torch.from_numpy(np.flatnonzero(drawn.there.ravel())).to(z.device)
        return z.index_copy(0, where, found[torch.from_numpy(place).to(z.device)])

    def binary_term(
        self, learner: Learner, batch: PairBatch, ligands: Tensor, inactives: Tensor, drawn: Drawn
    ) -> Tensor:
        """Binary loss of this process's ligands ``[2 B, d]`` and inactives ``[B * k, d]``."""
        settings, device = self.config.inactives, ligands.device
        there = torch.from_numpy(drawn.there.ravel()).to(device)
        own = torch.from_numpy(batch.targets).to(device)
        targets = torch.cat([own, own, own.repeat_interleave(drawn.rows.shape[1])[there]])
        z = partly_detached(torch.cat([ligands, inactives[there]]), settings.gradient)
        loss = partial(
            binary_loss,
            bias=learner.heads[BIAS],
            targets=targets,
            is_active=torch.arange(len(targets), device=device) < len(ligands),
            temperature=self.config.prototype_temperature,
            margins=self.margins.to(device) if settings.margin > 0 else None,
            n_processes=rank_and_size()[1],
        )
        if settings.head == "linear":
            mapped = nn.functional.normalize(z @ learner.heads[MAP].T, dim=-1)
            return loss(mapped, nn.functional.normalize(learner.heads[VECTORS], dim=-1))
        assert learner.prototypes is not None
        widths = learner.network.config.matryoshka
        return mean_over_prefixes(loss, z, learner.prototypes, widths=widths)
