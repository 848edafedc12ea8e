"""``molsearch train``: from activity records to an encoder folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from molsearch.cli import options

if TYPE_CHECKING:
    import torch

    from molsearch.config import TrainConfig

_SERIES = "Fine-tuning on a series"

app = typer.Typer(add_completion=False)


@app.command(context_settings=options.HELP_NAMES)
def train(
    config_file: Path = typer.Argument(
        None, metavar="[CONFIG]", help="YAML file of a TrainConfig; none with --activities."
    ),
    output: Path = typer.Option(
        None, "-o", "--output", help="Folder of the encoder to make (default: runs/NAME)."
    ),
    set_: list[str] = typer.Option([], "--set", metavar="KEY=VALUE", help="Override one setting."),
    start_from: str = typer.Option(
        None, "--from", help="Encoder to start from: a folder, or a bundled one's name."
    ),
    activities: Path = typer.Option(
        None,
        help="Your own series (csv, tsv, sdf, …) to fine-tune on, with a column of activities "
        "(-log10 molar, or active/inactive) and, for several targets, one of targets.",
        rich_help_panel=_SERIES,
    ),
    decoys: Path = typer.Option(
        None,
        help="Molecules taken for inactive (default: the bundled example library).",
        rich_help_panel=_SERIES,
    ),
    target_column: str = typer.Option(None, rich_help_panel=_SERIES),
    value_column: str = typer.Option(None, rich_help_panel=_SERIES),
    active_above: float = typer.Option(
        6.0, help="Least value of an active.", rich_help_panel=_SERIES
    ),
    device: options.Device = "auto",
    workers: int = typer.Option(os.cpu_count() or 1, "-n", "--workers", help="For featurising."),
    threads: int = typer.Option(0, help="Torch threads; 0 leaves torch's choice."),
    cache: Path = typer.Option(None, help="Folder of featurised molecules (default: user cache)."),
    overwrite: bool = typer.Option(False, help="Start anew where OUTPUT holds another run."),
    quiet: options.Quiet = False,
) -> None:
    """Train an encoder, or fine-tune one on a series of your own.

    molsearch train CONFIG trains; the same command continues an interrupted run.

    molsearch train --from WEIGHTS --activities mine.csv -o tuned fine-tunes, in minutes, and
    prints the gain on scaffolds that were held out.

    Data are read from the folder that CONFIG or the variable MOLSEARCH_DATA names. Under
    torchrun the processes share each step's batch.
    """
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    import torch

    from molsearch.cli.train_config import read_config
    from molsearch.cli.train_series import SeriesJob, tune
    from molsearch.errors import UsageError
    from molsearch.nn.device import resolve_device
    from molsearch.train.distributed import process_group

    if threads:
        torch.set_num_threads(threads)
    if activities is not None:
        if config_file is not None or output is None:
            raise UsageError("--activities fine-tunes: give -o OUTPUT, and no CONFIG")
        job = SeriesJob(activities, decoys, target_column, value_column, active_above, set_)
        _clear(output, overwrite)
        tune(job, start_from, output, device, workers=workers, cache=cache, quiet=quiet)
        return
    if config_file is None:
        raise UsageError("give CONFIG (configs/ has examples), or --activities to fine-tune")
    changes = [*set_, f"start_from={start_from}"] if start_from else set_
    config = read_config(config_file, changes)
    out = output or Path("runs") / config.name
    with process_group(resolve_device(device)) as place:
        _clear(out, overwrite)
        _run(config, config_file, out, place, workers=workers, cache=cache, quiet=quiet)


def _clear(out: Path, overwrite: bool) -> None:
    """Refuse a folder with a finished encoder or with something else, or empty it on request.

    A run ends with ``run.json``. One that was killed after its card, and before that, is still to
    be finished: its last checkpoint leads to the same encoder.
    """
    from molsearch.errors import UsageError
    from molsearch.io.folders import RUN, Kind, look
    from molsearch.nn.weights import CARD_FILE
    from molsearch.train.distributed import first_before_others, is_first
    from molsearch.train.log import EVALUATIONS_FILE, LOG_FILE
    from molsearch.train.state import CHECKPOINT_FILE

    found = look(out)
    if found.kind in (Kind.FILE, Kind.PREPARED, Kind.INDEX):
        raise UsageError(f"{out} is {found}, where no encoder can go; choose another --output")
    with first_before_others():
        if overwrite and is_first():
            for name in (CARD_FILE, CHECKPOINT_FILE, LOG_FILE, EVALUATIONS_FILE, RUN):
                (out / name).unlink(missing_ok=True)
    unfinished = (out / CHECKPOINT_FILE).is_file() and not (out / RUN).exists()
    if (out / CARD_FILE).exists() and not unfinished:
        raise UsageError(f"{out}: already holds a finished encoder; --overwrite starts anew")


def _run(
    config: TrainConfig,
    config_file: Path,
    out: Path,
    device: torch.device,
    *,
    workers: int,
    cache: Path | None,
    quiet: bool,
) -> None:
    from molsearch.chem.features import Buckets
    from molsearch.cli.train_report import StepPrinter, cache_folder, opening, summary
    from molsearch.io.runs import write_run
    from molsearch.nn.weights import load_encoder
    from molsearch.train.distributed import is_first
    from molsearch.train.join import run_join
    from molsearch.train.learner import encoder_config
    from molsearch.train.material import Featuriser, data_root, gather
    from molsearch.train.run import Hooks, run_training

    quiet = quiet or not is_first()
    parts = [load_encoder(path, device="cpu") for path in config.parts]
    parent = load_encoder(config.start_from, device="cpu") if config.start_from else None
    if parts:
        parent = parts[0]
    model = parent.network.config if parent is not None else encoder_config(config)
    printer = StepPrinter(config.steps, quiet=quiet)
    featuriser = Featuriser(
        Buckets.of(model),
        cache_folder(cache),
        workers,
        printer.featurising.update,
        geometry=model.use_geometry,
    )
    material = gather(config, data_root(config, config_file), featuriser)
    printer.say(opening(material, labelled=config.method != "self_supervised"))
    if parts:
        card = run_join(config, material, out, parts)
    else:
        hooks = Hooks(printer.step, printer.evaluation)
        card = run_training(config, material, out, device, hooks, parent)
    if is_first():
        write_run(out / "run.json", "train", {"config": config.model_dump(), "card": card})
        printer.say(summary(card, out))
