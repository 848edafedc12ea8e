"""Uploads: named by us, read by content, kept inside the run's folder."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import pandas as pd

from molsearch.chem.prepare import prepare_record
from molsearch.chem.readers.formats import TABLE, read_suffixes, suffix_of
from molsearch.chem.readers.inflate import CODECS
from molsearch.chem.records import iter_records
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Failure
from molsearch.words import counted
from molsearch_app.guard import CHEMISTRY

# What is read anywhere is read here; the longest first, so that none passes for the end of another.
SUFFIXES = tuple(sorted(read_suffixes(), key=len, reverse=True))
PACKED = tuple(suffix for codec in CODECS for suffix in codec.suffixes)
TYPES = [suffix.removeprefix(".") for suffix in (*read_suffixes(), *PACKED)]
USUAL = ".smi .csv .tsv .xlsx .sdf .mol2 .parquet …"
MOST_BYTES = 500 * 2**20
WAITING = ".upload-"
KEPT_SECONDS = 86_400.0
_LOOK = 50
LOOK_SECONDS = 60.0
_FLAT = PrepareConfig(n_conformers=0)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Look:
    """First records of an upload.

    Attributes
    ----------
    n_read
        Records looked at.
    n_bad
        Of these, records without a structure.
    columns
        The user's other columns.
    first_error
        What is wrong with the first bad record, with its row.
    """

    n_read: int
    n_bad: int
    columns: tuple[str, ...]
    first_error: str


def safe_name(name: str) -> str:
    """Name of a file as we store it: no folders, no surprises, its suffix kept.

    Raises
    ------
    InputError
        The suffix names no format that is read.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    packed = next((one for one in PACKED if last.lower().endswith(one)), "")
    plain = last.lower().removesuffix(packed)
    suffix = next((one for one in SUFFIXES if plain.endswith(one)), None)
    if suffix is None:
        raise InputError(
            f"{last[:60]!r}: not a kind of file that is read here; bring one of "
            f"{', '.join(read_suffixes())} (packed also: {', '.join(PACKED)})"
        )
    stem = _UNSAFE.sub("_", plain.removesuffix(suffix)).strip("._-")[:60] or "upload"
    return f"{stem}{suffix}{packed}"


def store(handle: IO[bytes], name: str, folder: Path) -> Path:
    """Copy an upload into a folder in bounded blocks.

    Raises
    ------
    InputError
        It is empty, too large, or of another kind than its name says.
    """
    path = folder / safe_name(name)
    handle.seek(0, 2)
    size = handle.tell()
    if size == 0:
        raise InputError(f"{name[:60]!r} is empty; choose another file")
    if size > MOST_BYTES:
        raise InputError(
            f"{name[:60]!r} has {size / 2**20:,.0f} MiB, more than the "
            f"{MOST_BYTES / 2**20:,.0f} MiB taken here; index it with `molsearch index` and "
            "choose the index"
        )
    handle.seek(0)
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as out:
        shutil.copyfileobj(handle, out, 2**20)
    return path


def look(path: Path, read: ReadConfig | None = None) -> Look:
    """Read the first records of a file, whatever its name says it is, in another process.

    Raises
    ------
    InputError
        It cannot be read, or not one of these records holds a structure.
    TooLongError
        It takes longer than a page may.
    """
    return CHEMISTRY.run(_look, path, read, seconds=LOOK_SECONDS)


def _look(path: Path, read: ReadConfig | None) -> Look:
    try:
        records = list(islice(iter_records([path], read or ReadConfig()), _LOOK))
    except InputError as error:
        raise InputError(_on_the_page(str(error), path)) from error
    found = [prepare_record(record, _FLAT) for record in records]
    bad = [one for one in found if isinstance(one, Failure)]
    columns = dict.fromkeys(name for record in records for name in record.extra)
    first = f"row {bad[0].row}: {bad[0].reason}" if bad else ""
    if len(bad) == len(records):
        raise InputError(
            f"{path.name}: none of the first {counted(len(records), 'record')} holds a structure"
            + (f" ({first})" if first else "")
            + "; check the file's kind and its columns"
        )
    return Look(len(records), len(bad), tuple(columns), first)


def _on_the_page(words: str, path: Path) -> str:
    """Say what the command line would say to somebody who has no folders and no options."""
    advice = "call the column of structures SMILES in the table's first line"
    words = words.replace("choose it with --smiles-column", advice)
    words = words.replace("choose with --smiles-column NUMBER", advice)
    return words.replace(str(path), path.name)


def columns(path: Path) -> tuple[str, ...]:
    """Name all columns of a table beside the structures, that of the ids included.

    Where a file holds structures and activities alone, its activities are read as ids.

    Raises
    ------
    InputError
        See :func:`look`.
    """
    seen = look(path)
    if suffix_of(path.name) not in TABLE.suffixes:
        return seen.columns
    first = next(iter_records([path], ReadConfig()))
    for separator in (",", "\t", ";"):
        try:
            head = pd.read_csv(path, nrows=1, dtype=str, sep=separator)
        except ValueError:
            continue
        for name, values in head.items():
            if head.shape[1] > 1 and values.tolist() == [first.smiles]:
                return look(path, ReadConfig(id_column=str(name))).columns
    return seen.columns


def take(path: Path, to: Path) -> None:
    """Move an upload to the job that is made of it; the folder it waited in goes with it."""
    path.replace(to)
    if path.parent.name.startswith(WAITING):
        with contextlib.suppress(OSError):  # not empty
            path.parent.rmdir()


def into_run(path: Path, folder: Path) -> Path:
    """Move an upload into the folder of a run; returns where it is now."""
    moved = folder / "uploads" / path.name
    moved.parent.mkdir()
    take(path, moved)
    return moved


def forget_taken(kept: dict[str, str]) -> None:
    """Forget the uploads of a session that a job has taken.

    Parameters
    ----------
    kept
        Where each upload of the session was stored; changed in place.
    """
    for file_id, stored in list(kept.items()):
        if not Path(stored).is_file():
            del kept[file_id]


def sweep(root: Path, now: float | None = None) -> int:
    """Remove uploads that nothing was made of for a day; returns how many.

    An upload waits in a folder of its own until a job takes it. Where none does, nobody else
    would ever remove it. A folder without its upload is what a job left behind.
    """
    now = time.time() if now is None else now
    removed = 0
    for folder in root.glob(f"{WAITING}*") if root.is_dir() else ():
        try:
            if folder.is_symlink() or not folder.is_dir():
                continue
            used = max(one.stat().st_mtime for one in (folder, *folder.iterdir()))
        except OSError:  # another server sweeps too, or a job has just taken it
            continue
        if now - used > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
            removed += not folder.exists()
    return removed
