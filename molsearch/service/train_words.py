"""What a training says while it runs and when it ends."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from molsearch.cache import user_cache
from molsearch.chem.readers.formats import TEXT, read_suffixes, suffix_of
from molsearch.data.unread import words
from molsearch.service.events import Emit, Note, Progress
from molsearch.service.train_folder import UNREAD_FILE
from molsearch.train.loop import StepReport
from molsearch.train.material import Material
from molsearch.words import counted

_SECONDS = 15  # between two moments of a training


class Steps:
    """Tells of steps every quarter of a minute, and of each evaluation.

    Parameters
    ----------
    steps
        Of the whole run.
    """

    def __init__(self, steps: int, emit: Emit) -> None:
        self._steps, self._emit = steps, emit
        self._told = time.monotonic()
        self._recent: list[StepReport] = []

    def featurised(self, done: int) -> None:
        """Tell how many molecules are featurised."""
        self._emit(Progress(stage="featurising", done=done))

    def step(self, report: StepReport) -> None:
        """Take note of a step, and tell the mean of the recent ones now and then."""
        self._recent.append(report)
        due = time.monotonic() - self._told >= _SECONDS or report.step == self._steps
        if not due:
            return
        self._told = time.monotonic()
        words = recent_words(self._recent, self._steps)
        self._emit(
            Progress(
                stage="training",
                done=report.step,
                total=self._steps,
                note=words,
                ended=report.step == self._steps,
            )
        )
        self._recent.clear()

    def evaluation(self, step: int, encoder: str, means: dict[str, float]) -> None:
        """Tell the figures of an encoder on the development screens."""
        self.figures(step, f"encoder {encoder} on the development screens", means)

    def figures(self, step: int, what: str, means: dict[str, float]) -> None:
        """Tell figures reached at a step."""
        text = " · ".join(f"{n} {v:.4f}" for n, v in means.items())
        self._emit(Note(text=f"step {step:,}, {what}: {text}"))


def recent_words(recent: list[StepReport], steps: int) -> str:
    """Sum up recent steps: losses, what the plans look like, speed, time left."""
    seconds = max(sum(r.seconds for r in recent), 1e-9)
    n = len(recent)
    parts = [f"loss {sum(r.loss for r in recent) / n:.3f}"]
    for name, places in (
        ("supervised", 3),
        ("binary", 3),
        ("graded", 3),
        ("over_targets", 3),
        ("shapes", 3),
        ("align", 3),
        ("aligned", 2),
        ("distil", 4),
        ("soft", 3),
        ("uniformity", 3),
        ("neighbours", 1),
        ("diagonal_mass", 2),
    ):
        values = [r.figures[name] for r in recent if name in r.figures]
        if values:
            label = name.replace("_", " ")
            parts.append(f"{label} {sum(values) / len(values):.{places}f}")
    lost = ("unconverged", "unconverged_targets")
    unconverged = sum(r.figures.get(name, 0) for r in recent for name in lost)
    if unconverged:
        parts.append(f"{counted(int(unconverged), 'plan')} not converged")
    left = seconds / n * (steps - recent[-1].step) / 60
    rate = sum(r.n_molecules for r in recent) / seconds
    return " · ".join([*parts, f"{rate:,.0f} molecules/s", f"{left:.0f} min left"])


def opening(material: Material, *, labelled: bool = True, pairs_per_step: int = 0) -> list[str]:
    """Say what the run trains on; without `labelled`, that labels are not looked at.

    A step has a pair a target: where there are fewer than `pairs_per_step`, that is said.
    """
    text = f"training on {counted(material.activities.n_labelled, 'molecule')}"
    if labelled:
        n_targets = material.activities.n_targets
        text += f", {counted(material.activities.n_pairs, 'pair')}, {counted(n_targets, 'target')}"
    else:
        text += " of the activity table, their labels aside"
    if material.unlabelled is not None:
        text += f", and {counted(len(material.unlabelled), 'molecule')} without labels"
    further = [part.words() for part in (material.inactives, material.overlays) if part is not None]
    lines = [text, *words(material.unread, UNREAD_FILE), *conformer_words(material), *further]
    if (n_pairs := material.activities.n_trained_targets) < pairs_per_step:
        lines.append(
            f"a step has {counted(n_pairs, 'pair')}, one of each target with two ligands, not the "
            f"{pairs_per_step:,} of pairs_per_step"
        )
    if not material.activities.unflagged:
        return lines
    names = ", ".join(material.activities.unflagged)
    warning = (
        f"the activity table has no {names}: benchmark molecules may be trained on; "
        "molsearch data convert --benchmarks adds the columns"
    )
    return [*lines, warning]


def conformer_words(material: Material) -> list[str]:
    """Say how many conformers there are, where molecules have several or some do not fit."""
    n = material.store.n_conformers
    lines = []
    if (several := int((n > 1).sum())) > 0:
        lines.append(
            f"{counted(int(n.sum()), 'conformer')} of {counted(int((n > 0).sum()), 'molecule')}, "
            f"{several:,} of which have several: any of them is drawn, screens pool all"
        )
    if material.misfits:
        lines.append(
            f"left out: {counted(material.misfits, 'conformer')} without a place for each heavy "
            "atom of its SMILES; make them from the same SMILES"
        )
    return lines


def summary(card: dict[str, Any], output: Path) -> list[str]:
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
    return lines


def cache_folder(given: str | None) -> Path:
    """Folder of featurised molecules."""
    if given is not None:
        return Path(given)
    return user_cache() / "graphs"


def is_of_molecules(path: Path) -> bool:
    """Say whether a file's name is one of molecules rather than of settings."""
    return suffix_of(path.name) in {*read_suffixes()} - {*TEXT.suffixes}
