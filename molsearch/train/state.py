"""Everything a training run is, and how it survives a kill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.config_train import cooling_from
from molsearch.errors import InputError, UsageError
from molsearch.io.atomic import write_bytes
from molsearch.losses.gather import rank_and_size
from molsearch.train.distributed import is_first, random_states, restore_random_states
from molsearch.train.learner import Learner
from molsearch.words import counted

CHECKPOINT_FILE = "checkpoint.safetensors"
#: The state where a constant rate began to fall, from which a longer run goes on.
STEM_FILE = "stem.safetensors"
#: Settings in which a run may differ from the one that it extends.
_OF_LENGTH = ("name", "steps", "cool_down", "extend", "evaluate_every", "checkpoint_minutes")


@dataclass(slots=True)
class TrainState:
    """A run in progress.

    Attributes
    ----------
    learners
        The encoders being trained, by name.
    step
        Steps done.
    history
        One row a step: its number, losses, seconds, figures of the method.
    evaluations
        One row a development evaluation and encoder.
    regularisation
        Of the soft labels, where it is searched for.
    memory
        What a method remembers of earlier steps.
    data
        Digest of what the run learns from, which whoever goes on with it must have too; empty
        where it is not known.
    """

    learners: dict[str, Learner]
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    regularisation: float | None = None
    memory: dict[str, Tensor] = field(default_factory=dict)
    data: str = ""

    @property
    def device(self) -> torch.device:
        """Where the networks live."""
        return next(iter(self.learners.values())).device


def save_checkpoint(
    folder: Path, state: TrainState, config: TrainConfig, name: str = CHECKPOINT_FILE
) -> None:
    """Write the whole state as one safetensors file, atomically; all processes take part."""
    tensors = {f"random.{n}": t for n, t in random_states(state.device).items()}
    if not is_first():
        return
    for one, learner in state.learners.items():
        tensors |= {f"{one}.{key}": t for key, t in _tensors(learner).items()}
    tensors |= {f"memory.{n}": t for n, t in state.memory.items()}
    metadata = {
        "config": config.model_dump_json(),
        "processes": str(rank_and_size()[1]),
        "data": state.data,
        "step": str(state.step),
        "history": json.dumps(state.history),
        "evaluations": json.dumps(state.evaluations),
        "regularisation": json.dumps(state.regularisation),
        "best": json.dumps({n: learner.best for n, learner in state.learners.items()}),
    }
    contiguous = {n: t.contiguous() for n, t in tensors.items()}
    write_bytes(folder / name, save_tensors(contiguous, metadata))


def refuse_unfit(folder: Path, config: TrainConfig) -> None:
    """Refuse at once what `resume_checkpoint` and `extend_run` would, before molecules are read.

    Raises
    ------
    UsageError, InputError
        As those do of settings and files.
    """
    if (folder / CHECKPOINT_FILE).is_file():
        _resumable(folder, config)
    elif config.extend:
        refuse_unextendable(Path(config.extend), config)


def resume_checkpoint(folder: Path, state: TrainState, config: TrainConfig) -> bool:
    """Load the checkpoint of `folder` into `state`; False where there is none.

    Raises
    ------
    UsageError
        If the checkpoint was made under another configuration, on other data, or by another number
        of processes.
    InputError
        If the file is damaged.
    """
    if not (folder / CHECKPOINT_FILE).is_file():
        return False
    metadata = _resumable(folder, config)
    _take_over(folder / CHECKPOINT_FILE, state, metadata)
    return True


def extend_run(folder: Path, state: TrainState, config: TrainConfig) -> None:
    """Take over the state that a shorter run had when its rate began to fall.

    What follows is what an uninterrupted run of as many steps as `config` has would do, but for
    terms whose weight rises over a share of the steps.

    Raises
    ------
    UsageError
        There is no such state, its run had other settings or data, or it was longer.
    InputError
        The file is damaged.
    """
    _take_over(folder / STEM_FILE, state, refuse_unextendable(folder, config))


def _resumable(folder: Path, config: TrainConfig) -> dict[str, str]:
    metadata = _metadata(folder / CHECKPOINT_FILE)
    if not _same(metadata["config"], config):
        raise UsageError(
            f"{folder}: holds a run of another configuration; choose another --output "
            "or give --overwrite"
        )
    return metadata


def refuse_unextendable(folder: Path, config: TrainConfig) -> dict[str, str]:
    """Refuse what `extend_run` would of settings and files; returns what the state says of itself.

    Raises
    ------
    UsageError, InputError
        As that does.
    """
    path = folder / STEM_FILE
    if not path.is_file():
        raise UsageError(
            f"extend: {folder} has no {path.name}, which a run with a cool_down leaves; name the "
            "folder of one"
        )
    metadata = _metadata(path)
    if not _same(metadata["config"], config, but=_OF_LENGTH):
        raise UsageError(
            f"extend: {folder} is a run of another configuration; only "
            f"{', '.join(_OF_LENGTH)} may differ"
        )
    begins, ends = int(metadata["step"]), cooling_from(config.steps, config.cool_down)
    if begins > ends:
        raise UsageError(
            f"extend: {folder} was at a constant rate up to step {begins:,}, this run would be up "
            f"to {ends:,}; raise steps"
        )
    return metadata


def _metadata(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="pt") as file:
            found: dict[str, str] = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: damaged checkpoint ({error}); use --overwrite") from None
    if not {"config", "step", "processes", "best"} <= found.keys():
        raise InputError(f"{path}: no checkpoint of a training run; use --overwrite")
    return found


def _take_over(path: Path, state: TrainState, metadata: dict[str, str]) -> None:
    size = rank_and_size()[1]
    if metadata["processes"] != str(size):
        raise UsageError(
            f"{path.parent}: holds a run of {counted(int(metadata['processes']), 'process')}, this "
            f"one has {size}; start as many, or give --overwrite"
        )
    known = metadata.get("data", "")
    if known and state.data and known != state.data:
        raise UsageError(
            f"{path.parent}: its run saw other data, or other encoders to learn from, than there "
            "are now; restore them, give --overwrite, or choose another --output"
        )
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    best = json.loads(metadata["best"])
    for name, learner in state.learners.items():
        _restore(learner, _under(tensors, f"{name}."))
        learner.best = (float(best[name][0]), int(best[name][1]))
    state.step = int(metadata["step"])
    state.history = json.loads(metadata["history"])
    state.evaluations = json.loads(metadata["evaluations"])
    state.regularisation = json.loads(metadata["regularisation"])
    state.memory = {n: t.to(state.device) for n, t in _under(tensors, "memory.").items()}
    restore_random_states(_under(tensors, "random."), state.device)


def _same(written: str, config: TrainConfig, but: Sequence[str] = ()) -> bool:
    """Whether a checkpoint's configuration is this one, whatever has been added since."""
    try:
        known = TrainConfig.model_validate_json(written)
    except ValidationError:
        return False
    left_out = set(but)
    return known.model_dump_json(exclude=left_out) == config.model_dump_json(exclude=left_out)


def _tensors(learner: Learner) -> dict[str, Tensor]:
    tensors = {f"network.{n}": p.detach() for n, p in learner.network.named_parameters()}
    tensors |= {f"average.{n}": t for n, t in learner.average.items()}
    tensors |= {f"best.{n}": t for n, t in learner.best_average.items()}
    if learner.prototypes is not None:
        tensors["prototypes"] = learner.prototypes.detach()
    tensors |= {f"head.{n}": p.detach() for n, p in learner.heads.items()}
    for index, slots in learner.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in slots.items()}
    return tensors


def _restore(learner: Learner, tensors: dict[str, Tensor]) -> None:
    device = learner.device
    for name, parameter in learner.network.named_parameters():
        parameter.data.copy_(tensors[f"network.{name}"])
    if learner.prototypes is not None:
        learner.prototypes.data.copy_(tensors["prototypes"])
    for name, head in learner.heads.items():
        head.data.copy_(tensors[f"head.{name}"])
    learner.average = {n: t.to(device) for n, t in _under(tensors, "average.").items()}
    learner.best_average = {n: t.to(device) for n, t in _under(tensors, "best.").items()}
    content = learner.optimizer.state_dict()
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(tensors, "optimizer.").items():
        index, slot = name.split(".", 1)
        slots.setdefault(int(index), {})[slot] = value
    learner.optimizer.load_state_dict({**content, "state": slots})


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
