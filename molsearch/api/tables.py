"""Libraries as a notebook has them: tables and RDKit molecules, put into files of the cache."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from rdkit import Chem

from molsearch.cache import user_cache
from molsearch.chem.given import smiles_of_mol
from molsearch.chem.readers.columns import Columns, NoStructuresError, choose_columns
from molsearch.chem.readers.rows import listed
from molsearch.chem.readers.structures import is_molecule
from molsearch.config import ReadConfig
from molsearch.errors import InputError, UsageError
from molsearch.io.hashing import sha256_file
from molsearch.search.queries import is_file

SMILES, ID = "smiles", "molecule_id"
_SAMPLED = 1_000  # rows that tell which column holds structures


def library_of(given: Any, read: ReadConfig | None = None) -> list[str]:
    """Name the files of a library; tables and RDKit molecules are put into one of the cache.

    Parameters
    ----------
    read
        How tables will be read.

    Raises
    ------
    InputError
        A table has no rows, or no column of structures.
    UsageError
        Something is neither a file nor a molecule.
    """
    if isinstance(given, Path):
        return [str(given)]
    if isinstance(given, str):
        _refuse_smiles([given])
        return [given]
    if isinstance(given, pd.DataFrame):
        return [str(file_of(given, read))]
    several = given.tolist() if isinstance(given, pd.Series) else _listed(given)
    _refuse_smiles(several)
    if any(isinstance(one, Chem.Mol) or one is None for one in several):
        return [str(file_of(table_of(several)))]
    names = []
    for one in several:
        if isinstance(one, pd.DataFrame):
            names.append(str(file_of(one, read)))
        elif isinstance(one, str | Path):
            names.append(str(one))
        else:
            raise UsageError(f"{one!r:.60} is no file of molecules; give files, or a DataFrame")
    return names


def table_of(molecules: Sequence[Chem.Mol | None]) -> pd.DataFrame:
    """Table of RDKit molecules: structure, title as id, properties as further columns.

    A molecule that is None, or without atoms, stays as a row without a structure: it is among the
    failures.
    """
    rows = []
    for one in molecules:
        try:
            smiles, name = ("", "") if one is None else smiles_of_mol(one)
        except InputError:
            smiles, name = "", ""
        if not smiles:
            rows.append({SMILES: ""})
            continue
        assert one is not None
        kept = {str(k): v for k, v in one.GetPropsAsDict().items() if not str(k).startswith("_")}
        rows.append({SMILES: smiles, **({ID: name} if name else {}), **kept})
    return pd.DataFrame(rows)


def file_of(frame: pd.DataFrame, read: ReadConfig | None = None) -> Path:
    """Write a table into the user's cache, where equal tables are one file.

    A column of RDKit molecules becomes one of SMILES; an index with a name becomes a column; values
    that are not of one type become their texts.

    Raises
    ------
    InputError
        It has no rows, or no column of structures.
    UsageError
        Two columns have one name, or it cannot be kept.
    """
    if frame.empty:
        raise InputError("the DataFrame of molecules has no rows")
    table = frame.reset_index() if any(frame.index.names) else frame
    table = table.rename(columns=str)
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise UsageError(f"the DataFrame has two columns {twice!r}: rename one")
    drawn = [name for name in table.columns if _holds_molecules(table[name])]
    for name in drawn:
        texts = ["" if one is None else smiles_of_mol(one)[0] for one in table[name]]
        # A structure column of its own comes first, and this one says the same again.
        table = table.drop(columns=name)
        if SMILES not in table.columns:
            table.insert(0, SMILES, texts)
    for name in table.columns:
        table[name] = _of_one_type(table[name])
    columns_of(table.head(_SAMPLED), read)
    folder = frames()
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{os.getpid()}.parquet"
    try:
        table.to_parquet(part, index=False)
        place = folder / f"{sha256_file(part)[:24]}.parquet"
        part.replace(place)
    except (ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"the DataFrame cannot be kept as a table ({reason}); mend it") from error
    finally:
        part.unlink(missing_ok=True)
    return place


def frames() -> Path:
    """Folder of the user's cache in which tables are kept as files."""
    return user_cache() / "frames"


def columns_of(frame: pd.DataFrame, read: ReadConfig | None = None) -> Columns:
    """Find the columns of structures and ids in a table.

    Raises
    ------
    InputError
        It has no column of structures.
    """
    names = tuple(str(name) for name in frame.columns)
    try:
        return choose_columns(names, texts_of(frame), read or ReadConfig(), "the DataFrame")
    except NoStructuresError as error:
        raise InputError(
            f"no column of the DataFrame holds SMILES; it has {listed(names)}: name the one that "
            f"is meant {SMILES!r}"
        ) from error


def texts_of(frame: pd.DataFrame) -> list[list[str]]:
    """Cells of a table as text; empty where one holds nothing."""
    texts = frame.astype("object").where(frame.notna(), "").astype(str)
    return texts.to_numpy().tolist()


def _of_one_type(column: pd.Series) -> pd.Series:
    """Keep a column, as texts where its values are of several types."""
    if column.dtype != object:
        return column
    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowException, OverflowError):
        return column.astype(object).where(column.isna(), column.map(str))
    return column


def _listed(given: Any) -> list[Any]:
    if not isinstance(given, Iterable):
        raise UsageError(f"{given!r:.60} is no library; give files, RDKit molecules or a DataFrame")
    return list(given)


def _refuse_smiles(several: Sequence[Any]) -> None:
    """Refuse texts that are structures, some of them perhaps missing or unreadable, and no files.

    Read as names of files, they would each be absent.
    """
    texts = [one for one in several if isinstance(one, str) and one.strip()][:_SAMPLED]
    if any(map(is_file, texts)) or not any(is_molecule(one.split()[0]) for one in texts):
        return
    what = "a list of SMILES" if len(several) > 1 else "a SMILES"
    raise UsageError(f"{what} is no library: pass a DataFrame with a column {SMILES!r}")


def _holds_molecules(column: pd.Series) -> bool:
    held = column.dropna()
    return bool(len(held)) and isinstance(held.iloc[0], Chem.Mol)
