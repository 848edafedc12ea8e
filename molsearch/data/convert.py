"""From what users have to the activity table that training reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from molsearch.data.activity_sources import read_source, unread_numbers
from molsearch.data.aggregate import APART, FAR, aggregate, tiers
from molsearch.data.measurements import RAW_COLUMNS, commas_of_values, to_pchembl
from molsearch.data.parents import parents_of
from molsearch.errors import InputError

FAILURE_COLUMNS = ("source", "record_number", "row", "stage", "reason", *RAW_COLUMNS[2:])
COLUMNS = (
    "inchikey",
    "smiles",
    "uniprot",
    "target_chembl_id",
    "target_name",
    "organism",
    "pchembl",
    "relation",
    "tier",
    "activity_type",
    "confidence",
    "n_values",
    "spread",
    "chembl_id",
    "source",
)


@dataclass(frozen=True, slots=True)
class Converted:
    """An activity table and what did not get into it.

    Attributes
    ----------
    activities
        One row a molecule (InChIKey block 1) and target, columns `COLUMNS`.
    failures
        One row a measurement that was left out, columns `FAILURE_COLUMNS`.
    n_measurements
        Measurements read; each is in a row of the one table or the other.
    undecided
        Sources whose commas may stand between thousands or before decimals, and such a value.
    without_actives
        Plain tables in which nothing is active, and their columns of numbers that are not read.
    """

    activities: pd.DataFrame
    failures: pd.DataFrame
    n_measurements: int
    undecided: Mapping[str, str] = field(default_factory=dict)
    without_actives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def n_disagreeing(self) -> int:
        """Measurements left out because those of a pair disagree."""
        return int((self.failures["reason"].isin((FAR, APART))).sum())

    @property
    def unmapped(self) -> list[str]:
        """ChEMBL ids of the targets that stand in for their UniProt accessions."""
        named, by_id = self.activities["uniprot"], self.activities["target_chembl_id"]
        return sorted(set(named[named == by_id]))


def convert(
    sources: Sequence[Path],
    *,
    uniprot_map: dict[str, str] | None = None,
    target: str | None = None,
    workers: int = 1,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Converted:
    """Read sources, convert values, find parents, and join repeats.

    Parameters
    ----------
    sources
        ChEMBL SQLite databases or downloads, BindingDB tables, plain tables.
    uniprot_map
        UniProt accessions by ChEMBL target id, for ChEMBL downloads, which do not name them;
        a target that it lacks keeps its ChEMBL id.
    target
        The one target of plain tables that name none.
    on_progress
        Called with the number of distinct structures standardised.

    Raises
    ------
    InputError
        If a source cannot be read, or holds no usable measurement.
    UsageError
        If `target` is given and a source names targets itself.
    """
    good: list[pd.DataFrame] = []
    bad: list[pd.DataFrame] = []
    undecided: dict[str, str] = {}
    inactive: dict[str, tuple[str, ...]] = {}
    for path in sources:
        name, pieces = read_source(path, target)
        n_active = 0
        for piece in pieces:
            if (commas := commas_of_values(piece)).undecided:
                undecided.setdefault(path.name, commas.either)
            measured, failed = to_pchembl(piece)
            n_active += int((tiers(measured["pchembl"], measured["relation"]) == "active").sum())
            good.append(measured.assign(file=path.name, source=name))
            bad.append(failed.assign(source=path.name, stage="read"))
        if name == "plain" and not n_active:
            inactive[path.name] = unread_numbers(path)
    measurements = pd.concat(good, ignore_index=True) if good else pd.DataFrame()
    n_measurements = len(measurements) + sum(map(len, bad))
    if measurements.empty:
        first = next((frame["reason"].iloc[0] for frame in bad if len(frame)), "no rows")
        raise InputError(f"{sources[0]}: no usable measurement; the first: {first}")
    measurements["uniprot"] = _targets(measurements, uniprot_map or {})
    measurements, failed = _with_parents(measurements, workers, on_progress)
    bad.append(failed)
    origins = "+".join(sorted(set(measurements["source"])))
    table, torn = aggregate(measurements)
    if table.empty:
        reason = (torn if len(torn) else failed)["reason"].iloc[0]
        raise InputError(f"{sources[0]}: no usable measurement; the first: {reason}")
    bad.append(torn.assign(source=torn["file"], stage="join"))
    table["confidence"] = pd.to_numeric(table["confidence"], errors="coerce").fillna(0).astype(int)
    failures = pd.concat(bad, ignore_index=True).reindex(columns=list(FAILURE_COLUMNS))
    activities = table.assign(source=origins)[list(COLUMNS)]
    failures = failures.astype(str).replace("nan", "")
    return Converted(activities, failures, n_measurements, undecided, inactive)


def read_uniprot_map(path: Path) -> dict[str, str]:
    """Read ``chembl_uniprot_mapping.txt``: accession, ChEMBL id, name and type of targets.

    Only single proteins are taken. Lines that begin with ``#`` are comments.

    Raises
    ------
    InputError
        If the file cannot be read or names no single protein.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    found = {
        row[1]: row[0]
        for row in rows
        if len(row) >= 2 and (len(row) < 4 or row[3] == "SINGLE PROTEIN")
    }
    if not found:
        raise InputError(f"{path}: no line 'accession, ChEMBL id, name, SINGLE PROTEIN'")
    return found


def _targets(frame: pd.DataFrame, uniprot_map: dict[str, str]) -> pd.Series:
    by_id = frame["target_chembl_id"]
    mapped = by_id.map(uniprot_map).fillna(by_id)
    return frame["uniprot"].where(frame["uniprot"] != "", mapped)


def _with_parents(
    frame: pd.DataFrame, workers: int, on_progress: Callable[[int], None]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    number, distinct = pd.factorize(frame["smiles"])
    found = parents_of(list(distinct), workers=workers, on_progress=on_progress)
    parent, key, reason = (
        pd.Series(column).to_numpy()[number] for column in zip(*found, strict=True)
    )
    good = reason == ""
    failed = frame[~good].assign(
        reason=reason[~good], source=frame["file"][~good], stage="standardise"
    )
    return frame[good].assign(smiles=parent[good], inchikey=key[good]), failed
