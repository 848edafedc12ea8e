"""Alignment: the 3D graph of a molecule and its substructures are to embed alike, either alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molsearch.config import ModelConfig, TrainConfig
from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.losses.gather import rank_and_size
from molsearch.losses.info_nce import info_nce
from molsearch.nn.network import Network
from molsearch.train.distributed import own_share
from molsearch.train.grow import without_geometry
from molsearch.train.learner import Learner, embed
from molsearch.train.method import F, Objective
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.views import Sees, view_of

_STREAM = 9  # apart from the draws of everything else


class Alignment:
    """Contrasts the 3D graphs of molecules with their substructures, both ways [1]_.

    One encoder embeds both: a molecule whose bag and environments are hidden, so that atoms,
    bonds and coordinates are all there is, and the same molecule without its conformer. Rows
    that share a target are no negatives.

    References
    ----------
    .. [1] Stärk et al. 2022, 3D Infomax, https://arxiv.org/abs/2110.04126

    Parameters
    ----------
    store
        Labelled molecules, of which those with a conformer are drawn.
    acts_on
        Which targets rows act on, bool ``[n, n_targets]``.

    Raises
    ------
    UsageError
        Fewer than two molecules have a conformer.
    """

    def __init__(
        self,
        config: TrainConfig,
        store: GraphStore,
        acts_on: Callable[[NDArray[np.int64]], NDArray[np.bool_]],
    ) -> None:
        self.config, self.store, self.acts_on = config, store, acts_on
        self.rows = np.flatnonzero(store.has_geometry)
        if len(self.rows) < 2:
            raise UsageError(
                "align: fewer than two labelled molecules have a conformer; name a folder of them "
                "(conformers), or set make_conformers: true"
            )

    def draw(self, step: int) -> NDArray[np.int64]:
        """Return the molecules of a step for all processes, as many for each."""
        random = np.random.default_rng([self.config.seed, _STREAM, step])
        n, size = min(self.config.align.molecules, len(self.rows)), rank_and_size()[1]
        chosen = random.choice(self.rows, n // size * size, replace=False)
        return chosen.astype(np.int64)

    def objective(self, step: int, learner: Learner) -> Objective:
        """Embed a step's molecules by either side alone, and hold the two against each other."""
        settings = self.config.align
        rows = self.draw(step)
        acts = torch.from_numpy(self.acts_on(rows)).to(learner.device, torch.float32)
        own = rows[own_share(len(rows))]
        geometry = self._seen(learner, own, "geometry")
        substructures = self._seen(learner, own, "substructures")
        contrast = partial(
            info_nce,
            temperature=settings.temperature,
            shares_target=acts @ acts.T > 0,
            gather=rank_and_size()[1] > 1,
        )
        widths = learner.network.config.matryoshka
        loss = mean_over_prefixes(contrast, geometry, substructures, widths=widths)
        report = {"align": float(loss.detach()), "aligned": recognised(geometry, substructures)}
        return Objective(F, settings.weight * loss, 2 * len(rows), report)

    def _seen(self, learner: Learner, rows: NDArray[np.int64], sees: Sees) -> Tensor:
        with torch.no_grad() if self.config.align.fixed == sees else nullcontext():
            return embed(
                learner.network.train(),
                self.store,
                rows,
                micro_batch=self.config.micro_batch,
                view=replace(view_of(self.config), sees=sees),
                recompute=self.config.gradient_caching,
            )


def recognised(first: Tensor, second: Tensor) -> float:
    """Share of the rows of `first` whose nearest row of `second` is their own."""
    nearest = (first.detach() @ second.detach().T).argmax(1)
    return float((nearest == torch.arange(len(first), device=nearest.device)).float().mean())


def read_out(config: TrainConfig, network: Network) -> Network:
    """Return what a run judges and writes: the whole network, or its substructures alone."""
    return without_geometry(network) if config.readout == "substructures" else network


def refuse_without_geometry(config: TrainConfig, model: ModelConfig) -> None:
    """Refuse settings of a 3D branch for a model that lacks it, before molecules are read.

    Raises
    ------
    UsageError
        There is no 3D branch, or nothing beside it.
    """
    if model.use_geometry and model.use_substructure:
        return
    for name, unused in (
        ("align", config.align.weight == 0),
        ("readout", config.readout == "whole"),
        ("shuffled_conformers", model.use_geometry or not config.shuffled_conformers),
    ):
        if not unused:
            raise UsageError(
                f"{name} needs substructures and a 3D branch: set model.use_geometry and "
                "model.use_substructure to true"
            )
