"""``molsearch train``: from activity records to an encoder folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import typer

from molsearch.cli import options
from molsearch.errors import UsageError
from molsearch.service.requests import TrainRequest, validated

_SERIES = "Fine-tuning on a series"
_DUE = TrainRequest.model_construct()  # every default, nothing else

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
    device: options.Device = _DUE.device,
    workers: int = typer.Option(os.cpu_count() or 1, "-n", "--workers", help="For featurising."),
    threads: int = typer.Option(_DUE.threads, help="Torch threads; 0 leaves torch's choice."),
    cache: Path = typer.Option(None, help="Folder of featurised molecules (default: user cache)."),
    check: bool = typer.Option(
        False, "--check", help="First hold a transport plan of the run against POT's."
    ),
    overwrite: bool = typer.Option(False, help="Start anew where OUTPUT holds another run."),
    as_json: options.AsJson = False,
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
    from molsearch.cli.train_config import of_file, of_series

    ensure_allocator()
    if activities is not None:
        if config_file is not None or output is None:
            raise UsageError("--activities fine-tunes: give -o OUTPUT, and no CONFIG")
        if check:
            raise UsageError("--check is of a training by CONFIG; leave it out with --activities")
        what = of_series(activities, output, active_above, set_)
        what["series"] |= {
            "decoys": options.text(decoys),
            "target_column": target_column,
            "value_column": value_column,
            "start_from": start_from,
        }
    elif config_file is None:
        raise UsageError("give CONFIG (configs/ has examples), or --activities to fine-tune")
    else:
        what = of_file(config_file, output, start_from, set_)
    how = {
        "device": device,
        "workers": workers,
        "threads": threads,
        "cache": options.text(cache),
        "check": check,
        "overwrite": overwrite,
    }
    run(validated(TrainRequest, {**what, **how}), as_json=as_json, quiet=quiet)


def run(request: TrainRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Train and tell what came of it."""
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.service.train import train

    with plain_warnings():
        account = train(request, Terminal(quiet=quiet)).account
    if as_json:
        print(json.dumps(account, default=str))
    return account
