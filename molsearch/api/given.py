"""Molecules as programs hold them, made what a request takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from molsearch.api.tables import columns_of, texts_of
from molsearch.chem.given import is_rdkit_mol, smiles_of_mol
from molsearch.config import Molecule, Vector
from molsearch.errors import InputError, UsageError
from molsearch.index.reader import IndexReader

Ligand = str | Path | Molecule | Vector


def ligands_of(given: Any) -> list[Ligand]:
    """Make ligands of one thing or several: texts, files, RDKit molecules, DataFrames, an `Index`.

    Raises
    ------
    InputError
        A DataFrame has no column of structures, or an RDKit molecule no atoms.
    UsageError
        Something else was given.
    """
    if isinstance(given, pd.DataFrame):
        return [*_of_frame(given)]
    if isinstance(given, str | Path | Molecule | Vector):
        return [given]
    if is_rdkit_mol(given):
        smiles, name = smiles_of_mol(given)
        return [Molecule(smiles=smiles, id=name)]
    if isinstance(getattr(given, "reader", None), IndexReader):
        return [Path(given.reader.path)]  # every molecule of an index
    if given is None:
        raise UsageError("a query is None: RDKit gives that for what it cannot read")
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype.kind in "UO":
        return ligands_of(given.tolist())
    if isinstance(given, Iterable) and not isinstance(given, bytes | np.ndarray):
        return [one for some in given for one in ligands_of(some)]
    hint = "; give embeddings as vectors=" if isinstance(given, np.ndarray) else ""
    raise UsageError(
        f"a query is a SMILES, an InChI, a mol block, a file, an RDKit molecule or a DataFrame, "
        f"not {type(given).__name__}{hint}"
    )


def vectors_of(vectors: ArrayLike | None) -> list[Vector]:
    """Make ligands of embeddings ``[n, dim]`` or ``[dim]``.

    Raises
    ------
    UsageError
        They are no numbers in that shape.
    """
    if vectors is None:
        return []
    array = np.asarray(vectors)
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "fiu":
        raise UsageError(
            f"vectors are numbers [n, dim] or [dim], not {array.dtype} {list(array.shape)}"
        )
    names = ["vector"] if len(array) == 1 else [f"vector-{i}" for i in range(1, len(array) + 1)]
    rows = array.astype(np.float64).tolist()
    return [Vector(vector=tuple(row), id=name) for row, name in zip(rows, names, strict=True)]


def _of_frame(frame: pd.DataFrame) -> Iterator[Molecule]:
    if frame.empty:
        raise InputError("the DataFrame of queries has no rows")
    for name in frame.columns:
        mols = frame[name].map(is_rdkit_mol)
        if mols.any():  # as PandasTools makes them
            if not mols.all():
                lacking = int(np.flatnonzero(~mols.to_numpy())[0])
                raise InputError(f"row {lacking} of the DataFrame has no molecule in {name!r}")
            for mol in frame[name]:
                smiles, title = smiles_of_mol(mol)
                yield Molecule(smiles=smiles, id=title)
            return
    columns = columns_of(frame)
    for number, row in enumerate(texts_of(frame)):
        smiles = row[columns.structure].strip()
        if not smiles:
            name = columns.names[columns.structure]
            raise InputError(f"row {number} of the DataFrame has no structure in {name!r}")
        name = "" if columns.molecule_id is None else row[columns.molecule_id]
        yield Molecule(smiles=smiles, id=name)
