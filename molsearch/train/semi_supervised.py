"""The semi-supervised method: g learns from the similarities that f sees."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore, take
from molsearch.data.unlabelled import UnlabelledStream
from molsearch.losses.gather import rank_and_size
from molsearch.losses.soft_contrastive import soft_contrastive
from molsearch.losses.uniformity import uniformity
from molsearch.train.distributed import own_share
from molsearch.train.labels import labels_of
from molsearch.train.learner import Learner, embed_view
from molsearch.train.method import F, G, Objective
from molsearch.train.prefixes import mean_over_prefixes
from molsearch.train.state import TrainState
from molsearch.train.supervised import Supervised


class SemiSupervised:
    """Trains f on labelled pairs, and g on soft labels that f's similarities give.

    Parameters
    ----------
    supervised
        The labelled side, whose pairs g may share.
    stream
        Molecules for soft labels.
    """

    learners: tuple[str, ...] = (F, G)

    def __init__(
        self, config: TrainConfig, supervised: Supervised, stream: UnlabelledStream
    ) -> None:
        self.config = config
        self.supervised = supervised
        self.stream = stream

    def objectives(self, state: TrainState) -> Iterator[Objective]:
        """Yield the loss of the pairs for f, then those of g."""
        soft = self.config.soft
        batch = self.supervised.draw(state.step)
        f, g = state.learners[F], state.learners[G]
        loss, parts = self.supervised.pair_loss(f, batch, state.step)
        n_pairs = self.supervised.n_molecules(batch, state.step)
        yield Objective(F, loss, n_pairs, parts)
        yield from self.supervised.further(state)
        if soft.supervised > 0:
            loss, parts = self.supervised.pair_loss(g, batch, state.step)
            report = {f"{name}_g": value for name, value in parts.items()}
            yield Objective(G, soft.supervised * loss, n_pairs, report)
        yield self._soft(state, f, g)

    def _soft(self, state: TrainState, f: Learner, g: Learner) -> Objective:
        soft, size = self.config.soft, rank_and_size()[1]
        molecules = self.stream.draw(state.step)
        n = len(molecules) // size * size
        own = own_share(n)
        molecules = take(molecules, np.arange(own.start, own.stop))
        labels = labels_of(f, molecules, state, self.config)
        everyone = np.arange(len(molecules))
        z = embed_view(self.config, g.network.train(), molecules, everyone)
        cross_entropy = partial(
            soft_contrastive,
            labels=labels.plan[own],
            temperature=soft.temperature,
            exclude_diagonal=soft.exclude_diagonal,
            gather=size > 1,
        )
        match = mean_over_prefixes(cross_entropy, z, widths=g.network.config.matryoshka)
        spread = uniformity(z, min_distance=soft.min_distance, gather=size > 1)
        weight = soft.weight * _rise(state.step, soft.warm_up * self.config.steps)
        report = {
            "soft": float(match.detach()),
            "uniformity": float(spread.detach()),
            "soft_weight": weight,
            **labels.report,
        }
        return Objective(G, weight * match + soft.uniformity * spread, n, report)


def _rise(step: int, until: float) -> float:
    """Weight of the soft labels: from zero to one, for f knows nothing at first."""
    return min(1.0, (step + 1) / until) if until >= 1 else 1.0


def stream_of(
    config: TrainConfig, labelled: GraphStore, unlabelled: GraphStore | None
) -> UnlabelledStream:
    """Build the stream of molecules for soft labels."""
    return UnlabelledStream(
        labelled,
        unlabelled,
        config.soft.molecules_per_step,
        labelled_share=config.soft.labelled_share,
        seed=config.seed,
    )
