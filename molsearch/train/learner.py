"""One encoder in training: its network, the moving average of its weights, its optimiser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from molsearch.config import ModelConfig, TrainConfig
from molsearch.data.graph import MolGraph, collate
from molsearch.data.store import GraphStore
from molsearch.nn.committee import network_of
from molsearch.nn.network import Network
from molsearch.nn.registry import model_config, with_changes
from molsearch.train.heads import Head
from molsearch.train.views import CLEAN, View, corrupted, view_of

#: Molecules that a network without a 3D graph forwards at a time at least: their activations are
#: small, and each micro-batch has a gradient of the whole table, which must be zeroed and added.
FLAT_AT_ONCE = 1024
# The environments' vectors: many, each seen rarely, so they learn at a rate of their own.
_TABLE = "environments.table.weight"  # of a network, or of each tower


@dataclass(slots=True)
class Learner:
    """An encoder in training.

    Attributes
    ----------
    network, average
        The network being trained, and the exponential moving average of its weights.
    best
        Best development figure so far, and the step that reached it.
    best_average
        The average at that step.
    prototypes
        One learned vector a training target, ``[T, dim]``; no part of the encoder.
    heads
        What else is learned beside the encoder, by name, and is no part of it.
    """

    network: Network
    average: dict[str, Tensor]
    optimizer: torch.optim.Optimizer
    best: tuple[float, int] = (-1.0, 0)
    best_average: dict[str, Tensor] = field(default_factory=dict)
    prototypes: nn.Parameter | None = None
    heads: dict[str, nn.Parameter] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where the network lives."""
        return next(self.network.parameters()).device

    @property
    def beside(self) -> list[nn.Parameter]:
        """All that is learned beside the network."""
        vectors = [] if self.prototypes is None else [self.prototypes]
        return [*vectors, *self.heads.values()]

    @property
    def chosen(self) -> dict[str, Tensor]:
        """Weights to evaluate or ship: the best average, the latest where none was judged."""
        return self.best_average or self.average


def encoder_config(config: TrainConfig) -> ModelConfig:
    """Return the named size with the run's own changes to it.

    Raises
    ------
    UsageError
        There is no such size, or a change is wrong.
    """
    return with_changes(model_config(config.size), config.model)


def new_learner(
    config: TrainConfig,
    device: torch.device,
    parent: Network | None = None,
    *,
    n_prototypes: int = 0,
    heads: Mapping[str, Head] = MappingProxyType({}),
) -> Learner:
    """Build an encoder and its optimiser; weights are random, or those of `parent`.

    With `n_prototypes`, so many vectors are learned beside it, and `heads`.
    """
    network = network_of(parent.config if parent is not None else encoder_config(config))
    if parent is not None:
        network.load_state_dict(parent.state_dict())
    network = network.to(device)
    table = [p for n, p in network.named_parameters() if n.endswith(_TABLE)]
    dense = [p for n, p in network.named_parameters() if not n.endswith(_TABLE)]
    groups: list[dict[str, Any]] = [
        {"params": dense, "base": config.learning_rate},
        {"params": table, "base": config.table_learning_rate},
    ]
    prototypes = None
    if n_prototypes:
        prototypes = new_prototypes(n_prototypes, network.config.embedding_dim, config.seed, device)
        rate = config.prototype_learning_rate
        groups.append({"params": [prototypes], "base": rate, "weight_decay": 0.0})
    beside = {name: nn.Parameter(head.start.to(device)) for name, head in heads.items()}
    groups += [
        {"params": [beside[name]], "base": head.rate, "weight_decay": 0.0}
        for name, head in heads.items()
    ]
    optimizer = torch.optim.AdamW(
        [group for group in groups if group["params"]],
        weight_decay=config.weight_decay,
        betas=(0.9, 0.98),
        fused=True,
    )
    return Learner(network, copy_of(network), optimizer, prototypes=prototypes, heads=beside)


def new_prototypes(n: int, dim: int, seed: int, device: torch.device) -> nn.Parameter:
    """Draw `n` unit vectors, apart from the random numbers of everything else."""
    random = torch.Generator().manual_seed(seed)
    vectors = nn.functional.normalize(torch.randn(n, dim, generator=random), dim=-1)
    return nn.Parameter(vectors.to(device))


def embed(
    network: Network,
    store: GraphStore,
    rows: NDArray[np.int64],
    *,
    micro_batch: int,
    view: View = CLEAN,
    weights: Mapping[str, Tensor] | None = None,
    recompute: bool = False,
) -> Tensor:
    """Embed rows of a store, in micro-batches of like size, in their order.

    Parameters
    ----------
    micro_batch
        Molecules at a time; `FLAT_AT_ONCE` at least where no conformer is looked at and activations
        are kept anyhow.
    view
        How the molecules are corrupted; each call draws anew.
    weights
        Used in place of the network's own.
    recompute
        Gradient caching [1]_: where gradients are switched on no activation is kept, and the
        backward pass forwards each micro-batch once more, with the same random numbers.

    References
    ----------
    .. [1] Gao et al. 2021, https://arxiv.org/abs/2101.06983

    Returns
    -------
    Tensor
        float32 ``[len(rows), dim]``, with gradients where they are switched on.
    """
    order = np.argsort(store.sizes[rows], kind="stable")
    device = next(network.parameters()).device
    if not (network.config.use_geometry or recompute):
        micro_batch = max(micro_batch, FLAT_AT_ONCE)
    parts = []
    for first in range(0, len(order), micro_batch):
        chosen = rows[order[first : first + micro_batch]]
        graphs = collate(store, chosen, draw=view.drawn).to(device)
        graphs = corrupted(graphs, view)
        # bfloat16 is fast on CUDA alone; on most CPUs it is emulated.
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            if weights is None and recompute:
                # The tensor beside the batch says whose device's random state is to be kept.
                found = checkpoint(_forward, graphs.pos, network, graphs, use_reentrant=False)
                parts.append(found.float())
            elif weights is None:
                parts.append(network(graphs).float())
            else:
                found = torch.func.functional_call(network, dict(weights), (graphs,))
                parts.append(found.float())
    back = torch.from_numpy(np.argsort(order)).to(device)
    return torch.cat(parts).index_select(0, back)


def embed_view(
    config: TrainConfig, network: Network, store: GraphStore, rows: NDArray[np.int64]
) -> Tensor:
    """Embed rows in the view that a run trains on; see `embed`."""
    return embed(
        network,
        store,
        rows,
        micro_batch=config.micro_batch,
        view=view_of(config),
        recompute=config.gradient_caching,
    )


def _forward(_: Tensor, network: Network, graphs: MolGraph) -> Tensor:
    embeddings: Tensor = network(graphs)
    return embeddings


def step_down(learner: Learner, *, factor: float, clip: float) -> None:
    """Clip the gradients and take one step at `factor` of the base rates."""
    for group in learner.optimizer.param_groups:
        group["lr"] = group["base"] * factor
    nn.utils.clip_grad_norm_(learner.network.parameters(), clip)
    learner.optimizer.step()


@torch.no_grad()
def follow(learner: Learner, decay: float, step: int) -> None:
    """Move the average towards the weights after `step`, counted from one."""
    # Early averages forget faster, or they would remember the random start.
    kept = min(decay, (1 + step) / (10 + step))
    for name, parameter in learner.network.named_parameters():
        learner.average[name].lerp_(parameter, 1 - kept)


def with_weights(learner: Learner, weights: Mapping[str, Tensor]) -> Network:
    """Return a copy of the network with the given weights, for evaluation."""
    with torch.random.fork_rng(devices=[]):
        network = network_of(learner.network.config).to(learner.device)
    for name, parameter in network.named_parameters():
        parameter.data.copy_(weights[name])
    return network.eval()


def copy_of(network: Network) -> dict[str, Tensor]:
    """Copy a network's weights by name."""
    return {name: p.detach().clone() for name, p in network.named_parameters()}
