"""Describe a file for the manifest, and compare a file with its description."""

from __future__ import annotations

from pathlib import Path

from molsearch.errors import IndexCorruptError
from molsearch.index.manifest import FileEntry
from molsearch.io.folders import refuse_link
from molsearch.io.hashing import sha256_bytes, sha256_file

EDGE_BYTES = 4096


def edges(path: Path) -> str:
    """Hex sha256 of the first and last `EDGE_BYTES` of a file."""
    with path.open("rb") as handle:
        first = handle.read(EDGE_BYTES)
        size = handle.seek(0, 2)
        handle.seek(max(0, size - EDGE_BYTES))
        return sha256_bytes(first + handle.read(EDGE_BYTES))


def describe(path: Path) -> FileEntry:
    """Size and checksums of a finished file."""
    return FileEntry(n_bytes=path.stat().st_size, sha256=sha256_file(path), edges=edges(path))


def refuse_linked_folder(path: Path, inner: str) -> None:
    """Refuse a folder of the index at `path` that is a symbolic link, or lies in one.

    Raises
    ------
    IndexCorruptError
        It leads elsewhere.
    """
    try:
        refuse_link(path, inner)
    except OSError as error:
        raise IndexCorruptError(f"{error.filename} is {error.strerror}") from error


def check_quick(path: Path, entry: FileEntry) -> None:
    """Compare presence, size and edges.

    Raises
    ------
    IndexCorruptError
        Naming the file and the difference.
    """
    try:
        if path.is_symlink():
            raise IndexCorruptError(
                f"{path} is a symbolic link, and an index holds its own files; copy the index "
                "with what it leads to"
            )
        size = path.stat().st_size
        if size != entry.n_bytes:
            raise IndexCorruptError(
                f"{path} has {size:,} bytes where the manifest says {entry.n_bytes:,}; "
                "build the index again with --overwrite"
            )
        if edges(path) != entry.edges:
            raise IndexCorruptError(
                f"{path} is not the file the manifest names (its bytes differ); "
                "build the index again with --overwrite"
            )
    except OSError as error:
        raise IndexCorruptError(
            f"{path} cannot be read ({error.strerror}); build the index again with --overwrite"
        ) from error


def check_whole(path: Path, entry: FileEntry) -> None:
    """Compare every byte with the sha256 in the manifest, after `check_quick`."""
    check_quick(path, entry)
    try:
        found = sha256_file(path)
    except OSError as error:
        raise IndexCorruptError(f"{path} cannot be read ({error.strerror})") from error
    if found != entry.sha256:
        raise IndexCorruptError(
            f"{path} does not match its sha256; build the index again with --overwrite"
        )
