"""Soft labels over targets: molecules without labels, transported to the targets' vectors."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from molsearch.config import OverTargetsConfig, TrainConfig
from molsearch.data.store import take
from molsearch.data.unlabelled import UnlabelledStream
from molsearch.losses.gather import gather_rows, rank_and_size
from molsearch.losses.over_targets import label_loss, sharpened
from molsearch.losses.partial_plan import partial_plan, unbalanced_plan
from molsearch.losses.plan import TransportPlan
from molsearch.train.distributed import own_share
from molsearch.train.learner import Learner, embed_view
from molsearch.train.material import Material
from molsearch.train.method import F, Objective
from molsearch.train.prefixes import mean_over_prefixes


def target_plan(
    settings: OverTargetsConfig, similarity: Tensor, marginals: Tensor
) -> TransportPlan:
    """Transport n molecules, of one unit each, to targets.

    Parameters
    ----------
    similarity
        ``[n, T]`` cosines to the targets' vectors.
    marginals
        ``[T]``, the targets' shares of all mass, of sum one.
    """
    n = len(similarity)
    rows = torch.ones_like(similarity[:, 0])
    columns = n * marginals.to(similarity)
    if settings.kind == "partial":
        mass = (1 - settings.nowhere) * n
        return partial_plan(similarity, settings.epsilon, rows, columns, mass)
    return unbalanced_plan(
        similarity - settings.threshold, settings.epsilon, rows, columns, settings.relaxation
    )


def marginals_of(config: TrainConfig, n_ligands: NDArray[np.int64]) -> Tensor:
    """Return the targets' shares of all mass, float32 ``[T]`` of sum one, by their ligands."""
    share = n_ligands.astype(np.float64) ** config.over_targets.power
    return torch.from_numpy(share / share.sum()).float()


class OverTargets:
    """Each view of a molecule learns where the other one was transported to.

    Parameters
    ----------
    stream
        Molecules without labels, none of which an evaluation draws from.
    n_ligands
        int64 ``[T]`` of the targets that have a vector: their marginals go by its root.
    """

    def __init__(
        self, config: TrainConfig, stream: UnlabelledStream, n_ligands: NDArray[np.int64]
    ) -> None:
        self.config, self.stream = config, stream
        self.marginals = marginals_of(config, n_ligands)

    def objective(self, step: int, learner: Learner) -> Objective:
        """Embed two views of a step's molecules, and let each follow the other's plan."""
        settings, size = self.config.over_targets, rank_and_size()[1]
        drawn = self.stream.draw(step)
        n = len(drawn) // size * size
        own = own_share(n)
        molecules = take(drawn, np.arange(own.start, own.stop))
        assert learner.prototypes is not None
        vectors = learner.prototypes.detach()
        views = [
            embed_view(self.config, learner.network.train(), molecules, np.arange(len(molecules)))
            for _ in range(2)
        ]
        unit = nn.functional.normalize(vectors, dim=1)
        plans = [
            target_plan(settings, gather_rows(z.detach()) @ unit.T, self.marginals) for z in views
        ]
        labels = [sharpened(found.plan[own], settings.sharpen) for found in plans]
        widths = learner.network.config.matryoshka
        losses = [
            mean_over_prefixes(
                partial(label_loss, labels=q, temperature=settings.temperature, n_processes=size),
                z,
                vectors,
                widths=widths,
            )
            for z, q in zip(views, reversed(labels), strict=True)
        ]
        loss = 0.5 * (losses[0] + losses[1])
        weight = settings.rising(step, self.config.steps)
        sums = plans[0].plan.sum(1)
        report = {
            "over_targets": float(loss.detach()),
            "moved": float(sums.mean()),
            "targets_a_molecule": targets_a_molecule(labels[0]),
            "unconverged_targets": float(sum(not bool(found.converged) for found in plans)),
        }
        return Objective(F, weight * loss, 2 * n, report)


def targets_a_molecule(labels: Tensor) -> float:
    """Effective number of targets that a molecule's labels name, weighed by what was moved."""
    mass = labels.sum(1)
    entropy = torch.special.entr(labels / mass.clamp_min(1e-12)[:, None]).sum(1)
    return float((mass * entropy.exp()).sum() / mass.sum().clamp_min(1e-12))


def over_targets_of(
    config: TrainConfig, material: Material, n_ligands: NDArray[np.int64]
) -> OverTargets:
    """Build the term that a configuration asks for.

    Raises
    ------
    InputError
        There are no molecules without labels.
    """
    asked = config.over_targets.molecules
    stream = material.without_labels(asked, config.seed, asked_by="over_targets")
    return OverTargets(config, stream, n_ligands)
