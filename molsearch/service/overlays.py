"""Overlays of pairs of training molecules, from a data folder to a table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from molsearch.data.activities import load_activities
from molsearch.data.conformers import load_conformers
from molsearch.data.overlays import OverlaySettings, make_overlays
from molsearch.data.places import data_root
from molsearch.errors import InputError, UsageError
from molsearch.service.events import Emit, Note, Progress, silent
from molsearch.words import counted


def settings_of(**settings: Any) -> OverlaySettings:
    """Build the settings of a table: `molsearch.data.overlays.OverlaySettings`."""
    return OverlaySettings(**settings)


def make(
    output: Path,
    *,
    data: Path | None,
    activities: str,
    conformers: str,
    settings: OverlaySettings,
    workers: int,
    overwrite: bool,
    emit: Emit = silent,
) -> dict[str, Any]:
    """Make a table of overlays, or go on with one; see `molsearch.data.overlays`.

    Molecules of benchmarks and of development targets are never among them.

    Parameters
    ----------
    data
        Folder of the two others; None for the one that ``MOLSEARCH_DATA`` names.
    activities, conformers
        Table and folder within it.

    Returns
    -------
    dict
        What was asked for, and counts.

    Raises
    ------
    InputError, UsageError
        The data, or what is there already, cannot be used.
    """
    if output.suffix.lower() != ".parquet":
        raise UsageError(f"{output}: overlays are written as Parquet; name a .parquet")
    if output.exists() and not overwrite:
        raise UsageError(f"{output} is there already; --overwrite replaces it")
    root = data if data is not None else data_root()
    known = load_activities(root / activities, tiers=("active", "weak_5_6"))
    folder = root / conformers
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of conformers; name one with --conformers")
    prepared = load_conformers(folder)
    done = make_overlays(
        known,
        {smiles: several[0] for smiles, several in prepared.items()},
        output,
        settings,
        workers=workers,
        on_progress=lambda n, of: emit(Progress(stage="anchors overlaid", done=n, total=of)),
    )
    text = f"wrote {output}: {counted(done.pairs, 'overlay')}"
    if done.failed:
        text += f"; {counted(done.failed, 'pair')} could not be overlaid"
    if done.alone:
        text += f"; {counted(done.alone, 'anchor')} had no partner below {settings.below:g}"
    emit(Note(text=text))
    return {"output": str(output), **asdict(settings), **asdict(done)}
