"""Everything a training run is, and how it survives a kill."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.errors import InputError, UsageError
from molsearch.io.atomic import write_bytes
from molsearch.nn.network import Network

_FILE = "checkpoint.safetensors"


@dataclass(slots=True)
class TrainState:
    """A run in progress.

    Attributes
    ----------
    network, average
        The network being trained, and the moving average of its weights.
    step
        Steps done.
    history
        One row a logged step, one a development evaluation (``kind``).
    best
        Best development figure so far, and the step that reached it.
    """

    network: Network
    average: dict[str, Tensor]
    optimizer: torch.optim.Optimizer
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best: tuple[float, int] = (-1.0, 0)
    best_average: dict[str, Tensor] = field(default_factory=dict)


def save_checkpoint(folder: Path, state: TrainState, config: TrainConfig) -> None:
    """Write the whole state as one safetensors file, atomically."""
    tensors = {f"network.{n}": p.detach() for n, p in state.network.named_parameters()}
    tensors |= {f"average.{n}": t for n, t in state.average.items()}
    tensors |= {f"best.{n}": t for n, t in state.best_average.items()}
    for index, slots in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in slots.items()}
    tensors["rng"] = torch.get_rng_state()
    metadata = {
        "config": config.model_dump_json(),
        "step": str(state.step),
        "history": json.dumps(state.history),
        "best": json.dumps(state.best),
    }
    contiguous = {name: t.contiguous() for name, t in tensors.items()}
    write_bytes(folder / _FILE, save_tensors(contiguous, metadata))


def resume_checkpoint(folder: Path, state: TrainState, config: TrainConfig) -> bool:
    """Load the checkpoint of `folder` into `state`; False where there is none.

    Raises
    ------
    UsageError
        If the checkpoint was made under another configuration.
    InputError
        If the file is damaged.
    """
    path = folder / _FILE
    if not path.exists():
        return False
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: damaged checkpoint ({error}); use --overwrite") from None
    if metadata["config"] != config.model_dump_json():
        raise UsageError(
            f"{folder}: holds a run of another configuration; choose another --output "
            "or give --overwrite"
        )
    _restore(state, tensors)
    state.step = int(metadata["step"])
    state.history = json.loads(metadata["history"])
    best, step = json.loads(metadata["best"])
    state.best = (float(best), int(step))
    return True


def _restore(state: TrainState, tensors: dict[str, Tensor]) -> None:
    for name, parameter in state.network.named_parameters():
        parameter.data.copy_(tensors[f"network.{name}"])
    state.average = _under(tensors, "average.")
    state.best_average = _under(tensors, "best.")
    content = state.optimizer.state_dict()
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "optimizer.").items():
        index, slot = name.split(".", 1)
        slots.setdefault(int(index), {})[slot] = value
    state.optimizer.load_state_dict({**content, "state": slots})
    torch.set_rng_state(tensors["rng"])


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
