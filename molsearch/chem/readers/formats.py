"""The one registry of formats that are read, for libraries, queries and benchmarks alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from molsearch import extensions
from molsearch.chem.readers.cdxml import read_cdxml
from molsearch.chem.readers.foreign import FOREIGN, refuse_foreign
from molsearch.chem.readers.inflate import CODECS, codec_of
from molsearch.chem.readers.jsonl import read_jsonl
from molsearch.chem.readers.mae import read_mae
from molsearch.chem.readers.mol2 import MOLECULE, read_mol2
from molsearch.chem.readers.parquet import read_parquet
from molsearch.chem.readers.rows import OnReading, Row
from molsearch.chem.readers.sdf import read_sdf
from molsearch.chem.readers.streams import one_newline
from molsearch.chem.readers.text import read_smi_text, read_table_text
from molsearch.config import ReadConfig
from molsearch.errors import InputError, UsageError

HEAD_BYTES = 1 << 16
Reader = Callable[[Iterator[bytes], ReadConfig, str, OnReading], Iterator[Row]]

_MOLBLOCK = re.compile(rb"^(?:M  END|\$\$\$\$|.{30,}V[23]000)[ \t\r]*$", re.MULTILINE)
_COUNTS = re.compile(rb"\A(?:[^\n]*\n){3}[ \t]*\d[ \t\d]*V[23]000")
_MOL2 = re.compile(rb"^" + re.escape(MOLECULE.encode()), re.MULTILINE)
_MAE = re.compile(rb"^\s*(?:\{\s*(?:#[^\n]*\s*)?s_m_m2io_version|f_m_ct\s*\{)", re.MULTILINE)
_CDXML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!DOCTYPE CDXML[^>]*>\s*)?<CDXML\b", re.IGNORECASE)
_JSON_LINE = re.compile(rb'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:[^\n]*\}\s*(?:\n|\Z)')
_CONTROLS = [bytes([code]) for code in range(1, 32) if code not in (9, 10, 11, 12, 13, 27)]


@dataclass(frozen=True, slots=True)
class Format:
    """A format that is read.

    Attributes
    ----------
    name
        What to call it.
    suffixes
        Names that promise it, beside those of compressions.
    read
        Its reader: blocks of bytes into rows.
    begins
        Whether the first bytes can be nothing else; None for text, which anything may be.
    wanted
        What a file of this suffix must hold, where that can be missed.
    in_folders
        Whether a folder's files of these suffixes are taken for molecules.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Reader
    begins: Callable[[bytes, str], bool] | None = None
    wanted: str = ""
    in_folders: bool = True


def _with_one_newline(reader: Reader) -> Reader:
    def read(
        blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
    ) -> Iterator[Row]:
        return reader(one_newline(blocks), config, source, report)

    return read


def _is_sdf(head: bytes, suffix: str) -> bool:
    """Whether the text begins with a mol block, and not with a table that quotes some."""
    match = _COUNTS.match(head)
    if match is None and suffix in (*SDF.suffixes, *TEXT.suffixes, ""):
        match = _MOLBLOCK.search(head)
    return match is not None and (suffix in SDF.suffixes or b'"' not in head[: match.end()])


SDF = Format(
    "sdf",
    (".sdf", ".sd", ".mol", ".mdl", ".sdfgz"),
    _with_one_newline(read_sdf),
    _is_sdf,
    "mol block",
)
TABLE = Format("table", (".csv", ".tsv", ".tab"), read_table_text)
SMI = Format("smi", (".smi", ".smiles", ".ism", ".cxsmiles", ".can", ".inchi"), read_smi_text)
# A .txt in a folder is more often a README than a library, so folders leave it out.
TEXT = Format("text", (".txt",), read_smi_text, in_folders=False)
PARQUET = Format(
    "parquet",
    (".parquet", ".pq"),
    read_parquet,
    lambda head, _: head.startswith(b"PAR1"),
    "Parquet data",
)
FORMATS = [
    PARQUET,
    Format(
        "cdxml",
        (".cdxml",),
        read_cdxml,
        lambda head, _: _CDXML.match(head) is not None,
        "ChemDraw document",
    ),
    Format(
        "mae",
        (".mae", ".maegz"),
        _with_one_newline(read_mae),
        lambda head, _: _MAE.search(head) is not None,
        "structure block (f_m_ct)",
    ),
    Format(
        "mol2",
        (".mol2", ".ml2"),
        _with_one_newline(read_mol2),
        lambda head, _: _MOL2.search(head) is not None,
        "@<TRIPOS>MOLECULE line",
    ),
    Format(
        "jsonl",
        (".jsonl", ".ndjson"),
        read_jsonl,
        lambda head, _: _JSON_LINE.match(head) is not None,
        "JSON object in its first line",
    ),
    SDF,
    TABLE,
    SMI,
    TEXT,
]
# Formats whose columns have types.
TYPED = (".parquet", ".pq", ".xlsx", ".xlsm", ".jsonl", ".ndjson")
# Containers, which hold files or sheets of other formats: see `archive`.
WORKBOOKS = (".xlsx", ".xlsm")
ARCHIVES = (".zip",)


def add_format(kind: Format) -> None:
    """Read a further format; its content is looked for before that of the others.

    Raises
    ------
    UsageError
        One of its suffixes is another format's.
    """
    taken = [suffix for suffix in kind.suffixes if suffix in read_suffixes()]
    if taken:
        raise UsageError(f"{taken[0]} is read already; give the format {kind.name!r} another")
    FORMATS.insert(0, kind)


def suffix_of(source: str) -> str:
    """Lower-case suffix that tells the format, with that of any compression taken off.

    Examples
    --------
    >>> suffix_of("library.SMI.gz")
    '.smi'
    """
    name = Path(source).name.lower()
    for codec in CODECS:
        for suffix in codec.suffixes:
            name = name.removesuffix(suffix)
    return Path(name).suffix


def folder_suffixes() -> frozenset[str]:
    """Suffixes of the files that a folder is searched for."""
    listed = (suffix for kind in FORMATS if kind.in_folders for suffix in kind.suffixes)
    return frozenset((*listed, *WORKBOOKS, *ARCHIVES))


def read_suffixes() -> tuple[str, ...]:
    """All suffixes that are read, for file dialogues and messages."""
    listed = (suffix for kind in FORMATS for suffix in kind.suffixes)
    return (*listed, *WORKBOOKS, *ARCHIVES)


def looks_like_a_file(text: str) -> bool:
    """Whether a text ends like the name of a file of molecules, read or not."""
    known = {suffix for kind in FOREIGN for suffix in kind.suffixes}
    return suffix_of(text) in known | set(read_suffixes())


def format_of(source: str, head: bytes) -> Format:
    """Tell the format of a source from its name and its first bytes (inflated).

    Unmistakable content (Parquet's magic, a mol block) wins over the suffix.

    Raises
    ------
    InputError
        Empty, binary, or of a kind that is not read.
    """
    extensions.load()
    if not head.strip():
        raise InputError(f"{source}: the file is empty; give one that holds molecules")
    suffix = suffix_of(source)
    if head.startswith(b"PAR1"):
        return PARQUET
    named = next((kind for kind in FORMATS if suffix in kind.suffixes), None)
    lines = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in head else head
    for kind in FORMATS:
        if kind.begins is not None and kind.begins(lines, suffix):
            return kind
    refuse_foreign(source, suffix, head)
    _refuse_binary(source, head)
    if named is None:
        return SMI
    if named.begins is not None:
        raise InputError(
            f"{source}: no {named.wanted} found; check the file, or rename it after its format"
        )
    return named


def _refuse_binary(source: str, head: bytes) -> None:
    if (codec := codec_of(head)) is not None:
        raise InputError(f"{source}: compressed twice; decompress it once ({codec.name})")
    # Text holds no NUL and next to no other control bytes; Latin-1 letters are fine.
    controls = sum(head.count(byte) for byte in _CONTROLS)
    if b"\0" in head or controls > len(head) // 100:
        kinds = ", ".join(kind.name for kind in FORMATS if kind is not TEXT)
        raise InputError(f"{source}: binary data, not molecules; give {kinds} or xlsx")
