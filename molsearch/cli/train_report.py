"""What ``molsearch train`` says while it runs and when it ends."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import platformdirs
import typer

from molsearch.cli.progress import Progress
from molsearch.train.loop import StepReport
from molsearch.train.material import Material

_SECONDS = 15  # between lines


class StepPrinter:
    """Prints a line every quarter of a minute, and one for each evaluation.

    Parameters
    ----------
    steps
        Of the whole run.
    quiet
        Print nothing.
    """

    def __init__(self, steps: int, *, quiet: bool) -> None:
        self.featurising = Progress("featurising", quiet=quiet)
        self._steps = steps
        self._quiet = quiet
        self._printed = time.monotonic()
        self._recent: list[StepReport] = []

    def say(self, text: str) -> None:
        """Print a line on stderr, unless quiet."""
        if not self._quiet:
            typer.echo(text, err=True)

    def step(self, report: StepReport) -> None:
        """Take note of a step, and print the mean of the recent ones now and then."""
        self._recent.append(report)
        due = time.monotonic() - self._printed >= _SECONDS or report.step == self._steps
        if not due:
            return
        self._printed = time.monotonic()
        self.say(step_line(self._recent, self._steps))
        self._recent.clear()

    def evaluation(self, step: int, encoder: str, means: dict[str, float]) -> None:
        """Print the figures of an encoder on the development screens."""
        self.figures(step, f"encoder {encoder} on the development screens", means)

    def figures(self, step: int, what: str, means: dict[str, float]) -> None:
        """Print figures reached at a step."""
        text = " · ".join(f"{n} {v:.4f}" for n, v in means.items())
        self.say(f"step {step:,}, {what}: {text}")


def step_line(recent: list[StepReport], steps: int) -> str:
    """Sum up recent steps: losses, what the plans look like, speed, time left."""
    seconds = max(sum(r.seconds for r in recent), 1e-9)
    n = len(recent)
    parts = [
        f"step {recent[-1].step:,} of {steps:,}",
        f"loss {sum(r.loss for r in recent) / n:.3f}",
    ]
    for name, places in (
        ("supervised", 3),
        ("soft", 3),
        ("uniformity", 3),
        ("neighbours", 1),
        ("diagonal_mass", 2),
    ):
        values = [r.figures[name] for r in recent if name in r.figures]
        if values:
            label = name.replace("_", " ")
            parts.append(f"{label} {sum(values) / len(values):.{places}f}")
    unconverged = sum(r.figures.get("unconverged", 0) for r in recent)
    if unconverged:
        parts.append(f"{unconverged:.0f} plans not converged")
    left = seconds / n * (steps - recent[-1].step) / 60
    rate = sum(r.n_molecules for r in recent) / seconds
    return " · ".join([*parts, f"{rate:,.0f} molecules/s", f"{left:.0f} min left"])


def opening(material: Material, *, labelled: bool = True) -> str:
    """Say what the run trains on; without `labelled`, that labels are not looked at."""
    text = f"training on {material.activities.n_labelled:,} molecules"
    if labelled:
        n_targets = len(material.activities.targets)
        text += f", {material.activities.n_pairs:,} pairs, {n_targets:,} targets"
    else:
        text += " of the activity table, their labels aside"
    if material.unlabelled is not None:
        text += f", and {len(material.unlabelled):,} molecules without labels"
    if material.activities.unflagged:
        names = ", ".join(material.activities.unflagged)
        text += (
            f"\nthe activity table has no {names}: benchmark molecules may be trained on; "
            "molsearch data convert --benchmarks adds the columns"
        )
    return text


def summary(card: dict[str, Any], output: Path) -> str:
    """Say what was made, and how it does beside ECFP4."""
    made = card["training"]
    step = f" of step {made['chosen_step']:,}" if "chosen_step" in made else ""
    lines = [f"wrote {output} (encoder {made['encoder']}{step})"]
    figures = card["development"]
    if figures:
        rows = {"shipped": figures["encoder"], **figures.get("encoders", {})}
        for who, values in {**rows, "ecfp4": figures["ecfp4"]}.items():
            text = " · ".join(f"{n} {v:.4f}" for n, v in values.items())
            lines.append(f"  {who}: {text}")
    return "\n".join(lines)


def cache_folder(given: Path | None) -> Path:
    """Folder of featurised molecules."""
    return given or Path(platformdirs.user_cache_dir("molsearch")) / "graphs"
