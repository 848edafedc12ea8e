"""What a source is: SD file, Parquet or text, by its suffix and its first bytes."""

from __future__ import annotations

import re
from typing import Literal

from molsearch.chem.readers.sources import (
    PARQUET_SUFFIXES,
    SDF_SUFFIXES,
    SMI_SUFFIXES,
    TABLE_SUFFIXES,
    TEXT_SUFFIXES,
    suffix_of,
)
from molsearch.errors import InputError

Format = Literal["smi", "table", "sdf", "parquet"]
HEAD_BYTES = 1 << 16
PARQUET_MAGIC = b"PAR1"

_MOLBLOCK = re.compile(rb"^(?:M  END|\$\$\$\$|.{30,}V[23]000)[ \t\r]*$", re.MULTILINE)
_COUNTS = re.compile(rb"\A(?:[^\n]*\n){3}[^\n]*V[23]000")
_KNOWN_BINARY = (
    (b"PK\x03\x04", "a zip or Excel file", "save the sheet as CSV, or unzip it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "save the sheet as CSV"),
    (b"BZh", "bzip2 data", "decompress it (bunzip2) or pack it with gzip"),
    (b"\xfd7zXZ\x00", "xz data", "decompress it (unxz) or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "zstandard data", "decompress it (unzstd) or pack it with gzip"),
    (b"\x1f\x8b", "gzip data inside gzip data", "gunzip it once"),
    (b"\x89HDF", "an HDF5 file", "export it as CSV, SMI or SDF"),
    (b"%PDF", "a PDF", "give the molecules as CSV, SMI or SDF"),
)
_UNREAD_SUFFIXES = {
    ".mol2": "convert it to SDF",
    ".pdb": "convert its ligands to SDF",
    ".pdbqt": "convert it to SDF",
    ".xyz": "convert it to SDF",
    ".xlsx": "save the sheet as CSV",
    ".xls": "save the sheet as CSV",
    ".zip": "unzip it",
    ".bz2": "decompress it (bunzip2) or pack it with gzip",
    ".xz": "decompress it (unxz) or pack it with gzip",
    ".zst": "decompress it (unzstd) or pack it with gzip",
}
_READ_SUFFIXES = (
    SMI_SUFFIXES | TABLE_SUFFIXES | TEXT_SUFFIXES | SDF_SUFFIXES | PARQUET_SUFFIXES | {""}
)


def format_of(source: str, head: bytes) -> Format:
    """Tell the format of a source from its name and its first bytes (inflated).

    Unmistakable content (Parquet's magic, a mol block) wins over the suffix.

    Raises
    ------
    InputError
        Empty, binary, or of a kind that is not read.
    """
    if not head.strip():
        raise InputError(f"{source}: the file is empty; give one that holds molecules")
    suffix = suffix_of(source)
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    _refuse_binary(source, head)
    if suffix in _UNREAD_SUFFIXES:
        raise InputError(f"{source}: {suffix} is not read; {_UNREAD_SUFFIXES[suffix]}")
    if suffix in PARQUET_SUFFIXES:
        raise InputError(f"{source}: not a Parquet file; check it, or rename it after its format")
    if _is_sdf(suffix, head):
        return "sdf"
    if suffix in SDF_SUFFIXES:
        raise InputError(f"{source}: no mol block found; check that it is an SD file")
    return "table" if suffix in TABLE_SUFFIXES else "smi"


def _is_sdf(suffix: str, head: bytes) -> bool:
    """Whether the text begins with a mol block, and not with a table that quotes some."""
    match = _COUNTS.match(head)
    if match is None and suffix in SDF_SUFFIXES | TEXT_SUFFIXES | {""}:
        match = _MOLBLOCK.search(head)
    return match is not None and (suffix in SDF_SUFFIXES or b'"' not in head[: match.end()])


def _refuse_binary(source: str, head: bytes) -> None:
    for magic, kind, mend in _KNOWN_BINARY:
        if head.startswith(magic):
            raise InputError(f"{source}: this is {kind}; {mend}")
    # Text holds no NUL and next to no other control bytes; Latin-1 letters are fine.
    controls = sum(head.count(byte) for byte in _CONTROLS)
    if b"\0" in head or controls > len(head) // 100:
        kinds = "SMI, CSV, TSV, SDF or Parquet"
        raise InputError(f"{source}: binary data, not molecules as text; give {kinds}")


_CONTROLS = [bytes([code]) for code in range(1, 32) if code not in (9, 10, 11, 12, 13, 27)]
