"""Several processes as one: gradients averaged, random states collected, one of them writes.

torch's DistributedDataParallel expects one forward pass a step and every weight used in it.
Here a step embeds many micro-batches, and a process whose molecules have no conformer leaves
the 3D branch unused; so gradients are averaged after the backward pass, as it would do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn

from molsearch.losses.gather import rank_and_size

_RANK_SEEDS = 7919  # distance of the processes' seeds


@contextmanager
def process_group(device: torch.device) -> Iterator[torch.device]:
    """Join the processes that torchrun started; yields this one's device.

    A process that torchrun did not start is alone, and nothing happens.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    finally:
        dist.destroy_process_group()


def is_first() -> bool:
    """Whether this process is the one that writes and prints."""
    return rank_and_size()[0] == 0


@contextmanager
def first_before_others() -> Iterator[None]:
    """Let the first process through, then the others, which find what it left."""
    alone = rank_and_size()[1] == 1
    if not alone and not is_first():
        dist.barrier()
    yield
    if not alone and is_first():
        dist.barrier()


def own_share(n: int) -> slice:
    """Rows of this process among `n`, which all processes share evenly.

    Examples
    --------
    >>> own_share(6)
    slice(0, 6, None)
    """
    rank, size = rank_and_size()
    return slice(rank * (n // size), (rank + 1) * (n // size))


def part_seeds(seed: int) -> None:
    """Make this process draw its own noise; the first goes on with what it has."""
    rank = rank_and_size()[0]
    if rank > 0:
        torch.manual_seed(seed + _RANK_SEEDS * rank)


def average_gradients(module: nn.Module, beside: Sequence[nn.Parameter] = ()) -> None:
    """Replace each gradient by its mean over processes; an absent one counts as zero.

    Parameters
    ----------
    module
        Its parameters.
    beside
        More of them, trained with it.
    """
    size = rank_and_size()[1]
    if size == 1:
        return
    parameters = [p for p in [*module.parameters(), *beside] if p.requires_grad]
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([grad.reshape(-1) for grad in grads])
    dist.all_reduce(flat)
    flat /= size
    start = 0
    for parameter in parameters:
        parameter.grad = flat[start : start + parameter.numel()].view_as(parameter)
        start += parameter.numel()


def agreed(wanted: bool, device: torch.device) -> bool:
    """Return what the first process wants, whose clock decides for all."""
    if rank_and_size()[1] == 1:
        return wanted
    flag = torch.tensor([int(wanted)], device=device)
    dist.broadcast(flag, 0)
    return bool(flag.item())


def random_states(device: torch.device) -> dict[str, Tensor]:
    """Collect the random states of all processes, by name."""
    own = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        own["cuda"] = torch.cuda.get_rng_state(device)
    return {
        f"{kind}.{rank}": t for kind, s in own.items() for rank, t in enumerate(_all(s, device))
    }


def restore_random_states(states: dict[str, Tensor], device: torch.device) -> None:
    """Set this process's random states from those that `random_states` collected."""
    rank = rank_and_size()[0]
    torch.set_rng_state(states[f"cpu.{rank}"])
    if f"cuda.{rank}" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states[f"cuda.{rank}"], device)


def _all(state: Tensor, device: torch.device) -> list[Tensor]:
    size = rank_and_size()[1]
    if size == 1:
        return [state]
    parts = [torch.empty_like(state, device=device) for _ in range(size)]
    dist.all_gather(parts, state.to(device))
    return [part.cpu() for part in parts]
