"""What the user named, as a list of files: directories and globs expanded, ``-`` kept."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from molsearch.chem.readers.formats import folder_suffixes, suffix_of
from molsearch.chem.readers.suffixes import STDIN
from molsearch.errors import InputError, UsageError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")


def is_address(path: Path | str) -> bool:
    """Whether this is no path of a file system, but for fsspec to read."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


def expand_sources(sources: Sequence[str | Path]) -> list[str]:
    """Expand directories and globs to files, in a fixed order; ``-`` (standard input) is kept.

    Directories are searched with their sub-folders, hidden entries left out; files come sorted
    by path.

    Raises
    ------
    InputError
        Where a name matches no file, or a directory holds no molecule file.
    UsageError
        Where nothing is named, or a source is named twice.
    """
    found = [path for source in sources for path in _expand(str(source))]
    if not found:
        raise UsageError("no molecule file named; give files, a directory, a glob, or - for stdin")
    seen: set[str] = set()
    for path in found:
        key = path if path == STDIN else os.path.normpath(path)
        if key in seen:
            raise UsageError(f"{path}: named twice among the sources; name it once")
        seen.add(key)
    return found


def _expand(source: str) -> list[str]:
    if source == STDIN:
        return [STDIN]
    if Path(source).is_dir():
        return _files_below(source)
    if Path(source).exists():
        return [source]
    if is_address(source):
        raise InputError(f"{source}: addresses are read for indexes only; download the file first")
    if glob.has_magic(source):
        return _glob(source)
    raise InputError(f"{source}: no such file or directory; check the path")


def _glob(pattern: str) -> list[str]:
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - keeps names as typed
    files = [match for match in matches if Path(match).is_file()]
    if not files:
        raise InputError(f"{pattern}: no file matches; check the pattern")
    return files


def _files_below(folder: str) -> list[str]:
    files = sorted(_walk(folder))
    if not files:
        kinds = " ".join(sorted(folder_suffixes()))
        raise InputError(f"{folder}: no molecule file in this directory; looked for {kinds}")
    return files


def _walk(folder: str) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be listed ({error.strerror})") from error

    wanted = folder_suffixes()
    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and suffix_of(name) in wanted:
                yield str(Path(root) / name)
