"""Queries given as embeddings: nothing is known of them but where they lie."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from molsearch import schema
from molsearch.config import Vector
from molsearch.errors import InputError
from molsearch.schema import Prepared
from molsearch.search.queries import Given, Query

SUFFIX = ".npy"
_BYTES = 256  # of a fingerprint
_NO_NUMBERS = "the file is damaged, or holds something else than numbers"


def queries_of_vectors(given: Given, row: int = 1) -> list[Query] | None:
    """Make queries of a vector or of a ``.npy`` file; None for anything else.

    Parameters
    ----------
    row
        Place of a vector among those given.

    Raises
    ------
    InputError
        The file is no array of numbers ``[n, dim]`` or ``[dim]``, or a vector has no direction.
    """
    if isinstance(given, Vector):
        return [_query(np.array(given.vector), given.id or "vector", "vectors", row)]
    if not isinstance(given, str | Path) or not str(given).lower().endswith(SUFFIX):
        return None
    path = Path(given)
    vectors = _read(path)
    name = path.name.removesuffix(SUFFIX)
    names = [name] if len(vectors) == 1 else [f"{name}-{i}" for i in range(1, len(vectors) + 1)]
    return [
        _query(vector, name, path.name, row)
        for row, (vector, name) in enumerate(zip(vectors, names, strict=True), start=1)
    ]


def _read(path: Path) -> NDArray[np.generic]:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, TypeError, TokenError, BadZipFile) as error:
        # NumPy's own words advise to unpickle, which runs what a file says.
        reason = getattr(error, "strerror", None) or _NO_NUMBERS
        raise InputError(
            f"vectors {path} cannot be read: {reason}; save them by numpy.save"
        ) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise InputError(f"{path} holds no array of real numbers; save them by numpy.save")
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or array.size == 0:
        raise InputError(
            f"{path} has the shape {list(array.shape)}; vectors are [n, dim], one row a query"
        )
    return np.asarray(array)


def _query(vector: NDArray[np.generic], name: str, source: str, row: int) -> Query:
    exact = vector.astype(np.float64)
    length = float(np.linalg.norm(exact))
    if not np.isfinite(length):
        raise InputError(f"query {name!r} ({source}, row {row}) holds a number that is not finite")
    if length == 0:
        raise InputError(f"query {name!r} ({source}, row {row}) is all zeros: it has no direction")
    return Query(name, (_unknown(name, source, row),), (exact / length).astype(np.float32))


def _unknown(name: str, source: str, row: int) -> Prepared:
    """Make a molecule of which only the name is known."""
    return Prepared(
        record_number=row, source=source, row=row, molecule_id=name, smiles="", parent_smiles="",
        inchikey=None, scaffold=None, alerts=None, n_unspecified_stereo=None, mw=None, clogp=None,
        tpsa=None, hbd=None, hba=None, rotatable_bonds=None, heavy_atoms=None, formal_charge=None,
        ecfp4=bytes(_BYTES), geometry=schema.GEOMETRY_NONE, n_conformers=0, n_atoms=0, coords=b"",
    )  # fmt: skip
