"""Fine-tuning on a chemist's own series, with the gain on scaffolds that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from molsearch.config import FinetuneConfig
from molsearch.data.series import Series
from molsearch.data.series_split import (
    CHOOSE,
    FIT,
    HELD_OUT,
    SeriesSampler,
    split_by_scaffold,
)
from molsearch.data.store import GraphStore, take
from molsearch.data.tables import graphs_of_table
from molsearch.nn.encoder import Encoder
from molsearch.nn.weights import save_encoder
from molsearch.schema import ECFP4, INCHIKEY
from molsearch.train import card as cards
from molsearch.train.finetune_card import Gain, train_config, tuned_card
from molsearch.train.learner import copy_of, with_weights
from molsearch.train.log import LOG_FILE, write_rows
from molsearch.train.loop import StepReport, start, train
from molsearch.train.material import N_REFERENCE
from molsearch.train.method import F
from molsearch.train.reference import shortened
from molsearch.train.series_method import SeriesPairs
from molsearch.train.series_screen import SeriesScreen
from molsearch.train.state import TrainState


def split(series: Series, config: FinetuneConfig) -> NDArray[np.int64]:
    """Share out a series: see `split_by_scaffold`, and `finetune` for what becomes of the parts.

    Raises
    ------
    InputError
        If the series is too small or has too few scaffolds.
    """
    shares = (config.choosing_share, config.held_out_share)
    return split_by_scaffold(series.groups, series.is_active, shares, config.seed)


def finetune(
    parent: Encoder,
    series: Series,
    library: pa.Table,
    config: FinetuneConfig,
    out: Path,
    *,
    on_step: Callable[[StepReport], None],
    on_evaluation: Callable[[int, dict[str, float]], None],
) -> Gain:
    """Tune an encoder on a series and write it, with its card, to a folder.

    Three parts of the series share no scaffold: one is trained on; one chooses the step and
    ends training early; one is screened before and after, and touched at no other time. Where
    no step does better than the parent on the choosing part, the parent's weights are kept.

    Parameters
    ----------
    parent
        The encoder to start from.
    series
        The chemist's molecules.
    library
        Rows of a prepared set, taken for inactive: negatives, decoys, the new background.

    Raises
    ------
    InputError
        If the series is too small or has too few scaffolds.
    """
    run = train_config(config, parent)
    library = _without(library, series)
    graphs = [_first_graphs(t, parent) for t in (series.table, library)]
    parts = split(series, config)
    decoys = np.random.default_rng(config.seed).integers(0, 3, len(library))
    sampler = SeriesSampler(
        series,
        np.flatnonzero(parts == FIT),
        np.flatnonzero(decoys == FIT),
        n_pairs=config.pairs_per_step,
        n_negatives=config.negatives_per_step,
        seed=config.seed,
    )
    screens = {
        part: SeriesScreen(series, parts, decoys, part, config.max_queries, config.seed)
        for part in (CHOOSE, HELD_OUT)
    }
    method = SeriesPairs(run, graphs[0], graphs[1], sampler)
    state = start(run, out, parent.device, method.learners, parent.network)
    learner = state.learners[F]

    def figures(part: int, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        encoder = Encoder(with_weights(learner, weights), identity="", card={})
        return screens[part].figures(*(encoder.encode_store(store) for store in graphs))

    parents = copy_of(parent.network)
    before = figures(HELD_OUT, parents)
    if state.step == 0:
        learner.best = (_merit(figures(CHOOSE, parents)), 0)
        learner.best_average = parents

    def evaluate(name: str, _: object, state: TrainState) -> float:
        found = figures(CHOOSE, state.learners[name].average)
        on_evaluation(state.step, found)
        return _merit(found)

    patience = config.patience * run.evaluate_every
    steps = train(state, run, method, out, on_step=on_step, evaluate=evaluate)
    # A run that was killed after its last step, before its encoder, has none to do.
    while state.step - learner.best[1] < patience and next(steps, None) is not None:
        pass
    write_rows(out / LOG_FILE, state.history)
    ecfp4 = screens[HELD_OUT].similarities(_packed(series.table), _packed(library))
    gain = Gain(
        before,
        figures(HELD_OUT, learner.chosen),
        ecfp4,
        _counts(series, parts, decoys),
        learner.best[1],
    )
    encoder = Encoder(with_weights(learner, learner.chosen), identity="", card={})
    background = encoder.encode_store(graphs[1])
    content = tuned_card(run, config, parent, gain, state, background)
    first = slice(cards.N_SHIPPED)
    prints = _packed(library)[first]
    # The library stands for what is screened; those the background does not hold, where it can.
    reference = background[::-1][:N_REFERENCE]
    save_encoder(
        out, encoder.network, content, background[first].astype(np.float16), prints,
        reference=shortened(reference, encoder.network.config.matryoshka),
    )  # fmt: skip
    return gain


def _merit(figures: dict[str, float]) -> float:
    """Return one figure to choose by: early and whole ranking count alike."""
    return 0.5 * (figures["auroc"] + figures["bedroc_80p5"])


def _without(library: pa.Table, series: Series) -> pa.Table:
    """Leave out library molecules whose skeleton occurs in the series."""
    known = {key[:14] for key in series.table[INCHIKEY].to_pylist()}
    return library.filter(
        pa.array([key[:14] not in known for key in library[INCHIKEY].to_pylist()])
    )


def _first_graphs(table: pa.Table, parent: Encoder) -> GraphStore:
    """Featurise one graph a molecule: its first conformer."""
    store, owner = graphs_of_table(table, parent.buckets, geometry=parent.sees_geometry)
    return take(store, np.unique(owner, return_index=True)[1].astype(np.int64))


def _packed(table: pa.Table) -> NDArray[np.uint8]:
    return np.stack([np.frombuffer(bits, np.uint8) for bits in table[ECFP4].to_pylist()])


def _counts(series: Series, parts: NDArray[np.int64], decoys: NDArray[np.int64]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name, part in (("trained_on", FIT), ("choosing", CHOOSE), ("held_out", HELD_OUT)):
        rows = parts == part
        counts[name] = int(rows.sum())
        counts[f"{name}_actives"] = int(series.is_active[rows].sum())
        counts[f"{name}_library"] = int((decoys == part).sum())
    return counts
