"""Supervised contrastive training of one encoder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from molsearch.config import ModelConfig, TrainConfig
from molsearch.data.graph import collate
from molsearch.data.sampler import PairBatch, PairSampler
from molsearch.data.store import GraphStore
from molsearch.losses.info_nce import info_nce
from molsearch.nn.network import Network
from molsearch.nn.registry import model_config
from molsearch.train.schedule import rate
from molsearch.train.state import TrainState, resume_checkpoint, save_checkpoint

# The environments' vectors: many, each seen rarely, so they learn at a rate of their own.
_TABLE = "environments.table.weight"


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did: its number, loss, seconds, and the molecules it embedded."""

    step: int
    loss: float
    seconds: float
    n_molecules: int


def encoder_config(config: TrainConfig) -> ModelConfig:
    """Return the named size with the run's own changes to it."""
    return ModelConfig.model_validate({**model_config(config.size).model_dump(), **config.model})


def start(config: TrainConfig, folder: Path, device: torch.device) -> TrainState:
    """Build a run, continuing from the checkpoint in `folder` where there is one."""
    torch.manual_seed(config.seed)
    network = Network(encoder_config(config)).to(device)
    table = [p for n, p in network.named_parameters() if n == _TABLE]
    dense = [p for n, p in network.named_parameters() if n != _TABLE]
    groups = [
        {"params": dense, "base": config.learning_rate},
        {"params": table, "base": config.table_learning_rate},
    ]
    optimizer = torch.optim.AdamW(
        [group for group in groups if group["params"]],
        weight_decay=config.weight_decay,
        betas=(0.9, 0.98),
        fused=True,
    )
    state = TrainState(network, _copy(network), optimizer)
    resume_checkpoint(folder, state, config)
    return state


def train(
    state: TrainState,
    config: TrainConfig,
    store: GraphStore,
    sampler: PairSampler,
    folder: Path,
    *,
    on_step: Callable[[StepReport], None],
    evaluate: Callable[[TrainState], float] | None = None,
) -> Iterator[int]:
    """Run the remaining steps, yielding each step's number once it is wholly done.

    A checkpoint is written every `checkpoint_minutes` and after each evaluation; the weights
    with the best development figure are kept in the state.
    """
    saved = time.monotonic()
    while state.step < config.steps:
        began = time.monotonic()
        batch = sampler.draw(state.step)
        loss = one_step(state, config, store, batch)
        state.step += 1
        on_step(StepReport(state.step, loss, time.monotonic() - began, 2 * len(batch.first)))
        last = state.step == config.steps
        if evaluate is not None and (last or state.step % config.evaluate_every == 0):
            figure = evaluate(state)
            if figure > state.best[0]:
                state.best = (figure, state.step)
                state.best_average = {n: t.clone() for n, t in state.average.items()}
            saved = -1e9
        if time.monotonic() - saved > 60 * config.checkpoint_minutes or last:
            save_checkpoint(folder, state, config)
            saved = time.monotonic()
        yield state.step


def one_step(state: TrainState, config: TrainConfig, store: GraphStore, batch: PairBatch) -> float:
    """Embed a batch of pairs, step down its loss, and return the loss.

    Raises
    ------
    FloatingPointError
        If the loss is not finite.
    """
    network = state.network.train()
    factor = rate(state.step, config.steps, config.warm_up)
    for group in state.optimizer.param_groups:
        group["lr"] = group["base"] * factor
    state.optimizer.zero_grad(set_to_none=True)
    z = embed(network, store, np.concatenate([batch.first, batch.second]), config)
    first, second = z.chunk(2)
    shared = torch.from_numpy(batch.shares_target).to(z.device)
    loss = matryoshka_loss(first, second, shared, network.config.matryoshka, config.temperature)
    if not bool(torch.isfinite(loss)):
        raise FloatingPointError(f"the loss of step {state.step} is {loss.item()}")
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), config.clip)
    state.optimizer.step()
    _follow(state, config.ema)
    return float(loss.detach())


def embed(
    network: Network, store: GraphStore, rows: NDArray[np.int64], config: TrainConfig
) -> Tensor:
    """Embed rows of a store with gradients, in micro-batches of like size, in their order."""
    order = np.argsort(store.atom_start[rows + 1] - store.atom_start[rows], kind="stable")
    device = next(network.parameters()).device
    parts = []
    for first in range(0, len(order), config.micro_batch):
        graphs = collate(store, rows[order[first : first + config.micro_batch]]).to(device)
        if config.coordinate_noise > 0:
            graphs.pos = graphs.pos + config.coordinate_noise * torch.randn_like(graphs.pos)
        parts.append(network(graphs))
    back = torch.from_numpy(np.argsort(order)).to(device)
    return torch.cat(parts).index_select(0, back)


def matryoshka_loss(
    first: Tensor, second: Tensor, shared: Tensor, prefixes: tuple[int, ...], temperature: float
) -> Tensor:
    """Mean InfoNCE over prefixes of the embeddings (Kusupati et al. 2022), each renormalised."""
    losses = [
        info_nce(
            nn.functional.normalize(first[:, :width], dim=-1),
            nn.functional.normalize(second[:, :width], dim=-1),
            temperature=temperature,
            shares_target=shared,
        )
        for width in prefixes
    ]
    return torch.stack(losses).mean()


def averaged(state: TrainState, weights: dict[str, Tensor]) -> Network:
    """Return a copy of the network with the given weights, for evaluation."""
    network = Network(state.network.config).to(next(state.network.parameters()).device)
    for name, parameter in network.named_parameters():
        parameter.data.copy_(weights[name])
    return network.eval()


def _copy(network: Network) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in network.named_parameters()}


@torch.no_grad()
def _follow(state: TrainState, decay: float) -> None:
    # Early averages forget faster, or they would remember the random start.
    kept = min(decay, (1 + state.step) / (10 + state.step))
    for name, parameter in state.network.named_parameters():
        state.average[name].lerp_(parameter, 1 - kept)
