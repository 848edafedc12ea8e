"""The words of the field as column names, and the small records that pass between rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Columns of prepared sets, indexes and hit lists.
RECORD_NUMBER = "record_number"
SOURCE = "source"
ROW = "row"
MOLECULE_ID = "molecule_id"
SMILES = "smiles"
PARENT_SMILES = "parent_smiles"
INCHIKEY = "inchikey"
SCAFFOLD = "scaffold"
ALERTS = "alerts"
UNSPECIFIED_STEREO = "n_unspecified_stereo"
GEOMETRY = "geometry"
N_CONFORMERS = "n_conformers"
N_ATOMS = "n_atoms"
COORDS = "coords"
ECFP4 = "ecfp4"
USER = "user_columns"
BAG = "bag"

HEAVY_ATOMS = "heavy_atoms"
PROPERTIES = (
    "mw",
    "clogp",
    "tpsa",
    "hbd",
    "hba",
    "rotatable_bonds",
    HEAVY_ATOMS,
    "formal_charge",
)

# Facts of a parent for which prepared sets and indexes have columns; more are kept beside an index.
STORED_FACTS = (INCHIKEY, SCAFFOLD, ALERTS, UNSPECIFIED_STEREO, *PROPERTIES)

# Columns of a hit list only.
RANK = "rank"
SCORE = "score"  # what ranks
MOLSEARCH_SCORE = "molsearch_score"  # cosine of the embeddings, as it enters the score
ECFP4_SCORE = "ecfp4_score"  # ECFP4 similarity to the queries, as it enters the score
RARITY_SCORE = "rarity_score"  # how rare its like is, as it enters the score
QUERY_ID = "nearest_query"
ECFP4_SIMILARITY = "ecfp4_similarity"
PERCENTILE = "background_percentile"
IS_QUERY = "is_query"
PROBABILITY = "active_probability"  # only where a base rate was given

# A hit is new by fingerprint where its ECFP4 similarity to the nearest query is below this.
NEW_BELOW = 0.35

# Columns of a hit list only where known inactives were given.
INACTIVE_ID = "nearest_inactive"
INACTIVE_SCORE = "inactive_score"
IS_INACTIVE = "is_inactive"
# ... and count: score = similarity_score - weight * inactive_score, or + weight * series_score.
SERIES_SCORE = "series_score"
SIMILARITY_SCORE = "similarity_score"
INACTIVE_COLUMNS = (INACTIVE_ID, INACTIVE_SCORE, IS_INACTIVE, SIMILARITY_SCORE)
ALL_INACTIVE_COLUMNS = (*INACTIVE_COLUMNS, SERIES_SCORE)
# Of hit lists by earlier versions where inactives count: what ranks, beside a score without them.
PENALISED_SCORE = "penalised_score"

# Columns of the failures table.
STAGE = "stage"
REASON = "reason"
INPUT = "input"
FAILURE_COLUMNS = (RECORD_NUMBER, SOURCE, ROW, MOLECULE_ID, STAGE, REASON, INPUT)

# Values of GEOMETRY: where a molecule's coordinates come from.
GEOMETRY_EMBEDDED = "embedded"
GEOMETRY_INPUT = "input"
GEOMETRY_NONE = "none"


@dataclass(frozen=True, slots=True)
class Record:
    """One input row, readable or not.

    Attributes
    ----------
    number
        1-based position over all sources of a run; the identity of the row in every table.
    source
        The file as the user named it, or ``-`` for standard input.
    row
        1-based line (text), record (SDF) or row (tables) within `source`.
    molecule_id
        The user's id, verbatim; ``mol-<number>`` where the file gives none.
    smiles
        Input SMILES, verbatim; empty for mol blocks.
    molblock
        V2000/V3000 mol block text; empty for SMILES input.
    extra
        The user's other columns or SD tags, verbatim, in file order.
    error
        Why the row holds no structure; empty where it does.
    """

    number: int
    source: str
    row: int
    molecule_id: str
    smiles: str = ""
    molblock: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """One of the user's columns, of a source whose columns have types or may lack values.

    Attributes
    ----------
    name
        The column's.
    type
        Arrow's name of the type, such as ``int64``; empty where values stay text.
    categories
        Values of an ordered category, lowest first.
    """

    name: str
    type: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source was read: what was taken for structure and id, and what could have been.

    Attributes
    ----------
    source
        The file as the user named it; of several that are read alike, the first.
    format
        Such as ``sdf`` or ``csv``.
    structure, molecule_id
        Where the two come from: a column, a tag, ``title line``; `molecule_id` is empty where
        the source gives no ids.
    other_structures, other_ids
        Columns or tags that could have been taken instead.
    notes
        What else the user should know of the reading, a sentence each.
    n_sources
        Sources that were read alike.
    types
        The user's columns in order, where the source knows their types.
    """

    source: str
    format: str
    structure: str
    molecule_id: str
    other_structures: tuple[str, ...] = ()
    other_ids: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    n_sources: int = 1
    types: tuple[ColumnType, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """One row of the failures table: which record failed, at which stage, and why."""

    record_number: int
    source: str
    row: int
    molecule_id: str
    stage: str
    reason: str
    input: str

    @classmethod
    def of(cls, record: Record, stage: str, reason: str) -> Failure:
        """Build the failure of a record, keeping at most 500 characters of its input text."""
        text = record.smiles or record.molblock
        return cls(
            record.number, record.source, record.row, record.molecule_id, stage, reason, text[:500]
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """One library molecule, ready to be embedded; a row of a prepared set.

    Attributes
    ----------
    record_number, source, row, molecule_id
        As in the `Record` it comes from.
    smiles
        Input SMILES, verbatim; for mol blocks RDKit's SMILES of the input.
    parent_smiles
        Canonical SMILES of the parent; its atoms, in the order RDKit reads them, are the atoms of
        `coords`.
    inchikey
        Standard InChIKey of the parent; empty where InChI gives none. This and the other facts of
        the parent are None where they were not asked for (`molsearch.chem.facts`).
    scaffold
        Canonical SMILES of the Murcko scaffold without stereo; empty for acyclic parents.
    alerts
        Names of structural alerts, ``"PAINS:a; BRENK:b"``; empty for none.
    n_unspecified_stereo
        Stereocentres and stereo double bonds that the input leaves open.
    mw, clogp, tpsa, hbd, hba, rotatable_bonds, heavy_atoms, formal_charge
        Properties of the parent (mw in g/mol, tpsa in Å²).
    ecfp4
        2048-bit Morgan fingerprint of radius 2, packed big-endian into 256 bytes.
    geometry
        Where `coords` come from: ``"embedded"``, ``"input"`` or ``"none"``.
    n_conformers, n_atoms
        Shape of `coords`; `n_atoms` counts the atoms RDKit reads from `parent_smiles` (heavy
        atoms, and deuterium or tritium where the parent has them).
    coords
        Little-endian int16 ``[n_conformers, n_atoms, 3]`` in thousandths of an Å, each conformer
        centred on its atoms; empty where geometry is ``"none"``.
    user
        The user's other columns or SD tags, verbatim.
    bag
        What an encoder that looks at no conformer sees, packed by `molsearch.chem.features`; None
        where it was not asked for.
    """

    record_number: int
    source: str
    row: int
    molecule_id: str
    smiles: str
    parent_smiles: str
    inchikey: str | None
    scaffold: str | None
    alerts: str | None
    n_unspecified_stereo: int | None
    mw: float | None
    clogp: float | None
    tpsa: float | None
    hbd: int | None
    hba: int | None
    rotatable_bonds: int | None
    heavy_atoms: int | None
    formal_charge: int | None
    ecfp4: bytes
    geometry: str
    n_conformers: int
    n_atoms: int
    coords: bytes
    user: Mapping[str, str] = field(default_factory=dict)
    bag: bytes | None = None
