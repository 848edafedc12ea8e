"""Writes that are seen whole or not at all, and what a disk that refuses says."""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_FULL = (errno.ENOSPC, errno.EDQUOT)
_BUFFER = 2**20


class DiskFullError(OSError):
    """A file found no room.

    Attributes
    ----------
    needed
        Bytes that it takes: all of them where `exact`, otherwise those that had been written.
    """

    def __init__(self, cause: OSError, path: str, needed: int, *, exact: bool) -> None:
        super().__init__(cause.errno, os.strerror(cause.errno or errno.ENOSPC), path)
        self.needed = needed
        self.exact = exact


def fsync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut (POSIX only; a no-op elsewhere)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fsync_file(path: Path) -> None:
    """Flush the contents of `path` to the disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    r"""Yield a temporary path beside `path`; on success it takes `path`'s place, durably.

    Raises
    ------
    DiskFullError
        There is no room.

    Examples
    --------
    >>> with replacing(Path("hits.csv")) as temporary:  # doctest: +SKIP
    ...     temporary.write_text("rank\\n")
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        yield temporary
        fsync_file(temporary)
        temporary.replace(path)
        fsync_folder(path.parent)
    except OSError as error:
        # A failed write knows no name, and a failed open only that of the temporary file.
        if error.filename is None or error.filename == str(temporary):
            error.filename = str(path)
        if error.errno in _FULL and not isinstance(error, DiskFullError):
            written = temporary.stat().st_size if temporary.exists() else 0
            raise DiskFullError(error, str(error.filename), written, exact=False) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_through(path: Path, fill: Callable[[IO[bytes]], None]) -> None:
    """Write atomically what `fill` writes to an open file.

    Raises
    ------
    DiskFullError
        There is no room; it says how many bytes the whole takes (`fill` goes on to its end).
    """
    with replacing(path) as temporary, temporary.open("wb", buffering=0) as raw:
        counter = _Counter(raw)
        with io.BufferedWriter(counter, _BUFFER) as handle:
            fill(handle)
        if counter.refused is not None:
            error = counter.refused
            raise DiskFullError(error, str(path), counter.count, exact=True) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with replacing(path) as temporary:
        try:
            temporary.write_bytes(content)
        except OSError as error:
            if error.errno not in _FULL or error.filename not in (None, str(temporary)):
                raise
            raise DiskFullError(error, str(path), len(content), exact=True) from error


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 `content` to `path` atomically."""
    write_bytes(path, content.encode())


def refusal(error: OSError, place: Path, still_needed: int | None = None) -> str:
    """Say in one line where a disk refused and why; of a full one, what is needed and free.

    Parameters
    ----------
    place
        Where the writing went on, for an error that does not say.
    still_needed
        Bytes that the whole work needs, where that is more than the file at which it stopped.
    """
    where = os.fsdecode(error.filename) if error.filename else str(place)
    reason = error.strerror or str(error)
    if error.errno not in _FULL:
        return f"{where}: {reason}; mend it"
    needed = f"about {still_needed:,} bytes are needed" if still_needed else ""
    if not needed and isinstance(error, DiskFullError):
        more = "" if error.exact else "more than "
        needed = f"{more}{error.needed:,} bytes are needed"
    free = shutil.disk_usage(_existing_parent(Path(where))).free
    told = f"{needed}, " if needed else ""
    return f"{where}: {reason}; {told}{free:,} are free there: make room"


def _existing_parent(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())


class _Counter(io.RawIOBase):
    """Writes to a file, and once there is no room only counts what it would have taken."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__()
        self._raw = raw
        self.count = 0
        self.refused: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        n = memoryview(content).nbytes
        if self.refused is None:
            try:
                n = self._raw.write(content) or 0
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                self.refused = error
        self.count += n
        return n

    def tell(self) -> int:
        return self.count
