"""`search_space`: molecules of a make-on-demand space that are like a query."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from molsearch.api.arguments import config_of, cpus
from molsearch.api.batch import shown
from molsearch.api.given import ligands_of
from molsearch.api.hits import Hits
from molsearch.service.requests import SpaceRequest
from molsearch.service.session import Session
from molsearch.service.space import space


def search_space(
    synthons: str | Path,
    queries: Any,
    *,
    k: int = 1000,
    output: str | Path | None = None,
    workers: int | None = None,
    **options: Any,
) -> Hits:
    """Search a space by its synthons and rank what is found; see `docs/space.md`.

    Parameters
    ----------
    synthons
        File of synthons in Enamine's text format.
    queries
        SMILES, InChI, files, RDKit molecules or a DataFrame; one or several.
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
    Hits
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
            "queries": ligands_of(queries),
            "k": k,
            "output": None if output is None else str(output),
            "workers": cpus(workers),
            **options,
        },
    )
    hits = space(request, Session()).hits
    typed = hits.typed
    for warning in dict.fromkeys((*hits.warnings, *typed.notes)):
        warnings.warn(warning, stacklevel=2)
    return shown(typed.frame, hits.queries)
