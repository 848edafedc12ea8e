"""Containers: the files of a zip and the sheets of a workbook, each read as a source of its own."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from molsearch.chem.readers.formats import folder_suffixes, read_suffixes, suffix_of
from molsearch.chem.readers.inflate import AGAIN, BLOCK, Expansion
from molsearch.chem.readers.rows import DamagedError
from molsearch.chem.readers.suffixes import STDIN
from molsearch.chem.readers.xlsx import WORKBOOK
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.words import counted

ZIP_MAGIC = b"PK\x03\x04"
_OTHERS = (
    ("word/", "a Word document"),
    ("ppt/", "a presentation"),
    ("content.xml", "an OpenDocument file"),
)
_MOST_FILES = 100_000


@contextmanager
def as_file(source: str, head: bytes, blocks: Iterator[bytes]) -> Iterator[BinaryIO]:
    """Give a stream as a file that can be read in any order.

    Parameters
    ----------
    source
        The file that the user named; used as it is where it begins with `head`.
    head
        The first bytes of the stream.
    blocks
        The stream, which goes through an unnamed temporary file where it must.
    """
    path = Path(source)
    if source != STDIN and path.is_file():
        with path.open("rb") as handle:
            if handle.read(len(head)) == head:
                handle.seek(0)
                yield handle
                return
    with tempfile.TemporaryFile() as spool:
        for block in blocks:
            spool.write(block)
        spool.seek(0)
        yield spool


@contextmanager
def opened(file: BinaryIO, source: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file, a workbook included.

    Raises
    ------
    InputError
        It is damaged, or a document of a kind that is not read.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{source}: the zip data is truncated or corrupt; {AGAIN}") from error
    with archive:
        names = archive.namelist()
        for sign, kind in _OTHERS:
            if any(name == sign or (sign[-1] == "/" and name.startswith(sign)) for name in names):
                raise InputError(
                    f"{source}: {kind}, which is not read; save its table as .xlsx or CSV"
                )
        yield archive


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether a zip is an Excel workbook."""
    return WORKBOOK in archive.namelist()


def check_workbook(archive: zipfile.ZipFile, config: ReadConfig) -> None:
    """Refuse a workbook that would expand beyond the limits; its strings are held whole.

    Raises
    ------
    DamagedError
        It would.
    """
    count = Expansion("workbook's", config)
    for info in archive.infolist():
        count.taken += info.compress_size
        count.made += info.file_size
    count.check()


def molecule_files(archive: zipfile.ZipFile, source: str) -> list[zipfile.ZipInfo]:
    """Choose the files of a zip that hold molecules, sorted by name, as in a folder.

    A zip of one file gives that one, whatever its name.

    Raises
    ------
    InputError
        None has a suffix that is read, or the zip is locked by a password.
    """
    files = [
        info
        for info in archive.infolist()
        if not info.is_dir() and not _hidden(info.filename) and info.file_size
    ]
    wanted = folder_suffixes()
    found = [info for info in files if suffix_of(info.filename) in wanted]
    found = found or (files if len(files) == 1 else [])
    if not found:
        kinds = " ".join(read_suffixes())
        raise InputError(f"{source}: no file of molecules in this zip; looked for {kinds}")
    if len(found) > _MOST_FILES:
        raise InputError(
            f"{source}: {counted(len(found), 'file')} in one zip; unpack it and give the folder"
        )
    if any(info.flag_bits & 1 for info in found):
        raise InputError(f"{source}: the zip is locked by a password; unpack it first")
    return sorted(found, key=lambda info: info.filename)


def member_blocks(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, config: ReadConfig
) -> Iterator[bytes]:
    """Stream one file of a zip, within the limits of expansion.

    Raises
    ------
    DamagedError
        The data is corrupt, or of a compression that Python does not know.
    """
    count = Expansion("zip", config, taken=info.compress_size)
    try:
        with archive.open(info) as handle:
            while block := handle.read(BLOCK):
                count.made += len(block)
                count.check()
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise DamagedError("the zip data is corrupt", AGAIN) from error
    except (NotImplementedError, RuntimeError) as error:
        raise DamagedError(f"the zip cannot be read ({error})", "unpack it first") from error


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
