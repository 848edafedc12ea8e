"""Target prototypes: labelled molecules against one learned vector a training target."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.data.sampler import PairBatch, PairSampler
from molsearch.losses.gather import rank_and_size
from molsearch.losses.prototypes import prototype_loss
from molsearch.train.method import F
from molsearch.train.prefixes import mean_over_prefixes


def n_prototypes(config: TrainConfig, encoder: str, n_targets: int) -> int:
    """Vectors that an encoder learns beside it: none unless it sees labelled pairs."""
    labelled = encoder == F or config.soft.supervised > 0
    return n_targets if config.prototypes > 0 and labelled else 0


def prototype_term(
    embeddings: Tensor,
    prototypes: Tensor,
    batch: PairBatch,
    sampler: PairSampler,
    *,
    temperature: float,
    prefixes: tuple[int, ...],
    weights: Tensor | None = None,
) -> Tensor:
    """Mean loss over prefixes of both ligands of each pair against all targets' vectors.

    Parameters
    ----------
    embeddings
        ``[2 B, d]``: first ligands, then second.
    prototypes
        ``[T, d]``, of any length.
    batch
        This process's B pairs.
    weights
        ``[2 B]`` of the ligands.
    """
    rows = np.concatenate([batch.first, batch.second])
    known = torch.from_numpy(sampler.acts_on(rows)).to(embeddings.device)
    own = torch.from_numpy(np.tile(batch.targets, 2)).to(embeddings.device)
    loss = partial(
        prototype_loss,
        positives=own,
        acts_on=known,
        temperature=temperature,
        weights=weights,
        n_processes=rank_and_size()[1],
    )
    return mean_over_prefixes(loss, embeddings, prototypes, widths=prefixes)
