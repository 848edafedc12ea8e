"""Many queries, each a screen of its own, in one table."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import pandas as pd

from molsearch.api.hits import Hits
from molsearch.config import Molecule, Vector
from molsearch.errors import UsageError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.search.actives import read_ligands
from molsearch.search.hits import free_names
from molsearch.search.queries import Query
from molsearch.service.events import Emit, stage
from molsearch.service.requests import ScreenRequest
from molsearch.service.screen import screen
from molsearch.service.session import Session

QUERY = "query"  # the column that says whose hits they are


def each_query(
    request: ScreenRequest,
    reader: IndexReader,
    encoder: Embedder,
    emit: Emit,
) -> Hits:
    """Screen for each query by itself, one hit list below the other.

    Raises
    ------
    UsageError
        The request writes a file, or takes the geometry of its queries.
    """
    if request.output is not None or request.use_input_3d:
        raise UsageError(
            "a batch has neither output (write hits.to_csv) nor use_input_3d; leave them out"
        )
    like = reader.manifest.library.prepare.model_copy(update=request.query_changes)
    queries = read_ligands(request.queries, (), request.read, like, request.config).queries
    frames = []
    with stage(emit, "screening", len(queries)) as tell:
        for number, query in enumerate(queries, 1):
            alone = request.model_copy(update={"queries": (_alone(query),)})
            hits = screen(alone, Session(), reader=reader, encoder=encoder).hits
            typed = hits.typed
            frames.append(_of_query(typed.frame, query.query_id))
            for warning in dict.fromkeys((*hits.warnings, *typed.notes)):
                warnings.warn(warning, stacklevel=3)
            tell(number, 0)
    return shown(pd.concat(frames, ignore_index=True), queries)


def _alone(query: Query) -> Molecule | Vector:
    if query.vector is not None:
        return Vector(vector=tuple(query.vector.tolist()), id=query.query_id)
    return Molecule(smiles=query.first.smiles, id=query.query_id)


def _of_query(frame: pd.DataFrame, query: str) -> pd.DataFrame:
    """Put the query's id before its hits; a column of the user's of that name steps aside."""
    names = free_names([str(name) for name in frame.columns], [QUERY])
    named = frame.set_axis(names, axis=1)
    named.insert(0, QUERY, query)
    return named


def shown(frame: pd.DataFrame, queries: Sequence[Query]) -> Hits:
    """Give a hit list what a notebook needs to draw it."""
    hits = Hits(frame)
    hits.query_smiles = {
        query.query_id: query.first.parent_smiles for query in queries if query.has_structure
    }
    return hits
