"""ChEMBL, BindingDB and plain tables read into raw measurements, in pieces."""

from __future__ import annotations

import codecs
import csv
import gzip
import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Literal

import pandas as pd
import pyarrow as pa

from molsearch.data.convert_pubchem import (
    STANDARD_VALUE,
    UNIT_ROW,
    VALUES,
    Measured,
    measured_column,
    measured_values,
)
from molsearch.data.measurements import PLACES, TYPES, raw_frame
from molsearch.data.numbers import numbers_of
from molsearch.errors import InputError, UsageError
from molsearch.io import parquet

_PIECE = 200_000
_SQLITE = b"SQLite format 3\x00"

_QUERY = """
SELECT act.activity_id AS row, cs.canonical_smiles AS smiles, seq.accession AS uniprot,
       td.chembl_id AS target_chembl_id, td.pref_name AS target_name, td.organism AS organism,
       act.standard_type AS activity_type, act.standard_relation AS relation,
       act.standard_value AS value, act.standard_units AS units, act.pchembl_value AS pchembl,
       ass.confidence_score AS confidence, md.chembl_id AS chembl_id,
       ass.chembl_id AS assay, act.activity_comment AS comment, act.data_validity_comment AS flag
FROM activities act
JOIN assays ass ON ass.assay_id = act.assay_id
JOIN target_dictionary td ON td.tid = ass.tid
JOIN target_components tc ON tc.tid = td.tid
JOIN component_sequences seq ON seq.component_id = tc.component_id
JOIN molecule_dictionary md ON md.molregno = act.molregno
JOIN compound_structures cs ON cs.molregno = act.molregno
WHERE td.target_type = 'SINGLE PROTEIN' AND COALESCE(act.potential_duplicate, 0) = 0
  AND ((act.standard_value IS NOT NULL AND act.standard_type IN ({}))
       OR LOWER(act.activity_comment) LIKE 'not active%'
       OR LOWER(act.activity_comment) IN ('inactive', 'no activity'))
"""

# The columns of ChEMBL's own downloads, in lower case.
_CHEMBL = {
    "smiles": "smiles",
    "molecule chembl id": "chembl_id",
    "standard type": "activity_type",
    "standard relation": "relation",
    "standard value": "value",
    "standard units": "units",
    "pchembl value": "pchembl",
    "data validity comment": "flag",
    "comment": "comment",
    "activity comment": "comment",
    "assay chembl id": "assay",
    "target chembl id": "target_chembl_id",
    "target name": "target_name",
    "target organism": "organism",
    "uniprot accession": "uniprot",
}
_BINDINGDB_TYPES = ("Ki", "IC50", "Kd", "EC50")
_BINDINGDB_UNIPROT = (
    "uniprot (swissprot) primary id of target chain 1",
    "uniprot (swissprot) primary id of target chain",
    "uniprot (trembl) primary id of target chain 1",
    "uniprot (trembl) primary id of target chain",
)
_BINDINGDB_CHAINS = "number of protein chains in target (>1 implies a multichain complex)"
_PLAIN = {
    "smiles": ("smiles", "canonical_smiles", "structure", "pubchem_ext_datasource_smiles"),
    "uniprot": ("uniprot", "target", "accession", "uniprot_id"),
    "target_name": ("target_name",),
    "target_chembl_id": ("target_chembl_id",),
    "organism": ("organism",),
    "activity_type": ("activity_type", "type", "standard_type"),
    "relation": ("relation", "standard_relation", "qualifier"),
    "value": ("value", "activity", "standard_value"),
    "units": ("units", "unit", "standard_units"),
    "pchembl": ("pchembl", "pchembl_value", "pic50", "pki", "pkd", "pec50"),
    "confidence": ("confidence",),
    "chembl_id": ("chembl_id", "molecule_chembl_id"),
    "assay": ("assay", "assay_id", "assay_chembl_id", "aid"),
    "comment": ("activity_comment", "comment", "pubchem_activity_outcome", "activity_outcome",
                "outcome"),
    "flag": ("data_validity_comment",),
}  # fmt: skip
_VALUES = (*_PLAIN["value"], *_PLAIN["pchembl"])
# Columns of a plain table that say of what target a row is.
_TARGETS = (*_PLAIN["uniprot"], *_PLAIN["target_chembl_id"], *_PLAIN["target_name"])

_BINDINGDB = {
    "row": "row",
    "record_number": "record_number",
    "ligand smiles": "smiles",
    "target name": "target_name",
    "target source organism according to curator or datasource": "organism",
    "chembl id of ligand": "chembl_id",
}
_KNOWN = {
    *_CHEMBL,
    *_BINDINGDB,
    *_BINDINGDB_UNIPROT,
    _BINDINGDB_CHAINS,
    *(f"{kind.lower()} (nm)" for kind in _BINDINGDB_TYPES),
    *(name for names in _PLAIN.values() for name in names),
    *VALUES,
}
_HEAD = 1_000  # rows that tell which columns hold numbers
_LONGEST_FIELD = 10_000_000

Reader = Callable[[pd.DataFrame], pd.DataFrame]


def read_source(path: Path, target: str | None = None) -> tuple[str, Iterator[pd.DataFrame]]:
    """Tell what a file is, and read it in pieces.

    Parameters
    ----------
    target
        The target of every row, where a plain table does not name them.

    Returns
    -------
    name, pieces
        ``chembl``, ``bindingdb`` or ``plain``, and frames of
        `molsearch.data.measurements.RAW_COLUMNS`.

    Raises
    ------
    InputError
        If the file is absent or none of these.
    UsageError
        If `target` is given and the file names targets itself.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file of activities")
    with path.open("rb") as handle:
        if handle.read(16) == _SQLITE:
            _refuse_target(path, target, "")
            return "chembl", _read_sqlite(path)
    header, delimiter = _header(path)
    names = [name.strip().lower() for name in header]
    if "ligand smiles" in names:
        _refuse_target(path, target, "")
        return "bindingdb", _read_text(path, delimiter, _bindingdb)
    if "molecule chembl id" in names and "standard value" in names:
        _refuse_target(path, target, "")
        return "chembl", _read_text(path, delimiter, _chembl)
    named = next((name for name in names if name in _TARGETS), None)
    if named is not None:
        _refuse_target(path, target, f" in column {header[names.index(named)].strip()!r}")
    missing = [
        wanted
        for wanted, known in (
            ("smiles", _PLAIN["smiles"]),
            ("uniprot", (*_PLAIN["uniprot"], "target_chembl_id")),
            ("value", (*_VALUES, STANDARD_VALUE, *_PLAIN["comment"])),
        )
        if not set(known) & set(names) and not (wanted == "uniprot" and target)
    ]
    if missing:
        alone = missing == ["uniprot"]
        mend = " (--target NAME names the one target of a whole file)" if alone else ""
        raise InputError(
            f"{path}: no column {missing[0]!r}{mend}; a plain table needs smiles, uniprot (or "
            f"target) and value (with units) or pchembl; this one has {', '.join(header[:12])}"
        )
    measured = _measured(path, delimiter, names)
    return "plain", _read_text(path, delimiter, partial(_plain, target=target, measured=measured))


def unread_numbers(path: Path) -> tuple[str, ...]:
    """Name the columns of a plain table that hold numbers and are not read, by its first rows."""
    header, delimiter = _header(path)
    names = [name.strip().lower() for name in header]
    measured = _measured(path, delimiter, names)
    rows = _first_rows(path, delimiter)
    found = []
    for i, name in enumerate(names):
        used = measured is not None and name == measured.column
        if used or (name in _KNOWN and name not in VALUES) or name.startswith("pubchem_"):
            continue
        cells = pd.Series([row[i].strip() for row in rows if i < len(row)], dtype=object)
        filled = cells[cells != ""]
        # Most of them: an assay of PubChem's has rows of types and units above.
        if len(filled) and numbers_of(filled).notna().mean() > 0.5:
            found.append(header[i].strip())
    return tuple(found)


def _measured(path: Path, delimiter: str, names: list[str]) -> Measured | None:
    """Find the column of values of a PubChem assay that has none under a plain name."""
    if set(names) & set(_VALUES):
        return None
    rows = _first_rows(path, delimiter)
    return measured_column(names, next((row for row in rows if row[:1] == [UNIT_ROW]), []))


def _first_rows(path: Path, delimiter: str) -> list[list[str]]:
    """Read the first rows below the header; none where that fails."""
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with _open(path) as handle:
            return list(islice(csv.reader(handle, delimiter=delimiter), 1, _HEAD))
    except (OSError, UnicodeDecodeError, csv.Error):
        return []  # reading it says why


def _refuse_target(path: Path, target: str | None, where: str) -> None:
    if target:
        raise UsageError(
            f"{path}: names its targets itself{where}; leave --target out, or convert this file "
            "by itself"
        )


def _read_sqlite(path: Path) -> Iterator[pd.DataFrame]:
    query = _QUERY.format(", ".join("?" * len(TYPES)))
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    read = 0
    try:
        for piece in pd.read_sql_query(query, connection, params=TYPES, chunksize=_PIECE):
            places = range(read + 1, read + len(piece) + 1)
            read += len(piece)
            columns: dict[str, object] = {str(n): c for n, c in piece.items()}
            frame = raw_frame({**columns, "record_number": places}, len(piece))
            yield frame.assign(flag=frame["flag"].replace("Manually validated", ""))
    except (sqlite3.DatabaseError, pd.errors.DatabaseError) as error:
        reason = " ".join(str(error).split())[-120:]
        raise InputError(f"{path}: not a ChEMBL database ({reason})") from None
    finally:
        connection.close()


def _header(path: Path) -> tuple[list[str], str]:
    if _is_parquet(path):
        try:
            return parquet.names(path), ","
        except (OSError, pa.ArrowException) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"{path}: cannot be read as Parquet ({reason})") from None
    try:
        with _open(path) as handle:
            line = handle.readline().lstrip("\ufeff")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error}); save it as UTF-8") from None
    delimiter = max("\t;,", key=line.count)
    return next(csv.reader([line], delimiter=delimiter), []), delimiter


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _read_parquet(path: Path, reader: Reader) -> Iterator[pd.DataFrame]:
    """Read the known columns of a Parquet table, as our own is one."""
    first = 1
    try:
        file = parquet.opened(path)
        known = [name for name in file.schema_arrow.names if name.strip().lower() in _KNOWN]
        for batch in file.iter_batches(_PIECE, columns=known):
            frame = batch.to_pandas().rename(columns=lambda name: name.strip().lower())
            numbers = range(first, first + len(frame))
            first += len(frame)
            yield reader(frame.assign(row=numbers, record_number=numbers))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())})") from None


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    # What a spreadsheet of western Europe saves is no UTF-8 wherever a unit is µM.
    return path.open(encoding="utf-8" if _is_utf8(path) else "cp1252", newline="")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as handle:
        if handle.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return True  # which it is not, nor cp1252: reading it says so
        handle.seek(0)
        try:
            while block := handle.read(1 << 20):
                decoder.decode(block)
        except UnicodeDecodeError:
            return False
    return True


def _read_text(path: Path, delimiter: str, reader: Reader) -> Iterator[pd.DataFrame]:
    """Read the known columns of a delimited file; rows of odd length keep what they have."""
    if _is_parquet(path):
        yield from _read_parquet(path, reader)
        return
    # BindingDB writes quotation marks (3"-phosphate) as they are.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if reader is _bindingdb else csv.QUOTE_MINIMAL
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with _open(path) as handle:
            rows = csv.reader(handle, delimiter=delimiter, quoting=quoting)
            header = [name.lstrip("\ufeff").strip().lower() for name in next(rows)]
            kept = {name: header.index(name) for name in header if name in _KNOWN}
            first = 2  # the row below the header
            while block := list(islice(rows, _PIECE)):
                columns = {
                    name: [row[i] if i < len(row) else "" for row in block]
                    for name, i in kept.items()
                }
                numbers = range(first, first + len(block))
                first += len(block)
                records = range(first - 1 - len(block), first - 1)
                yield reader(pd.DataFrame({**columns, "row": numbers, "record_number": records}))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({' '.join(str(error).split())})") from None


def _chembl(piece: pd.DataFrame) -> pd.DataFrame:
    columns = {to: piece[name] for name, to in _CHEMBL.items() if name in piece}
    places = {name: piece[name] for name in PLACES}
    frame = raw_frame({**columns, **places}, len(piece))
    # The one comment that speaks for a value.
    return frame.assign(flag=frame["flag"].replace({"None": "", "Manually validated": ""}))


def _bindingdb(piece: pd.DataFrame) -> pd.DataFrame:
    """One row a measured type, and one of what has none; complexes of chains are flagged."""
    uniprot = pd.Series("", index=piece.index)
    for name in _BINDINGDB_UNIPROT:
        if name in piece:
            uniprot = uniprot.where(uniprot != "", piece[name].str.strip())
    chains = piece.get(_BINDINGDB_CHAINS, pd.Series("1", index=piece.index)).str.strip()
    flag = ("complex of " + chains + " chains").where(~chains.isin(["", "1"]), "")
    parts = []
    empty = pd.Series(data=True, index=piece.index)
    for kind in _BINDINGDB_TYPES:
        name = f"{kind.lower()} (nm)"
        if name not in piece:
            continue
        rows = piece[piece[name].str.strip() != ""]
        columns: dict[str, object] = {
            to: rows[found].to_numpy() for found, to in _BINDINGDB.items() if found in rows
        }
        columns |= {"uniprot": uniprot[rows.index].to_numpy(), "flag": flag[rows.index].to_numpy()}
        columns |= {"value": rows[name].to_numpy(), "activity_type": kind, "units": "nM"}
        parts.append(raw_frame(columns, len(rows)))
        empty = empty & (piece[name].str.strip() == "")
    rows = piece[empty]
    columns = {to: rows[found].to_numpy() for found, to in _BINDINGDB.items() if found in rows}
    parts.append(raw_frame({**columns, "uniprot": uniprot[rows.index].to_numpy()}, len(rows)))
    return pd.concat(parts, ignore_index=True)


def _plain(
    piece: pd.DataFrame, target: str | None = None, measured: Measured | None = None
) -> pd.DataFrame:
    columns: dict[str, object] = {name: piece[name] for name in PLACES}
    if target:
        columns["uniprot"] = target
    for to, names in _PLAIN.items():
        found = [name for name in names if name in piece]
        if found:
            columns[to] = piece[found[0]]
    if found_relation := [name for name in _PLAIN["relation"] if name in piece]:
        columns["relation"] = _of_values(piece, found_relation[0])
    if measured is not None:
        columns |= measured_values(piece, measured)
    return raw_frame(columns, len(piece))


def _of_values(piece: pd.DataFrame, name: str) -> pd.Series:
    """Signs of a table's values: ChEMBL's are of concentrations, though a logarithm is alone."""
    signs = piece[name]
    if name != "standard_relation" or any(value in piece for value in _PLAIN["value"]):
        return signs
    turned = signs.astype(str).str.translate(str.maketrans("<>≤≥", "><≥≤"))
    return turned.where(signs.notna(), signs)
