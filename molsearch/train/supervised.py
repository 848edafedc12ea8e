"""The supervised method: pairs of ligands of one target draw together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.data.sampler import PairBatch, PairSampler
from molsearch.data.store import GraphStore
from molsearch.losses.activity_weights import activity_weights, promiscuity_weights
from molsearch.losses.gather import rank_and_size
from molsearch.losses.info_nce import info_nce
from molsearch.train.distributed import own_share
from molsearch.train.inactives import Drawn, InactiveDraws
from molsearch.train.learner import Learner, embed
from molsearch.train.method import F, Objective, Term
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.prototypes import prototype_term
from molsearch.train.state import TrainState
from molsearch.train.views import view_of


class Supervised:
    """Trains f on the labelled pairs, and on measured inactives of their targets if there are any.

    Parameters
    ----------
    store, sampler
        Labelled molecules, and which pairs of them a step sees.
    inactives
        Draws what was measured inactive; None: nothing.
    terms
        Further losses of f, run one after another behind that of the pairs.
    """

    learners: tuple[str, ...] = (F,)

    def __init__(
        self,
        config: TrainConfig,
        store: GraphStore,
        sampler: PairSampler,
        inactives: InactiveDraws | None = None,
        terms: Sequence[Term] = (),
    ) -> None:
        self.config = config
        self.store = store
        self.sampler = sampler
        self.inactives = inactives
        self.terms = terms

    def objectives(self, state: TrainState) -> Iterator[Objective]:
        """Yield the loss of the step's pairs."""
        batch = self.draw(state.step)
        loss, parts = self.pair_loss(state.learners[F], batch, state.step)
        report = parts if len(parts) > 1 else {}
        yield Objective(F, loss, self.n_molecules(batch, state.step), report)
        yield from self.further(state)

    def further(self, state: TrainState) -> Iterator[Objective]:
        """Yield what f learns beside the pairs."""
        for term in self.terms:
            yield term.objective(state.step, state.learners[F])

    def n_molecules(self, batch: PairBatch, step: int) -> int:
        """Molecules that all processes embed for a step's pairs."""
        n = 2 * len(batch.first)
        if self.inactives is None:
            return n
        drawn = self.inactives.draw(step, batch.targets)
        return n + len(np.unique(drawn.rows[drawn.there]))

    def draw(self, step: int) -> PairBatch:
        """Draw the pairs of a step for all processes, the same number for each."""
        batch = self.sampler.draw(step)
        size = rank_and_size()[1]
        kept = len(batch.first) // size * size
        return batch.part(slice(kept))

    def pair_loss(
        self, learner: Learner, batch: PairBatch, step: int
    ) -> tuple[Tensor, dict[str, float]]:
        """Embed this process's share of the pairs and compare it with all of them.

        Returns
        -------
        loss, parts
            The whole loss, and what it is made of: ``supervised``, the contrast of the pairs,
            and ``prototypes`` and ``binary`` where they take part.
        """
        own = batch.part(own_share(len(batch.first)))
        rows = np.concatenate([own.first, own.second])
        network = learner.network.train()
        z = embed(
            network,
            self.store,
            rows,
            micro_batch=self.config.micro_batch,
            view=view_of(self.config),
            recompute=self.config.gradient_caching,
        )
        first, second = z.chunk(2)
        shared = torch.from_numpy(batch.shares_target).to(z.device)
        prefixes = network.config.matryoshka
        weights, ligand_weights = self._weights(own, z.device)
        contrast: Callable[..., Tensor] = partial(
            info_nce,
            temperature=self.config.temperature,
            shares_target=shared,
            mode=self.config.shared_targets,
            weights=weights,
            gather=rank_and_size()[1] > 1,
        )
        views = [first, second]
        if self.inactives is not None:
            drawn = self.inactives.draw(step, batch.targets).part(own_share(len(batch.first)))
            inactive = self.inactives.embed(learner, drawn)
            if self.config.inactives.negatives > 0:
                contrast = self._against(contrast, drawn, z.device)
                views.append(inactive)
        loss = mean_over_prefixes(contrast, *views, widths=prefixes)
        parts = {"supervised": float(loss.detach())}
        if learner.prototypes is not None:
            term = prototype_term(
                z,
                learner.prototypes,
                own,
                self.sampler,
                temperature=self.config.prototype_temperature,
                prefixes=prefixes,
                weights=ligand_weights,
            )
            parts["prototypes"] = float(term.detach())
            loss = loss + self.config.prototypes * term
        if self.inactives is not None and self.config.inactives.binary > 0:
            term = self.inactives.binary_term(learner, own, z, inactive, drawn)
            parts["binary"] = float(term.detach())
            loss = loss + self.config.inactives.binary * term
        return loss, parts

    def _against(
        self, contrast: Callable[..., Tensor], drawn: Drawn, device: torch.device
    ) -> Callable[..., Tensor]:
        """Let pairs stand against inactives too, a third embedding of the contrast."""
        there = torch.from_numpy(drawn.there).to(device)
        weight = self.config.inactives.negatives

        def whole(first: Tensor, second: Tensor, inactive: Tensor) -> Tensor:
            return contrast(
                first, second, negatives=inactive, is_negative=there, negative_weight=weight
            )

        return whole

    def _weights(
        self, own: PairBatch, device: torch.device
    ) -> tuple[Tensor, Tensor] | tuple[None, None]:
        """Weights of the pairs ``[B]`` and of their ligands ``[2 B]``; None where all are alike."""
        pairs, ligands = None, None
        slope, exponent = self.config.activity_weight, self.config.promiscuity
        if slope > 0 and own.pchembl is not None:
            pchembl = torch.from_numpy(own.pchembl).to(device)
            pairs = activity_weights(pchembl, slope)
            ligands = activity_weights(pchembl.view(1, -1), slope)
        if exponent > 0:
            n_targets = self.sampler.acts_on(np.concatenate([own.first, own.second])).sum(1)
            each = promiscuity_weights(torch.from_numpy(n_targets), exponent).to(device)
            both = each.view(2, -1).prod(0).sqrt()
            pairs, ligands = (
                (both if pairs is None else pairs * both),
                (each if ligands is None else ligands * each),
            )
        if pairs is None or ligands is None:
            return None, None
        return pairs, ligands
