"""The taught method: labelled pairs, and soft labels that frozen encoders make by transport."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.config import TrainConfig
from molsearch.data.neighbourhoods import Neighbourhoods, nearest
from molsearch.data.partners import fingerprints
from molsearch.data.store import GraphStore, concatenate, take
from molsearch.errors import UsageError
from molsearch.losses.gather import gather_rows, rank_and_size
from molsearch.losses.soft_contrastive import soft_contrastive
from molsearch.train.distributed import own_share
from molsearch.train.learner import Learner, embed_view
from molsearch.train.memory import check_memory, remember, remembered, remembered_embeddings
from molsearch.train.method import F, Objective
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.state import TrainState
from molsearch.train.supervised import Supervised
from molsearch.train.taught_labels import Seen, labels_among

_POOL = 3  # stream of the pool's draw
_BLOCK = 8192


class Taught:
    """Trains f on labelled pairs and on the soft labels of frozen teachers.

    A step's molecules are anchors, labelled and not, each with some of its nearest in the
    teachers' space; the teachers' mean similarity becomes a transport plan without diagonal
    (`molsearch.losses.neighbour_plan`), which f's own similarities are to follow. ECFP4 may count
    beside the teachers, for neighbours and plans alike: it tells close analogues apart, which
    labelled pairs alone unlearn. With a memory the plan goes to molecules of earlier steps too, as
    f embedded them then.

    Parameters
    ----------
    supervised
        The labelled side.
    molecules, is_labelled
        The pool, and bool ``[n]``.
    views
        float32 ``[n, d]``: what the teachers see, so that inner products are mean similarities.
    """

    learners: tuple[str, ...] = (F,)

    def __init__(
        self,
        config: TrainConfig,
        supervised: Supervised,
        molecules: GraphStore,
        is_labelled: NDArray[np.bool_],
        views: NDArray[np.float32],
    ) -> None:
        soft = config.soft
        check_memory(soft, len(molecules))
        self.config = config
        self.supervised = supervised
        self.molecules = molecules
        prints = _prints(molecules, supervised.n_environments) if soft.likeness > 0 else None
        self.seen = Seen(torch.from_numpy(views), prints)
        near = nearest(self.seen.wide(soft.likeness), soft.nearest)
        anchors = max(1, soft.molecules_per_step // (1 + soft.companions))
        self.structure = Neighbourhoods(near, is_labelled, anchors, soft.companions, config.seed)

    def objectives(self, state: TrainState) -> Iterator[Objective]:
        """Yield the loss of the step's pairs, then that of its soft labels."""
        yield from self.supervised.objectives(state)
        yield self._soft(state, state.learners[F])

    def _soft(self, state: TrainState, learner: Learner) -> Objective:
        soft, size = self.config.soft, rank_and_size()[1]
        rows = self.structure.draw(state.step)
        rows = rows[: len(rows) // size * size]
        own = own_share(len(rows))
        z = embed_view(self.config, learner.network.train(), self.molecules, rows[own])
        labels = labels_among(self.seen, rows, remembered(state), soft, z.device)
        cross_entropy = partial(
            soft_contrastive,
            labels=labels.plan[own],
            temperature=soft.temperature,
            exclude_diagonal=True,
            gather=size > 1,
            weights=labels.weights[own] if soft.confidence > 0 else None,
        )
        widths = learner.network.config.matryoshka
        if labels.excluded is None:
            match = mean_over_prefixes(cross_entropy, z, widths=widths)
        else:
            excluded, old = labels.excluded[own], remembered_embeddings(state)
            match = mean_over_prefixes(
                lambda one, more: cross_entropy(one, memory=more, excluded=excluded),
                z,
                old,
                widths=widths,
            )
        if soft.memory:
            remember(state, rows, gather_rows(z.detach()), soft.memory)
        report = {**labels.report, "soft": float(match.detach())}
        return Objective(F, soft.weight * match, len(rows), report)


def pool_of(
    config: TrainConfig, labelled: GraphStore, unlabelled: GraphStore | None
) -> tuple[GraphStore, NDArray[np.bool_]]:
    """Draw the molecules among which neighbours are sought, and say which have labels."""
    random = np.random.default_rng([config.seed, _POOL])
    n_labelled = config.soft.pool
    if unlabelled is not None and len(unlabelled):
        n_labelled = round(config.soft.pool * config.soft.labelled_share)
    parts = [_drawn(random, labelled, n_labelled)]
    if unlabelled is not None and len(unlabelled):
        parts.append(_drawn(random, unlabelled, config.soft.pool - n_labelled))
    is_labelled = np.zeros(sum(map(len, parts)), bool)
    is_labelled[: len(parts[0])] = True
    if len(is_labelled) < 2:
        raise UsageError("soft.pool: fewer than two molecules to be taught on; raise it")
    return concatenate(parts), is_labelled


def _prints(molecules: GraphStore, n_environments: int) -> NDArray[np.uint8]:
    """ECFP4 of all molecules, packed; in blocks, for unpacked they are eight times as large."""
    rows = np.arange(len(molecules))
    blocks = [rows[first : first + _BLOCK] for first in range(0, len(rows), _BLOCK)]
    return np.concatenate([fingerprints(molecules, block, n_environments) for block in blocks])


def _drawn(random: np.random.Generator, store: GraphStore, n: int) -> GraphStore:
    rows = random.choice(len(store), min(n, len(store)), replace=False)
    return take(store, np.sort(rows).astype(np.int64))
