"""The generation that a writer works in: begun, taken up again, and the old ones swept."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from molsearch.errors import IndexCorruptError, MolSearchError, UsageError
from molsearch.index.layout import ADDED, MANIFEST, PLAN, generation_folder, generations
from molsearch.index.manifest import Manifest
from molsearch.index.models import read_model, write_model
from molsearch.index.plan import IndexPlan
from molsearch.io.atomic import fsync_folder, refusal
from molsearch.io.folders import Kind, look
from molsearch.store.hold import remove_free
from molsearch.store.sweep import sweep


def check_target(out: Path) -> None:
    """Refuse a place that holds anything but an index.

    Raises
    ------
    UsageError
        `out` is a file, or a folder with other contents.
    """
    found = look(out)
    if found.kind not in (Kind.NOTHING, Kind.EMPTY, Kind.INDEX):
        raise UsageError(f"{out} is {found}, where an index cannot go; choose another output")


@contextmanager
def storage_errors(out: Path, needed: Callable[[], int]) -> Iterator[None]:
    """Turn what a disk refuses into one line that names the place and the mend."""
    try:
        yield
    except OSError as error:
        raise MolSearchError(
            f"cannot write {refusal(error, out, needed())} and repeat the command, which goes on "
            "where it stopped"
        ) from error


def start_generation(out: Path, plan: IndexPlan, *, resume: bool, overwrite: bool) -> int:
    """Open a generation to write in: the unfinished one of the same plan, or a new one.

    Raises
    ------
    UsageError
        Another one is unfinished there, and `overwrite` is not given.
    """
    number = max([_committed(out) + 1, *generations(out)])
    folder = generation_folder(out, number)
    if folder.exists() and not (resume and _plan_of(folder) == plan):
        other = _plan_of(folder)
        if other is not None and other != plan and not overwrite:
            raise UsageError(f"{out} holds {_unfinished(other)}; pass --overwrite to discard it")
        shutil.rmtree(folder)
    sweep(out, folder)
    if not (folder / PLAN).exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_model(folder / PLAN, plan)
        # A power cut must not lose the folder that a later manifest names.
        fsync_folder(folder.parent)
        fsync_folder(out)
    return number


def unfinished_change(out: Path) -> str | None:
    """Say what an interrupted writer of a finished index was doing; None where nothing is left."""
    for number in generations(out)[-1:]:
        plan = _plan_of(generation_folder(out, number)) if number > _committed(out) else None
        if plan is not None:
            return _unfinished(plan)
    if any((out / ADDED).glob("*")):
        return "an unfinished add, still being prepared (repeat that command to finish it)"
    return None


def prune(out: Path, number: int) -> None:
    """Remove generations older than the one before `number`, unless a reader holds them.

    What stays, a later commit removes.
    """
    for old in generations(out):
        if old < number - 1:
            with suppress(OSError):
                remove_free(generation_folder(out, old))


def _unfinished(plan: IndexPlan) -> str:
    if plan.change is None:
        return "an unfinished index of another library or encoder"
    return f"an unfinished {plan.change} (repeat that command to finish it)"


def _committed(out: Path) -> int:
    """Newest generation that readers may see; 0 where there is none."""
    try:
        return read_model(out / MANIFEST, Manifest).generation
    except IndexCorruptError:
        whole = (n for n in generations(out) if (generation_folder(out, n) / MANIFEST).exists())
        # Without any head, a whole generation was only never committed: it may be resumed.
        return max(whole, default=0) if (out / MANIFEST).exists() else 0


def _plan_of(folder: Path) -> IndexPlan | None:
    try:
        return read_model(folder / PLAN, IndexPlan)
    except IndexCorruptError:
        return None
