"""Fine-tuning from the command line: files in, a tuned encoder and its gain out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from molsearch.chem.records import iter_records
from molsearch.cli.demo_run import example_folder
from molsearch.cli.telling import Terminal, plain_warnings
from molsearch.cli.train_config import checked
from molsearch.cli.train_report import StepPrinter, cache_folder
from molsearch.config import FinetuneConfig, PrepareConfig, ReadConfig
from molsearch.data.prepare import prepare
from molsearch.data.prepared import PreparedSet
from molsearch.data.series import Series, read_series, with_identity
from molsearch.errors import InputError
from molsearch.io.hashing import sha256_file, sha256_json
from molsearch.io.runs import write_run
from molsearch.nn.weights import load_encoder
from molsearch.service.events import stage
from molsearch.train.finetune import finetune
from molsearch.train.finetune_card import Gain
from molsearch.train.series_screen import FIGURES

N_DECOYS = 3000  # the first so many of a larger library


@dataclass(frozen=True, slots=True)
class SeriesJob:
    """What to fine-tune on, as the command line gave it.

    Attributes
    ----------
    activities, decoys
        Files of molecules; None is the bundled example library.
    target_column, value_column, active_above
        See :func:`molsearch.data.series.read_series`.
    changes
        ``KEY=VALUE`` settings of a `FinetuneConfig`.
    """

    activities: Path
    decoys: Path | None
    target_column: str | None
    value_column: str | None
    active_above: float
    changes: Sequence[str] = ()


def tune(
    job: SeriesJob,
    start_from: str | None,
    out: Path,
    device: str,
    *,
    workers: int,
    cache: Path | None,
    quiet: bool,
) -> None:
    """Prepare series and decoys, fine-tune, and print the gain."""
    settings = {
        "name": out.name,
        "activities": job.activities.name,
        "active_above": job.active_above,
    }
    config = checked(FinetuneConfig, settings, job.changes, "--set")
    parent = load_encoder(start_from, device=device)
    printer = StepPrinter(config.steps, quiet=quiet)
    folder = cache_folder(cache).parent / "prepared"
    with plain_warnings():
        mine = _prepared(job.activities, folder, workers, None, quiet, whole_rows(job.activities))
        decoys = job.decoys or example_folder() / "library.csv"
        others = _prepared(decoys, folder, workers, N_DECOYS, quiet)
    if mine.n_failed:
        printer.say(
            f"{mine.n_failed} rows of {job.activities} could not be prepared; see "
            f"{mine.path / 'failures.parquet'}"
        )
    series = read_series(
        _table(mine),
        target_column=job.target_column,
        value_column=job.value_column,
        threshold=config.active_above,
    )
    printer.say(opening(series, config.active_above, others.n_ok))
    gain = finetune(
        parent,
        series,
        _table(others),
        config,
        out,
        on_step=printer.step,
        on_evaluation=lambda step, means: printer.figures(step, "choosing part", means),
    )
    write_run(out / "run.json", "train", {"config": config.model_dump(), "gain": gain.as_dict()})
    printer.say(gain_table(gain, out))


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
        f"{len(series):,} molecules, {n_active:,} active on {len(series.targets)} targets "
        f"({told}); {n_decoys:,} library molecules as decoys"
    )


def gain_table(gain: Gain, out: Path) -> str:
    """Lay out the figures before and after, on the held-out scaffolds."""
    counts = gain.counts
    wrote = (
        f"wrote {out}: weights of step {gain.chosen_step}, trained on {counts['trained_on']} "
        f"molecules ({counts['trained_on_actives']} active), chosen on {counts['choosing']}"
    )
    lines = [
        wrote,
        f"held-out scaffolds: {counts['held_out']} molecules, {counts['held_out_actives']} active",
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
    return "\n".join(lines)


def _prepared(
    source: Path,
    folder: Path,
    workers: int,
    limit: int | None,
    quiet: bool,
    read: ReadConfig | None = None,
) -> PreparedSet:
    if not source.is_file():
        raise InputError(f"{source}: no such file of molecules")
    config, read = PrepareConfig(), read or ReadConfig()
    known = [sha256_file(source), source.name, config.model_dump(), read.model_dump(), limit]
    place = folder / sha256_json(known)[:16]
    with stage(Terminal(quiet=quiet), f"preparing {source.name}") as progress:
        return prepare(
            [source],
            place,
            read,
            config,
            workers=workers,
            limit=limit,
            on_progress=progress,
        )


def _table(prepared: PreparedSet) -> pa.Table:
    return with_identity(pa.concat_tables(list(prepared.iter_tables())))
