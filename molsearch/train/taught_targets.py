"""Soft labels over targets by frozen teachers: one transport plan for a whole run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore, concatenate
from molsearch.errors import InputError, UsageError
from molsearch.losses.column_potentials import ColumnPotentials
from molsearch.losses.gather import rank_and_size
from molsearch.losses.over_targets import label_loss, sharpened
from molsearch.losses.partial_plan import partial_potentials
from molsearch.nn.encoder import Encoder
from molsearch.train.distributed import own_share
from molsearch.train.draws import mixed_rows
from molsearch.train.learner import Learner, embed_view
from molsearch.train.material import Material
from molsearch.train.method import F, Objective
from molsearch.train.over_targets import marginals_of, targets_a_molecule
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.teachers import side_by_side

#: Molecules of which the plan is solved; the rows of all others follow from its potentials.
N_SOLVED = 8192
_STREAM = 12  # apart from the draws of everything else
_AT_A_TIME = 16_384


class TaughtTargets:
    """Molecules, with labels and without, learn the targets that teachers transport them to.

    Parameters
    ----------
    molecules
        Those with labels, which are not looked at here, then those without any.
    n_labelled
        How many have labels.
    views
        Half precision ``[n, d]``: what the teachers see of the molecules.
    vectors
        float32 ``[T, d]``: what they see of the targets that have a prototype.
    marginals
        float32 ``[T]`` of sum one.

    Raises
    ------
    UsageError
        The plan does not converge.
    """

    def __init__(
        self,
        config: TrainConfig,
        molecules: GraphStore,
        n_labelled: int,
        views: NDArray[np.float16],
        vectors: Tensor,
        marginals: Tensor,
    ) -> None:
        self.config, self.molecules = config, molecules
        self.views, self.vectors = torch.from_numpy(views), vectors
        self._ends = n_labelled, len(molecules)
        self.potentials = self._solved(marginals)

    def _solved(self, marginals: Tensor) -> ColumnPotentials:
        settings = self.config.over_targets
        n = min(N_SOLVED, len(self.molecules))
        rows = self._rows(n, 0)
        found = partial_potentials(
            self._similarity(rows).double(),
            settings.epsilon,
            len(rows) * marginals,
            (1 - settings.nowhere) * len(rows),
        )
        if not found.converged:
            raise UsageError(
                "the transport plan over targets does not converge: raise over_targets.epsilon or "
                "over_targets.nowhere"
            )
        return found

    def _similarity(self, rows: NDArray[np.int64]) -> Tensor:
        return self.views[torch.from_numpy(rows)].float() @ self.vectors.T

    def _rows(self, n: int, step: int) -> NDArray[np.int64]:
        share = self.config.over_targets.labelled_share
        return mixed_rows([self.config.seed, _STREAM, step], self._ends, n, share)

    def labels(self, rows: NDArray[np.int64]) -> Tensor:
        """Return the labels of molecules, a row each, of which what goes nowhere is missing."""
        return sharpened(
            self.potentials.rows(self._similarity(rows)), self.config.over_targets.sharpen
        )

    def objective(self, step: int, learner: Learner) -> Objective:
        """Embed a step's molecules, and hold their targets against the teachers'."""
        settings, size = self.config.over_targets, rank_and_size()[1]
        rows = self._rows(settings.molecules, 1 + step)
        rows = rows[: len(rows) // size * size]
        own = rows[own_share(len(rows))]
        z = embed_view(self.config, learner.network.train(), self.molecules, own)
        labels = self.labels(own).to(z.device)
        assert learner.prototypes is not None
        loss = mean_over_prefixes(
            partial(label_loss, labels=labels, temperature=settings.temperature, n_processes=size),
            z,
            learner.prototypes,
            widths=learner.network.config.matryoshka,
        )
        weight = settings.rising(step, self.config.steps)
        report = {
            "over_targets": float(loss.detach()),
            "moved": float(labels.sum(1).mean()),
            "targets_a_molecule": targets_a_molecule(labels),
        }
        return Objective(F, weight * loss, len(rows), report)


def mean_vectors(
    views: NDArray[np.float16], acts_on: sparse.csr_matrix, widths: Sequence[int]
) -> Tensor:
    """Return the mean view of each target's ligands, that of every teacher of the same length.

    Parameters
    ----------
    views
        ``[n, d]`` of the teachers side by side.
    acts_on
        Sparse bool ``[n, T]``; every target has a ligand.
    widths
        Dimensions of the teachers, of sum d.

    Returns
    -------
    Tensor
        float32 ``[T, d]``, of unit length: its product with a view is a mean of cosines.
    """
    by_target = acts_on.T.tocsr().astype(np.float32)
    total = np.zeros((by_target.shape[0], views.shape[1]), np.float32)
    for first in range(0, len(views), _AT_A_TIME):
        part = slice(first, first + _AT_A_TIME)
        total += by_target[:, part] @ views[part].astype(np.float32)
    ends = np.cumsum([0, *widths])
    whole = torch.from_numpy(total)
    blocks = [nn.functional.normalize(whole[:, first:end], dim=1) for first, end in pairwise(ends)]
    return torch.cat(blocks, 1) / len(widths) ** 0.5


def taught_targets_of(
    config: TrainConfig,
    material: Material,
    columns: NDArray[np.int64],
    n_ligands: NDArray[np.int64],
    teachers: Sequence[Encoder],
) -> TaughtTargets:
    """Embed all molecules by the teachers, once, and transport them to their targets.

    Parameters
    ----------
    columns, n_ligands
        Of the activities, those targets that have a prototype, and how many ligands each has.

    Raises
    ------
    InputError
        There are no molecules without labels, and the run asks for some.
    UsageError
        The plan does not converge.
    """
    settings = config.over_targets
    stores = [material.store]
    if settings.labelled_share < 1:
        if material.unlabelled is None or not len(material.unlabelled):
            raise InputError(
                "there are no molecules without labels for over_targets: name soft.unlabelled, or "
                "set over_targets.labelled_share to 1"
            )
        stores.append(material.unlabelled)
    molecules, n = concatenate(stores), len(material.store)
    views = side_by_side(teachers, molecules, np.float16)
    acts_on = material.activities.acts_on[:, columns]
    vectors = mean_vectors(views[:n], acts_on, [teacher.dim for teacher in teachers])
    return TaughtTargets(config, molecules, n, views, vectors, marginals_of(config, n_ligands))
