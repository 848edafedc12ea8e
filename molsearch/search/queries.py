"""What the user searches with, read and prepared by the path that library molecules take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.facts import PREPARED
from molsearch.chem.given import is_mol_block, smiles_of_mol_block
from molsearch.chem.inchi import PREFIX, smiles_of_inchi
from molsearch.chem.prepare import prepare_in_process
from molsearch.chem.readers.formats import looks_like_a_file
from molsearch.chem.readers.rows import OnReading, typed_text
from molsearch.chem.readers.smi import split_line
from molsearch.chem.records import iter_records, unheard
from molsearch.chem.stereo import parent_key
from molsearch.config import Molecule, PrepareConfig, ReadConfig, Vector
from molsearch.data.prepared_table import table_of
from molsearch.errors import InputError, UsageError
from molsearch.index.embedder import Embedder
from molsearch.nn.lengths import of_unit_length
from molsearch.schema import Failure, Prepared, Record
from molsearch.scoring.fusion import Fusion
from molsearch.scoring.queryset import QuerySet
from molsearch.words import counted, some_of

# What a screen wants to know of them beyond structure and fingerprint.
_FACTS = (schema.INCHIKEY, schema.UNSPECIFIED_STEREO, *PREPARED)

_SHOWN = 5  # bad rows of a query file in one message


@dataclass(frozen=True)
class Role:
    """What given molecules are to a screen, and the option that gives them."""

    noun: str
    option: str


QUERY = Role("query", "-q")
# A structure or a file as it is typed, a file, a structure, or an embedding.
Given = str | Path | Molecule | Vector


@dataclass(frozen=True)
class Query:
    """A ligand searched with.

    Attributes
    ----------
    query_id
        The user's name for it, or the structure as it was typed.
    conformers
        Its prepared rows: one, or several where a file gives several geometries of it.
    vector
        float32 ``[dim]``, of unit length: its embedding where that was given; None where it is
        made of the conformers.
    """

    query_id: str
    conformers: tuple[Prepared, ...]
    vector: NDArray[np.float32] | None = field(default=None, compare=False)

    @property
    def has_structure(self) -> bool:
        """Whether more is known of it than an embedding."""
        return bool(self.first.parent_smiles)

    @property
    def first(self) -> Prepared:
        """What all its conformers share: structure, fingerprint, properties."""
        return self.conformers[0]

    @property
    def skeleton(self) -> str:
        """First block of the InChIKey: the structure without stereo and isotopes."""
        return self.inchikey[:14]

    @property
    def inchikey(self) -> str:
        """Standard InChIKey; empty where InChI gives none."""
        return self.first.inchikey or ""

    @property
    def parent(self) -> str:
        """Identity of the structure, stereo and isotopes included."""
        return parent_key(self.inchikey, self.first.parent_smiles)

    @property
    def fingerprint(self) -> NDArray[np.uint8]:
        """Packed ECFP4, uint8 ``[256]``."""
        return np.frombuffer(self.first.ecfp4, dtype=np.uint8)


def read_queries(
    texts: Sequence[Given],
    read: ReadConfig,
    prepare: PrepareConfig,
    on_reading: OnReading = unheard,
) -> list[Query]:
    """Read and prepare queries: SMILES (optionally followed by a name), InChI, files, molecules.

    Consecutive records of a file with the same id and parent are conformers of one query.

    Raises
    ------
    InputError
        Something is neither a file nor a structure, or a row of a query file cannot be
        prepared: a query is never left out in silence.
    """
    queries: list[Query] = []
    for text in texts:
        found, failures, _ = read_one(text, read, prepare, QUERY, on_reading)
        if failures:
            raise InputError(unusable(text, failures, QUERY))
        queries += found
    if not queries:
        raise InputError("no query given; pass a SMILES, an InChI or a file with -q")
    return named_apart(queries)


def read_one(
    text: Given,
    read: ReadConfig,
    prepare: PrepareConfig,
    role: Role,
    on_reading: OnReading = unheard,
) -> tuple[list[Query], list[Failure], int]:
    """Read and prepare what one argument gives; a structure typed there must be one.

    Parameters
    ----------
    on_reading
        Told how a file is read.

    Returns
    -------
    Molecules, rows of a file that cannot be used, and the number of records read.

    Raises
    ------
    InputError
        The text is neither a file nor a structure, or the file cannot be read.
    """
    prepared, failures = prepared_of(text, read, prepare, role, on_reading)
    if failures and not is_file(text):
        raise InputError(unusable(text, failures, role))
    return list(grouped(prepared, prepare)), failures, len(prepared) + len(failures)


def embed_queries(
    queries: Sequence[Query],
    embedder: Embedder,
    *,
    fusion: Fusion = "max",
    conformer_fusion: Fusion = "mean",
    role: Role = QUERY,
) -> QuerySet:
    """Embed every conformer of every query.

    Raises
    ------
    InputError
        The encoder gives no usable embedding for a query.
    """
    given = [number for number, query in enumerate(queries) if query.vector is not None]
    others = [number for number, query in enumerate(queries) if query.vector is None]
    vectors = [_of_dimension(queries[number], embedder.dim)[None] for number in given]
    groups = [np.array(given, dtype=np.int64)]
    if others:
        rows = [row for number in others for row in queries[number].conformers]
        counts = [len(queries[number].conformers) for number in others]
        query_of_row = np.repeat(np.array(others, dtype=np.int64), counts)
        embedded, owner = embedder.embed_conformers(table_of(rows))
        bad = np.flatnonzero(~of_unit_length(embedded))
        if len(bad):
            name = queries[query_of_row[owner[bad[0]]]].query_id
            raise InputError(
                f"{role.noun} {name!r}: the encoder gives it no embedding; search without it"
            )
        vectors.append(np.asarray(embedded))
        groups.append(query_of_row[owner])
    return QuerySet(
        vectors=np.ascontiguousarray(np.concatenate(vectors), dtype=np.float32),
        groups=np.concatenate(groups),
        fusion=fusion,
        conformer_fusion=conformer_fusion,
    )


def _of_dimension(query: Query, dim: int) -> NDArray[np.float32]:
    assert query.vector is not None
    if len(query.vector) != dim:
        raise InputError(
            f"query {query.query_id!r} has {len(query.vector):,} numbers, an embedding of this "
            f"encoder {dim:,}; give vectors that it made"
        )
    return query.vector


def prepared_of(
    text: Given,
    read: ReadConfig,
    prepare: PrepareConfig,
    role: Role,
    on_reading: OnReading = unheard,
) -> tuple[list[Prepared], list[Failure]]:
    """Read and prepare every record of what one argument gives, each by itself."""
    return prepare_in_process(_records(text, read, role, on_reading), prepare, _FACTS)


def _records(text: Given, read: ReadConfig, role: Role, on_reading: OnReading) -> Iterator[Record]:
    if isinstance(text, Vector):
        raise InputError(f"a {role.noun} needs a structure; a vector is none")
    if isinstance(text, Molecule):
        yield _record(
            text.smiles if is_mol_block(text.smiles) else text.smiles.strip(), text.id, role
        )
        return
    if isinstance(text, str) and is_mol_block(text):
        yield _record(text, "", role)
        return
    if is_file(text):
        yield from iter_records([text], read, on_reading)
        return
    text = str(text)
    if looks_like_a_file(text):
        raise InputError(f"no {role.noun} file {text}; check the path")
    if not text.strip():
        raise InputError(
            f"an empty {role.noun}; pass a SMILES, an InChI or a file with {role.option}"
        )
    structure, name = split_line(typed_text(text).strip())
    yield _record(structure, name, role)


def _record(structure: str, name: str, role: Role) -> Record:
    if is_mol_block(structure):
        smiles, title = smiles_of_mol_block(structure)
        return Record(1, role.noun, 1, name.strip() or title or smiles, smiles=smiles)
    smiles = smiles_of_inchi(structure) if structure.startswith(PREFIX) else structure
    return Record(1, role.noun, 1, name.strip() or structure, smiles=smiles)


def is_file(text: Given) -> bool:
    """Whether an argument names a file or standard input, rather than a structure."""
    if isinstance(text, Molecule | Vector):
        return False
    if isinstance(text, Path) or text == "-":
        return True
    try:
        return bool(text.strip()) and Path(text).exists()
    except (OSError, ValueError):
        # Longer than any file name, or with a NUL: a structure, or nothing.
        return False


def unusable(text: Given, failures: Sequence[Failure], role: Role) -> str:
    """Say in one line why what was given cannot be used: of a file, every row that cannot."""
    failure = failures[0]
    if is_file(text):
        if len(failures) > 1:
            texts = [f"row {one.row}: {one.reason}" for one in failures]
            return (
                f"{text}: {counted(len(failures), 'row')} cannot be used as {role.noun}: "
                f"{some_of(texts, _SHOWN, 'and ')}; mend or remove them"
            )
        return (
            f"{text}:{failure.row}: this {role.noun} cannot be used: {failure.reason}; mend or "
            "remove it"
        )
    name = text.id or text.smiles if isinstance(text, Molecule) else str(text)
    what = "no" if isinstance(text, Molecule) or "\n" in name else "neither a file nor a"
    name = " ".join(name.split())
    return f"{role.noun} {name[:80]!r} is {what} structure that can be used: {failure.reason}"


def grouped(prepared: Sequence[Prepared], config: PrepareConfig) -> Iterator[Query]:
    """Make one query of consecutive rows that are conformers of one molecule."""
    for _, rows in groupby(prepared, key=_same_molecule):
        conformers = tuple(rows)
        # Embedded geometries of one parent are all the same: one is enough.
        given = tuple(row for row in conformers if config.use_input_3d and row.geometry == "input")
        yield Query(conformers[0].molecule_id, given or conformers[:1])


def _same_molecule(row: Prepared) -> tuple[str, str, str]:
    unnamed = row.molecule_id == f"mol-{row.record_number}"
    return row.source, "" if unnamed else row.molecule_id, row.parent_smiles


def refuse_vectors(queries: Sequence[Query], lacks: str) -> None:
    """Refuse queries of which nothing but an embedding is known.

    Parameters
    ----------
    lacks
        What these have not, and what it is needed for.

    Raises
    ------
    UsageError
        There is one; the first is named.
    """
    for query in queries:
        if not query.has_structure:
            raise UsageError(
                f"query {query.query_id!r} is an embedding without a structure: it has no {lacks}; "
                "give queries as structures"
            )


def named_apart(queries: list[Query]) -> list[Query]:
    """Tell apart, by a number, queries that share a name."""
    seen: dict[str, int] = {}
    named = []
    for query in queries:
        seen[query.query_id] = count = seen.get(query.query_id, 0) + 1
        named.append(
            query if count == 1 else replace(query, query_id=f"{query.query_id} ({count})")
        )
    return named
