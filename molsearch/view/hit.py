"""One hit as people see it: its title, its badges, its labels, and when it counts as new."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from molsearch import schema
from molsearch.words import counted

# A hit is new by fingerprint where its ECFP4 similarity is below the one and it ranks above this
# per cent of random molecules: those that rank with chance are not new, they are no hits.
NEW_BELOW, NEW_ABOVE = schema.NEW_BELOW, 99.0
NEW = f"ECFP4 < {NEW_BELOW}, above {NEW_ABOVE:g} % of random molecules"

# Property, label, digits.
PROPERTIES = (
    ("mw", "MW", 1), ("clogp", "cLogP", 1), ("tpsa", "TPSA", 0), ("heavy_atoms", "heavy", 0),
    ("hbd", "donors", 0), ("hba", "acceptors", 0), ("rotatable_bonds", "rotors", 0),
    ("formal_charge", "charge", 0),
)  # fmt: skip
LABELS = {
    schema.MOLECULE_ID: "id", schema.MOLSEARCH_SCORE: "cosine",
    schema.PERCENTILE: "percentile", schema.PROBABILITY: "P(active)",
    schema.ECFP4_SIMILARITY: "ECFP4",
    schema.QUERY_ID: "nearest query", schema.INACTIVE_ID: "nearest inactive",
    schema.RARITY_SCORE: "rarity", schema.INACTIVE_SCORE: "inactive", schema.SERIES_SCORE: "series",
    schema.SIMILARITY_SCORE: "before inactives", "mw": "MW", "clogp": "cLogP", "tpsa": "TPSA",
}  # fmt: skip
_NAMES = ("name", "title", "compound_name")


@dataclass(frozen=True, slots=True)
class Badge:
    """A word beside a hit.

    Attributes
    ----------
    kind
        ``self`` (the query), ``alert``, ``known`` (marked by the user), ``fresh`` (new), or empty.
    title
        What it means, in a few words more.
    """

    kind: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Highlight:
    """Hits to mark: those that carry `value` in the user's column `column`."""

    column: str
    value: str
    label: str

    @classmethod
    def of(cls, given: Mapping[str, str] | None) -> Highlight | None:
        """Build from the mapping a run holds, if it holds one."""
        if not given:
            return None
        return cls(given["column"], given["value"], given.get("label", given["value"]))

    def marks(self, hit: Mapping[str, Any]) -> bool:
        """Say whether a hit carries the value."""
        return str(hit.get(self.column, "")) == self.value


def known(value: Any) -> bool:
    """Say whether a cell holds something (neither missing nor empty)."""
    if value is None or value is pd.NA:
        return False
    return value != "" and not (isinstance(value, float) and value != value)


def fixed(value: Any, digits: int) -> str:
    """Format a number, or a dash where there is none."""
    return f"{float(value):.{digits}f}" if known(value) else "–"


def structure_of(hit: Mapping[str, Any]) -> str:
    """SMILES of what is drawn of a hit: its parent, else the structure as it was given."""
    return str(hit.get(schema.PARENT_SMILES) or hit.get(schema.SMILES) or "")


def title_of(hit: Mapping[str, Any]) -> tuple[str, str]:
    """Return the heading of a hit, its name where the user gave one, and the id beside it."""
    identity = str(hit.get(schema.MOLECULE_ID, ""))
    for column in _NAMES:
        if known(hit.get(column)) and str(hit[column]) != identity:
            return str(hit[column]), identity
    return identity, ""


def has_inactives(columns: Collection[Any]) -> bool:
    """Say whether hits were compared with known inactives."""
    return schema.INACTIVE_ID in columns and schema.IS_INACTIVE in columns


def is_new(hit: Mapping[str, Any]) -> bool:
    """Say whether a hit's fingerprint is unlike its nearest query's, though it ranks above chance.

    Without a percentile (an encoder without background) the fingerprint decides.
    """
    similarity, place = hit.get(schema.ECFP4_SIMILARITY), hit.get(schema.PERCENTILE)
    if not known(similarity) or float(similarity) >= NEW_BELOW:  # type: ignore[arg-type]
        return False
    return not known(place) or float(place) >= NEW_ABOVE  # type: ignore[arg-type]


def new_ones(frame: pd.DataFrame) -> pd.Series:
    """Say of each hit of a list what `is_new` says; the queries themselves are never new."""
    unlike = frame[schema.ECFP4_SIMILARITY] < NEW_BELOW
    placed = frame[schema.PERCENTILE].isna() | (frame[schema.PERCENTILE] >= NEW_ABOVE)
    return unlike & placed & ~frame[schema.IS_QUERY].astype(bool)


def is_penalised(columns: Collection[Any]) -> bool:
    """Say whether a hit list is of before ``score`` ranked, where known inactives counted.

    Its ranks go by ``penalised_score``, its ``score`` is today's ``similarity_score``. A library
    made of such a list has its columns beside a hit list's own.
    """
    ours = (schema.SCORE, schema.INACTIVE_SCORE, schema.PENALISED_SCORE)
    newer = (schema.SIMILARITY_SCORE, f"{schema.SCORE}_input")
    return all(name in columns for name in ours) and not any(name in columns for name in newer)


def alerts_of(hit: Mapping[str, Any]) -> list[str]:
    """Names of the structural alerts of a hit."""
    value = hit.get(schema.ALERTS)
    return [name for name in str(value if known(value) else "").split("; ") if name]


def is_flat(hits: pd.DataFrame) -> bool:
    """Say whether no hit of a list has a geometry: then their library was made without."""
    return schema.GEOMETRY in hits and bool((hits[schema.GEOMETRY] == schema.GEOMETRY_NONE).all())


def badges(
    hit: Mapping[str, Any], mark: Highlight | None = None, *, flat: bool = False
) -> Iterator[Badge]:
    """Yield the badges of a hit, what matters most first.

    Parameters
    ----------
    flat
        Whether no hit of its list has a geometry, which is then nothing that sets one apart.
    """
    if hit.get(schema.IS_QUERY) in (True, 1):
        yield Badge("self", "query", "the query itself, found in the library")
    if has_inactives(hit) and hit[schema.IS_INACTIVE] in (True, 1):
        yield Badge("alert", "inactive", "one of the known inactives, found in the library")
    if mark is not None and mark.marks(hit):
        yield Badge("known", mark.label, mark.label)
    # A tautomer of the query may look unlike it to a fingerprint, and is no find all the same.
    if is_new(hit) and hit.get(schema.IS_QUERY) not in (True, 1):
        why = f"ECFP4 similarity to the nearest query below {NEW_BELOW}, above {NEW_ABOVE:g} %"
        yield Badge("fresh", "new", f"{why} of random molecules")
    alerts = alerts_of(hit)
    if alerts:
        yield Badge("alert", counted(len(alerts), "alert"), "; ".join(alerts))
    stereo: Any = hit.get(schema.UNSPECIFIED_STEREO)
    if known(stereo) and int(stereo) > 0:
        yield Badge("", "stereo open", f"unspecified stereocentres: {stereo}")
    if hit.get(schema.GEOMETRY) == schema.GEOMETRY_NONE and not flat:
        yield Badge("", "no 3D", "scored by the substructure branch alone")


def records(hits: pd.DataFrame) -> Sequence[dict[str, Any]]:
    """Rows of a hit list as mappings by column."""
    return [{str(key): value for key, value in row.items()} for row in hits.to_dict("records")]
