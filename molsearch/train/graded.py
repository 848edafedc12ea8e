"""The graded term: ligands of a target in the order of their activities, beside the pairs."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.data.activities import Activities
from molsearch.data.graded import GradedSampler
from molsearch.data.store import GraphStore
from molsearch.errors import InputError
from molsearch.losses.gather import rank_and_size
from molsearch.losses.graded import listwise_loss
from molsearch.losses.similarity import scaled_cosines
from molsearch.train.distributed import own_share
from molsearch.train.learner import Learner, embed_view
from molsearch.train.method import F, Objective
from molsearch.train.prefixes import mean_over_prefixes


class Graded:
    """Lists of ligands against their target's vector.

    Parameters
    ----------
    store
        Labelled molecules.
    lists
        Draws them.
    columns
        int64 ``[T]``: columns of the targets that have a vector, in the vectors' order.
    """

    def __init__(
        self,
        config: TrainConfig,
        store: GraphStore,
        lists: GradedSampler,
        columns: NDArray[np.int64],
    ) -> None:
        self.config, self.store, self.lists = config, store, lists
        self._place = np.full(int(columns.max()) + 1, -1)
        self._place[columns] = np.arange(len(columns))

    def objective(self, step: int, learner: Learner) -> Objective:
        """Embed the lists of a step and hold their ligands against each other."""
        settings, size = self.config.graded, rank_and_size()[1]
        batch = self.lists.draw(step)
        batch = batch.part(slice(len(batch.rows) // size * size))
        n_molecules = int(batch.there.sum())
        own = batch.part(own_share(len(batch.rows)))
        z = embed_view(self.config, learner.network.train(), self.store, own.rows.ravel())
        assert learner.prototypes is not None
        vectors = learner.prototypes[torch.from_numpy(self._place[own.targets]).to(z.device)]
        loss = partial(
            _lists,
            activities=torch.from_numpy(own.activities).to(z.device),
            there=torch.from_numpy(own.there).to(z.device),
            gap=settings.gap,
            temperature=settings.temperature,
        )
        found = mean_over_prefixes(loss, z, vectors, widths=learner.network.config.matryoshka)
        report = {"graded": float(found.detach())}
        return Objective(F, settings.weight * found, n_molecules, report)


def _lists(
    z: Tensor, vectors: Tensor, *, activities: Tensor, there: Tensor, gap: float, temperature: float
) -> Tensor:
    cosines = scaled_cosines(z, vectors, temperature)  # [G L, G]
    own = torch.arange(len(vectors), device=z.device).repeat_interleave(there.shape[1])
    logits = cosines.gather(1, own[:, None]).view(there.shape)
    return listwise_loss(logits, activities, there, gap=gap, n_processes=rank_and_size()[1])


def graded_of(
    config: TrainConfig, activities: Activities, store: GraphStore, columns: NDArray[np.int64]
) -> Graded:
    """Build the term that a configuration asks for.

    Raises
    ------
    InputError
        There are no activities, or no target has two that are far enough apart.
    """
    settings = config.graded
    refuse_without_values(config, activities, "graded orders the ligands")
    assert activities.pchembl is not None
    lists = GradedSampler(
        activities.acts_on,
        activities.pchembl,
        activities.kinds if settings.by_type else None,
        columns,
        lists=settings.lists,
        ligands=settings.ligands,
        gap=settings.gap,
        seed=config.seed,
    )
    if lists.lists < rank_and_size()[1]:
        raise InputError(
            f"{config.activities}: hardly a target has two ligands that are {settings.gap} apart "
            "in log units; lower graded.gap, or leave out graded"
        )
    return Graded(config, store, lists, columns)


def refuse_without_values(config: TrainConfig, activities: Activities, use: str) -> None:
    """Refuse activities that have no values where something needs them; `use` says what.

    Raises
    ------
    InputError
        There is no column ``pchembl``, or it holds no number above 0.
    """
    if activities.pchembl is None:
        raise InputError(f"{config.activities}: no column 'pchembl', by which {use}")
    if not (activities.pchembl.data > 0).any():
        raise InputError(f"{config.activities}: no number in column 'pchembl', by which {use}")
