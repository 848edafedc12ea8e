"""``molsearch train``: from activity records to an encoder folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from molsearch.config import TrainConfig

app = typer.Typer(add_completion=False)


@app.command(context_settings={"help_option_names": ["-h", "--help"]})
def train(
    config_file: Path = typer.Argument(..., metavar="CONFIG", help="YAML file of a TrainConfig."),
    output: Path = typer.Option(..., "-o", "--output", help="Folder of the encoder to make."),
    set_: list[str] = typer.Option([], "--set", metavar="KEY=VALUE", help="Override one setting."),
    device: str = typer.Option("auto", help="auto, cpu, cuda or cuda:n."),
    workers: int = typer.Option(os.cpu_count() or 1, "-n", "--workers", help="For featurising."),
    threads: int = typer.Option(0, help="Torch threads; 0 leaves torch's choice."),
    cache: Path = typer.Option(None, help="Folder of featurised molecules (default: user cache)."),
    overwrite: bool = typer.Option(False, help="Start anew where OUTPUT holds another run."),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="No progress."),
) -> None:
    """Train an encoder; the same command continues an interrupted run.

    Data are read from the folder that the variable MOLSEARCH_DATA names.
    """
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    import platformdirs
    import torch

    from molsearch.errors import UsageError
    from molsearch.io.runs import write_run
    from molsearch.nn.device import resolve_device
    from molsearch.nn.weights import CARD_FILE
    from molsearch.train.run import gather, run_training

    config = _config(config_file, set_)
    place = resolve_device(device)
    if threads:
        torch.set_num_threads(threads)
    if overwrite and output.exists():
        for name in ("checkpoint.safetensors", "log.csv", CARD_FILE):
            (output / name).unlink(missing_ok=True)
    if (output / CARD_FILE).exists():
        raise UsageError(f"{output}: already holds a finished encoder; --overwrite starts anew")
    hooks = _hooks(config, quiet)
    cache = cache or Path(platformdirs.user_cache_dir("molsearch")) / "graphs"
    material = gather(config, cache, workers=workers, hooks=hooks)
    if not quiet:
        typer.echo(
            f"training on {len(material.store):,} molecules, "
            f"{material.activities.n_pairs:,} pairs, "
            f"{len(material.activities.targets):,} targets",
            err=True,
        )
    card = run_training(config, material, output, place, hooks)
    write_run(output / "run.json", "train", {"config": config.model_dump(), "card": card})
    if not quiet:
        typer.echo(_summary(card, output), err=True)


def _config(path: Path, changes: list[str]) -> TrainConfig:
    """Read a configuration file, apply ``KEY=VALUE`` changes, and check the whole."""
    import yaml
    from pydantic import ValidationError

    from molsearch.config import TrainConfig
    from molsearch.errors import InputError, UsageError

    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read as YAML ({error})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a mapping of settings; see configs/ for examples")
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise UsageError(f"--set {change}: write KEY=VALUE")
        section, _, name = key.partition(".")
        if name:
            content.setdefault(section, {})[name] = yaml.safe_load(value)
        else:
            content[section] = yaml.safe_load(value)
    try:
        return TrainConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{path}: {place}: {first['msg']}") from None


def _hooks(config: TrainConfig, quiet: bool) -> Any:
    import time

    from molsearch.cli.progress import Progress
    from molsearch.train.loop import StepReport
    from molsearch.train.run import Hooks

    featurising = Progress("featurising", quiet=quiet)
    printed = time.monotonic()
    recent: list[StepReport] = []

    def on_step(report: StepReport) -> None:
        nonlocal printed
        recent.append(report)
        if quiet or (time.monotonic() - printed < 15 and report.step != config.steps):
            return
        printed = time.monotonic()
        seconds = sum(r.seconds for r in recent)
        loss = sum(r.loss for r in recent) / len(recent)
        rate = sum(r.n_molecules for r in recent) / seconds
        left = seconds / len(recent) * (config.steps - report.step) / 60
        typer.echo(
            f"step {report.step:,} of {config.steps:,} · loss {loss:.3f} · {rate:,.0f} molecules/s "
            f"· {left:.0f} min left",
            err=True,
        )
        recent.clear()

    def on_evaluation(step: int, means: dict[str, float]) -> None:
        if not quiet:
            text = " · ".join(f"{n} {v:.4f}" for n, v in means.items() if n != "n")
            typer.echo(f"step {step:,} on the development screens: {text}", err=True)

    return Hooks(featurising.update, on_step, on_evaluation)


def _summary(card: dict[str, Any], output: Path) -> str:
    lines = [f"wrote {output} (encoder {card['name']}, step {card['training']['chosen_step']:,})"]
    if card["development"]:
        figures = card["development"]
        for who in ("encoder", "ecfp4"):
            text = " · ".join(f"{n} {v:.4f}" for n, v in figures[who].items())
            lines.append(f"  {who}: {text}")
    return "\n".join(lines)
