"""Fine-tuning: files in, a tuned encoder and its gain out."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from molsearch import bundled
from molsearch.chem.records import iter_records
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepared import PreparedSet
from molsearch.data.series import Series, read_series, with_identity
from molsearch.errors import InputError
from molsearch.io.hashing import sha256_file, sha256_json
from molsearch.nn.weights import load_encoder
from molsearch.service.events import Emit, Note, stage
from molsearch.service.library import ensure_prepared
from molsearch.service.requests import SeriesConfig, TrainRequest
from molsearch.service.train_folder import empty
from molsearch.service.train_words import Steps, cache_folder
from molsearch.train.finetune import finetune, split
from molsearch.train.finetune_card import Gain
from molsearch.train.series_screen import FIGURES
from molsearch.words import counted

N_DECOYS = 3000  # the first so many of a larger library


def tune(job: SeriesConfig, request: TrainRequest, emit: Emit) -> dict[str, Any]:
    """Prepare series and decoys, fine-tune, and tell the gain; returns what made the encoder."""
    out, source = Path(request.output), Path(job.activities)
    config = job.tuning
    if not config.activities:
        config = config.model_copy(update={"activities": source.name})
    parent = load_encoder(job.start_from, device=request.device)
    steps = Steps(config.steps, emit)
    folder = cache_folder(request.cache).parent / "prepared"
    mine = prepared_once(source, folder, request.workers, None, emit, whole_rows(source))
    if mine.n_failed:
        text = (
            f"{counted(mine.n_failed, 'row')} of {source} could not be prepared; see "
            f"{mine.path / 'failures.parquet'}"
        )
        emit(Note(text=text))
    series = read_series(
        _table(mine),
        target_column=job.target_column,
        value_column=job.value_column,
        threshold=config.active_above,
    )
    split(series, config)  # a series that cannot be split is refused before decoys take their time
    decoys = Path(job.decoys) if job.decoys is not None else bundled.example() / "library.csv"
    others = prepared_once(decoys, folder, request.workers, N_DECOYS, emit)
    emit(Note(text=opening(series, config.active_above, others.n_ok)))
    if request.overwrite:
        empty(out)
    gain = finetune(
        parent,
        series,
        _table(others),
        config,
        out,
        on_step=steps.step,
        on_evaluation=lambda step, means: steps.figures(step, "choosing part", means),
    )
    for text in gain_table(gain, out):
        emit(Note(text=text))
    return {"config": config.model_dump(), "gain": gain.as_dict()}


def whole_rows(source: Path) -> ReadConfig:
    """Read a table so that none of its columns is taken for an id, and so lost as an activity.

    A file of structures and activities alone would otherwise pass for structures and ids.
    """
    if not table_like(source):
        return ReadConfig()
    record = next(iter_records([source], ReadConfig()))
    for separator in (",", "\t", ";"):
        try:
            head = pd.read_csv(source, nrows=1, dtype=str, sep=separator)
        except ValueError:
            continue
        for name, values in head.items():
            if head.shape[1] > 1 and values.tolist() == [record.smiles]:
                return ReadConfig(id_column=str(name))
    return ReadConfig()


def table_like(source: Path) -> bool:
    """Whether a file's name says csv or tsv, plain or gzipped."""
    return source.is_file() and source.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


def opening(series: Series, threshold: float, n_decoys: int) -> str:
    """Say what the series holds, and which columns said so."""
    targets, values = series.columns
    told = (
        f"column {values!r}, active from {threshold:g}"
        if values
        else "no column of activities, so every row counts as active"
    )
    told += f"; column {targets!r}" if targets else "; one target"
    n_active = int(series.is_active.sum())
    return (
        f"{counted(len(series), 'molecule')}, {n_active:,} active on "
        f"{counted(len(series.targets), 'target')} ({told}); "
        f"{counted(n_decoys, 'library molecule')} as decoys"
    )


def gain_table(gain: Gain, out: Path) -> list[str]:
    """Lay out the figures before and after, on the held-out scaffolds."""
    counts = gain.counts
    wrote = (
        f"wrote {out}: weights of step {gain.chosen_step}, trained on "
        f"{counted(counts['trained_on'], 'molecule')} ({counts['trained_on_actives']} active), "
        f"chosen on {counts['choosing']}"
    )
    lines = [
        wrote,
        (
            f"held-out scaffolds: {counted(counts['held_out'], 'molecule')}, "
            f"{counts['held_out_actives']} active"
        ),
        " " * 10 + "".join(f"{name:>16}" for name in FIGURES),
    ]
    rows = {"ECFP4": gain.ecfp4, "before": gain.before, "after": gain.after}
    rows["gain"] = {name: gain.after[name] - gain.before[name] for name in FIGURES}
    for name, figures in rows.items():
        sign = "+" if name == "gain" else ""
        lines.append(f"{name:>10}" + "".join(f"{figures[f]:>{sign}16.4f}" for f in FIGURES))
    if gain.chosen_step == 0:
        lines.append(
            "no step ranked the choosing part better than the encoder it started from, whose "
            "weights are kept"
        )
    return lines


def prepared_once(
    source: Path,
    folder: Path,
    workers: int,
    limit: int | None,
    emit: Emit,
    read: ReadConfig | None = None,
) -> PreparedSet:
    """Prepare a file below `folder`, or find what was made of the same content before.

    Raises
    ------
    InputError
        There is no such file, or it cannot be read.
    """
    if not source.is_file():
        raise InputError(f"{source}: no such file of molecules; check the path")
    config, read = PrepareConfig(), read or ReadConfig()
    known = [sha256_file(source), source.name, config.model_dump(), read.model_dump(), limit]
    known.append(version("rdkit"))
    place = folder / sha256_json(known)[:16]
    with stage(emit, f"preparing {source.name}") as progress:
        return ensure_prepared(
            [source],
            place,
            read,
            config,
            workers=workers,
            replace=True,
            any_source=True,
            limit=limit,
            on_progress=progress,
        )


def _table(prepared: PreparedSet) -> pa.Table:
    return with_identity(pa.concat_tables(list(prepared.iter_tables())))
