"""Target prototypes: labelled molecules against one learned vector a training target."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import scipy.sparse as sparse
import torch
from torch import Tensor, nn

from molsearch.config import TrainConfig
from molsearch.data.sampler import PairBatch, PairSampler
from molsearch.data.store import GraphStore
from molsearch.losses.gather import rank_and_size
from molsearch.losses.prototypes import prototype_loss
from molsearch.nn.encoder import Encoder
from molsearch.train.method import F
from molsearch.train.prefixes import mean_over_prefixes

#: Ligands whose mean a target's vector may start at.
N_LIGANDS = 16
_STREAM = 10  # apart from the draws of everything else


def n_prototypes(config: TrainConfig, encoder: str, n_targets: int) -> int:
    """Vectors that an encoder learns beside it: none unless it sees labelled pairs."""
    labelled = encoder == F or config.soft.supervised > 0
    return n_targets if config.prototypes > 0 and labelled else 0


def among_ligands(
    encoder: Encoder, store: GraphStore, acts_on: sparse.csr_matrix, seed: int
) -> Tensor:
    """Mean embedding of some ligands of each target that has two, renormalised: ``[T, d]``.

    Vectors that start at random are for hundreds of steps most of the loss, and push about an
    encoder that was trained before.

    Parameters
    ----------
    acts_on
        Sparse bool ``[M, targets]`` over the molecules of `store`.
    seed
        Of the draw of at most `N_LIGANDS` of each target.
    """
    random = np.random.default_rng([seed, _STREAM])
    by_target = acts_on.tocsc()
    ligands = [
        by_target.indices[first:last]
        for first, last in pairwise(by_target.indptr)
        if last - first >= 2
    ]
    drawn = [random.permutation(rows)[:N_LIGANDS] for rows in ligands]
    rows, place = np.unique(np.concatenate(drawn), return_inverse=True)
    z = torch.from_numpy(encoder.encode_rows(store, rows.astype(np.int64)))
    target = torch.from_numpy(np.repeat(np.arange(len(drawn)), [len(one) for one in drawn]))
    total = torch.zeros(len(drawn), encoder.dim).index_add_(0, target, z[torch.from_numpy(place)])
    return nn.functional.normalize(total, dim=-1)


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
