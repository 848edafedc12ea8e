"""How long runs are kept, how much room they take, and how many may wait; runs go whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from molsearch.errors import UsageError
from molsearch.io.atomic import write_text
from molsearch.words import counted, noun
from molsearch_app import jobs, places
from molsearch_app.components import uploads
from molsearch_app.runner import JOB, STATE

QUEUE, DAYS = "MOLSEARCH_APP_QUEUE", "MOLSEARCH_APP_KEEP_DAYS"
RUNS, GIB = "MOLSEARCH_APP_KEEP_RUNS", "MOLSEARCH_APP_QUOTA_GIB"
KEPT, USED, GONE = "kept", "used", ".gone-"
_QUEUE = 20
_DAY = 86_400.0


@dataclass(frozen=True)
class Limits:
    """What the operator of a server allows; None is no limit.

    Attributes
    ----------
    queue
        Runs that may wait or run at a time.
    days
        After so many days without use a run is removed.
    runs
        So many runs stay, the last used ones.
    gib
        GiB that all runs may take: the longest unused ones go first.
    """

    queue: int = _QUEUE
    days: float | None = None
    runs: int | None = None
    gib: float | None = None

    @classmethod
    def of(cls, given: Mapping[str, str] | None = None) -> Limits:
        """Read the limits from the environment.

        Raises
        ------
        UsageError
            A variable holds no number above zero.
        """
        given = os.environ if given is None else given
        queue, runs = _number(given, QUEUE), _number(given, RUNS)
        return cls(
            queue=_QUEUE if queue is None else int(queue),
            days=_number(given, DAYS),
            runs=None if runs is None else int(runs),
            gib=_number(given, GIB),
        )

    def told(self) -> str:
        """Say in a sentence when runs are removed; empty where they never are."""
        found = []
        if self.days is not None:
            found.append(f"after {self.days:g} days without use")
        if self.runs is not None:
            found.append(f"where there are more than {self.runs:,}")
        if self.gib is not None:
            found.append(f"where all take more than {self.gib:g} GiB")
        return f"Runs that are not kept are removed {', or '.join(found)}." if found else ""


def _number(given: Mapping[str, str], name: str) -> float | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not 0 < found < float("inf"):
        raise UsageError(f"{name} is {text[:20]!r}: set it to a number above 0, or leave it out")
    return found


def new_run(kind: str) -> tuple[str, Path]:
    """Make the folder of a new run where there is room for it; see `make_room`."""
    make_room()
    return jobs.new_folder(kind)


def make_room(limits: Limits | None = None) -> None:
    """Remove what is due, and refuse a further run where there is no room for it.

    Raises
    ------
    UsageError
        Too many runs wait, or the runs that are kept fill the room for all.
    """
    limits = limits or Limits.of()
    expire(limits)
    _refuse_overfull(limits)
    waiting = sum(not jobs.status(job).ended for job in jobs.recent(limit=limits.queue * 10))
    if waiting >= limits.queue:
        raise UsageError(
            f"{counted(waiting, 'run')} {noun(waiting, 'waits or runs', 'wait or run')} already, "
            "as many as this server takes; try "
            "again when "
            "one has ended, or cancel one"
        )


def again(job: jobs.AppRun) -> None:
    """Start an ended run once more where there is room for it; see `make_room`."""
    touch(job.folder)
    make_room()
    jobs.again(job)


def room_for_upload(limits: Limits | None = None) -> None:
    """Make room for an upload that waits for its run.

    Raises
    ------
    UsageError
        What is kept already fills the room for all.
    """
    uploads.sweep(places.runs_root())
    _refuse_overfull(limits or Limits.of())


def _refuse_overfull(limits: Limits) -> None:
    if limits.gib is None:
        return
    taken = size(places.runs_root())
    if taken > limits.gib * 2**30:
        raise UsageError(
            f"runs and uploads take {taken / 2**30:.1f} of {limits.gib:g} GiB, and none of them "
            "may be removed by itself; delete some on the Runs page"
        )


def expire(limits: Limits, now: float | None = None) -> list[str]:
    """Remove ended runs that nobody keeps, by age, number and room; returns their run ids."""
    now = time.time() if now is None else now
    every = sorted(_folders(), key=last_used)
    free = [folder for folder in every if _may_go(folder)]
    due: list[Path] = []
    if limits.days is not None:
        due += [folder for folder in free if now - last_used(folder) > limits.days * _DAY]
    if limits.runs is not None:
        excess = len(every) - len(due) - limits.runs
        due += [folder for folder in free if folder not in due][: max(0, excess)]
    if limits.gib is not None:
        sizes = {folder: size(folder) for folder in every}
        over = sum(sizes[folder] for folder in every if folder not in due) - limits.gib * 2**30
        for folder in free:
            if over > 0 and folder not in due:
                due.append(folder)
                over -= sizes[folder]
    for folder in due:
        _remove(folder)
    return [folder.name for folder in due]


def sweep(root: Path, now: float | None = None) -> None:
    """Finish what a stop of the server cut short: removals, and runs that never began."""
    now = time.time() if now is None else now
    for folder in root.iterdir() if root.is_dir() else ():
        begun = (folder / JOB).exists() or not jobs.is_run_id(folder.name)
        if folder.is_symlink() or (begun and not folder.name.startswith(GONE)):
            continue
        with contextlib.suppress(OSError):
            if begun or now - folder.stat().st_mtime > _DAY:
                shutil.rmtree(folder, ignore_errors=True)


def delete(job: jobs.AppRun) -> None:
    """Remove a run with all that lies in its folder.

    Raises
    ------
    UsageError
        It has not ended.
    """
    if not jobs.status(job).ended:
        raise UsageError(f"{job.title!r} has not ended; cancel it first")
    _remove(job.folder)


def rename(job: jobs.AppRun, title: str) -> None:
    """Give a run another title.

    Raises
    ------
    UsageError
        The title is empty.
    """
    plain = " ".join(title.split())
    if not plain:
        raise UsageError("a run needs a name; type one")
    jobs.retitle(job, plain)


def keep(job: jobs.AppRun, *, kept: bool) -> None:
    """Keep a run from being removed by age and number, or no longer."""
    if kept:
        write_text(job.file(KEPT), "")
    else:
        job.file(KEPT).unlink(missing_ok=True)


def is_kept(job: jobs.AppRun) -> bool:
    """Say whether a run is kept."""
    return job.file(KEPT).exists()


def touch(folder: Path) -> None:
    """Note that a run was used now: its age begins anew."""
    with contextlib.suppress(OSError):
        (folder / USED).touch()


def last_used(folder: Path) -> float:
    """Time at which a run was last looked at, searched or written to."""
    times = []
    for name in (USED, STATE, JOB):
        with contextlib.suppress(OSError):
            times.append((folder / name).stat().st_mtime)
    return max(times, default=0.0)


def size(folder: Path) -> int:
    """Bytes below a folder; what goes away meanwhile counts nothing."""
    total = 0
    for inner, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(inner) / name).lstat().st_size
    return total


def _folders() -> list[Path]:
    return [job.folder for job in jobs.recent(limit=1_000_000)]


def _may_go(folder: Path) -> bool:
    job = jobs.attach(folder.name)
    return not is_kept(job) and jobs.status(job).ended


def _remove(folder: Path) -> None:
    """Remove a run: it is gone at once, however long its files take."""
    gone = places.runs_root() / f"{GONE}{secrets.token_hex(8)}"
    with contextlib.suppress(OSError):  # another session has removed it
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
