"""An encoder, from request to folder: trained on activity records, or tuned on a series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from molsearch.chem.counters import Buckets
from molsearch.config import TrainConfig
from molsearch.data.unread import write_unread
from molsearch.errors import UsageError
from molsearch.io.folders import RUN
from molsearch.io.runs import write_run
from molsearch.nn.device import resolve_device
from molsearch.nn.encoder import Encoder
from molsearch.nn.weights import load_encoder
from molsearch.service.events import Done, Emit, Note, silent
from molsearch.service.requests import TrainRequest
from molsearch.service.train_folder import UNREAD_FILE, empty, refuse
from molsearch.service.train_words import Steps, cache_folder, opening, summary
from molsearch.service.tune import tune
from molsearch.store.lock import writer_lock
from molsearch.train.align import refuse_without_geometry
from molsearch.train.distributed import first_before_others, is_first, process_group
from molsearch.train.grow import model_of
from molsearch.train.join import run_join
from molsearch.train.material import (
    LABELLED,
    WITHOUT_LABELS,
    Featuriser,
    Material,
    data_root,
    gather,
)
from molsearch.train.methods import teachers_of
from molsearch.train.run import Hooks, run_training
from molsearch.train.state import refuse_unextendable, refuse_unfit
from molsearch.train.teachers import refuse_what_knows


@dataclass(frozen=True)
class Trained:
    """An encoder's folder, and what made it."""

    path: Path
    account: dict[str, Any]


def train(request: TrainRequest, emit: Emit = silent) -> Trained:
    """Train or tune an encoder; an interrupted training is continued by the same request.

    Raises
    ------
    UsageError, InputError
        The request, the data, or what stands in the folder cannot be used.
    """
    if request.threads:
        torch.set_num_threads(request.threads)
    out = Path(request.output)
    refuse(out, overwrite=request.overwrite)
    if request.series is not None:
        account = tune(request.series, request, emit)
        first = True
    else:
        with process_group(resolve_device(request.device)) as place:
            first = is_first()
            account = _train(request, out, place, emit if first else silent)
    asked = {"output": str(out), "request": request.model_dump(mode="json")}
    if first:
        write_run(out / RUN, "train", {**account, **asked})
        emit(Done(verb="train", account={**account, **asked}))
    return Trained(out, {**account, **asked})


def _train(request: TrainRequest, out: Path, device: torch.device, emit: Emit) -> dict[str, Any]:
    config = request.config
    assert config is not None
    parts = [load_encoder(path, device="cpu") for path in config.parts]
    parent = load_encoder(config.start_from, device="cpu") if config.start_from else None
    if parts:
        parent = parts[0]
    model = parts[0].network.config if parts else model_of(config, parent)
    refuse_without_geometry(config, model)
    _refuse_what_knows(config, parts, parent)
    _refuse_unfit(config, out, overwrite=request.overwrite)
    teachers = teachers_of(config, model, device)  # refused before molecules are featurised
    steps = Steps(config.steps, emit)
    featuriser = Featuriser(
        Buckets.of(model),
        cache_folder(request.cache),
        request.workers,
        steps.featurised,
        geometry=model.use_geometry,
    )
    material = gather(config, _data(config, request.data), featuriser)
    labelled = config.method not in WITHOUT_LABELS
    n_pairs = config.pairs_per_step if config.method in LABELLED else 0
    for text in opening(material, labelled=labelled, pairs_per_step=n_pairs):
        emit(Note(text=text))
    if request.check:
        from molsearch.train.check_plan import check_run  # POT takes its time to import

        emit(Note(text=check_run(config, material.store, parent, device)))
    ready = partial(_make_room, out, material, overwrite=request.overwrite)
    with _alone(out):
        if parts:
            card = run_join(config, material, out, parts, ready)
        else:
            hooks = Hooks(steps.step, steps.evaluation, ready)
            card = run_training(config, material, out, device, hooks, parent, teachers)
    for text in summary(card, out):
        emit(Note(text=text))
    return {"config": config.model_dump(), "card": card}


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the folder, so that no other training writes into it."""
    with ExitStack() as stack:
        if is_first():
            stack.enter_context(writer_lock(out, "wait for it, or choose another --output"))
        yield


def _make_room(out: Path, material: Material, *, overwrite: bool) -> None:
    with first_before_others():
        if is_first() and overwrite:
            empty(out)
        if is_first() and material.unread:
            write_unread(material.unread, out / UNREAD_FILE)


def _refuse_unfit(config: TrainConfig, out: Path, *, overwrite: bool) -> None:
    """Refuse what cannot be gone on with before molecules are featurised."""
    if config.extend and Path(config.extend).resolve() == out.resolve():
        raise UsageError(f"extend: {out} is the --output too; choose another --output")
    if not overwrite:
        refuse_unfit(out, config)
    elif config.extend:
        refuse_unextendable(Path(config.extend), config)


def _refuse_what_knows(
    config: TrainConfig, parts: Sequence[Encoder], parent: Encoder | None
) -> None:
    """Refuse to build on what knows the targets or molecules that the run says it holds out."""
    for path, part in zip(config.parts, parts, strict=True):
        refuse_what_knows("parts", path, part, config)
    if parent is not None and config.start_from:
        refuse_what_knows("start_from", config.start_from, parent, config)


def _data(config: TrainConfig, folder: str | None) -> Path:
    """Folder of the data: the configuration's, seen from `folder`, else the one that is named."""
    return Path(folder or "") / config.data if config.data else data_root(config)
