"""The supervised method: pairs of ligands of one target draw together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.data.partners import fingerprints
from molsearch.data.sampler import PairBatch, PairSampler
from molsearch.data.store import GraphStore
from molsearch.losses.activity_weights import activity_weights, promiscuity_weights
from molsearch.losses.gather import rank_and_size
from molsearch.losses.info_nce import info_nce
from molsearch.train.distributed import own_share
from molsearch.train.inactives import InactiveDraws
from molsearch.train.learner import Learner, embed_view
from molsearch.train.likeness import weighed_likeness
from molsearch.train.method import F, Objective, Term
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.prototypes import prototype_term
from molsearch.train.screening import ScreeningDraws
from molsearch.train.state import TrainState


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
    screening
        Draws compounds that are negatives of every pair; None: none.
    n_environments
        Buckets of circular environments in the bags, of which ECFP4 are made where likeness counts.
    """

    learners: tuple[str, ...] = (F,)

    def __init__(
        self,
        config: TrainConfig,
        store: GraphStore,
        sampler: PairSampler,
        inactives: InactiveDraws | None = None,
        terms: Sequence[Term] = (),
        screening: ScreeningDraws | None = None,
        n_environments: int = 0,
    ) -> None:
        self.config = config
        self.store = store
        self.sampler = sampler
        self.inactives = inactives
        self.terms = terms
        self.screening = screening
        self.n_environments = n_environments

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
        if self.screening is not None:
            n += self.screening.n_molecules
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
        z = embed_view(self.config, network, self.store, rows)
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
            likeness=self._likeness(batch.first, batch.second, z.device),
            gather=rank_and_size()[1] > 1,
        )
        views: dict[str, Tensor] = {}
        if self.screening is not None:
            compounds = self.screening.draw(step)
            views["common"] = self.screening.embed(learner, compounds)
            known = self._likeness_of_compounds(own, compounds, z.device)
            contrast = partial(contrast, common_likeness=known)
        if self.inactives is not None:
            drawn = self.inactives.draw(step, batch.targets).part(own_share(len(batch.first)))
            inactive = self.inactives.embed(learner, drawn)
            if self.config.inactives.negatives > 0:
                contrast = partial(
                    contrast,
                    is_negative=torch.from_numpy(drawn.there).to(z.device),
                    negative_weight=self.config.inactives.negatives,
                )
                views["negatives"] = inactive
        loss = mean_over_prefixes(
            _naming(contrast, list(views)), first, second, *views.values(), widths=prefixes
        )
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

    def _likeness(
        self, first: NDArray[np.int64], second: NDArray[np.int64], device: torch.device
    ) -> Tensor | None:
        """Weigh what ECFP4 says of each first and second ligand ``[N, N]``; None: nothing."""
        if not self.config.likeness:
            return None
        return self._weighed(self._prints(first), self._prints(second), device)

    def _likeness_of_compounds(
        self, own: PairBatch, compounds: GraphStore, device: torch.device
    ) -> Tensor | None:
        """Weigh what it says of this process's ligands and a step's compounds, ``[2, B, K]``."""
        if not self.config.likeness:
            return None
        prints = fingerprints(compounds, np.arange(len(compounds)), self.n_environments)
        ligands = (own.first, own.second)
        views = [self._weighed(self._prints(rows), prints, device) for rows in ligands]
        return torch.stack(views)

    def _prints(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return fingerprints(self.store, rows, self.n_environments)

    def _weighed(
        self, first: NDArray[np.uint8], second: NDArray[np.uint8], device: torch.device
    ) -> Tensor:
        return weighed_likeness(first, second, self.config.likeness, device)

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


def _naming(contrast: Callable[..., Tensor], names: Sequence[str]) -> Callable[..., Tensor]:
    """Let a loss of two views take further embeddings, which it knows by names, in their order."""

    def whole(first: Tensor, second: Tensor, *others: Tensor) -> Tensor:
        return contrast(first, second, **dict(zip(names, others, strict=True)))

    return whole
