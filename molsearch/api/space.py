"""`search_space`: molecules of a make-on-demand space that are like a query."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from molsearch.api.arguments import Paths, config_of, cpus, listed
from molsearch.service.requests import SpaceRequest
from molsearch.service.session import Session
from molsearch.service.space import space


def search_space(
    synthons: str | Path,
    queries: Paths,
    *,
    k: int = 1000,
    output: str | Path | None = None,
    workers: int | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Search a space by its synthons and rank what is found; see `docs/space.md`.

    Parameters
    ----------
    synthons
        File of synthons in Enamine's text format.
    queries
        SMILES, InChI or files.
    k
        Hits wanted.
    output
        Also write the hits here, and a run record beside them.
    workers
        Threads and processes; as many as there are processors by default.
    options
        Fields of `molsearch.service.requests.SpaceRequest`: ``mode``, ``similarity``,
        ``products``, ``seconds``, ``rank``, ``where``, ``unique``, ``encoder``, ``failures`` and
        others.

    Returns
    -------
    pandas.DataFrame
        As of `Index.search`; also ``reaction``, ``reagents``, ``synthons``, ``space_similarity``,
        ``found_for`` and ``other_routes``.

    Warns
    -----
    UserWarning
        As of `Index.search`.

    Raises
    ------
    UsageError, InputError
        An option, the file or a query cannot be used, or no product is like any query.

    Examples
    --------
    >>> search_space("synthons.txt", "CC(=O)Nc1ccc(O)cc1", k=100)  # doctest: +SKIP
    """
    request = config_of(
        SpaceRequest,
        {
            "synthons": str(synthons),
            "queries": listed(queries),
            "k": k,
            "output": None if output is None else str(output),
            "workers": cpus(workers),
            **options,
        },
    )
    hits = space(request, Session()).hits
    for warning in hits.warnings:
        warnings.warn(warning, stacklevel=2)
    return hits.frame
