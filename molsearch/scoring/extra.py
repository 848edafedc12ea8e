"""Components of a ranking that an index does not hold: other fingerprints, second encoders.

Their rows are kept beside each shard (`molsearch.index.companions`), one a molecule, so that a
molecule's score depends on it and the queries alone, wherever it stands and whatever is added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.fingerprints import FINGERPRINTS, packed_of, tanimoto_matrix
from molsearch.index.blocks import CheckedRows
from molsearch.index.companions import OF_ENCODERS, Companion, companions
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.progress import OnProgress
from molsearch.scoring.expression import Term
from molsearch.scoring.fusion import Fusion, fuse
from molsearch.scoring.queryset import QuerySet, per_query

Similar = Callable[[NDArray[Any]], NDArray[np.float64]]


class Component:
    """What every further component of a ranking has: its term, and so its column and fusion."""

    term: Term

    @property
    def column(self) -> str:
        """Name of its column in a hit list."""
        return column_of(self.term.name)

    @property
    def fusion(self) -> Fusion:
        """Over queries."""
        return self.term.fusion or "max"

    def fused(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring similarities ``[n, n_queries]`` to what is weighted and added, ``[n]``."""
        return np.asarray(fuse(scores, self.fusion))


@dataclass(frozen=True)
class Extra(Component):
    """A component, opened for one index and these queries.

    Attributes
    ----------
    term
        Its name, weight, and fusion over queries.
    rows
        Kept rows of each shard.
    similar
        From kept rows ``[n, width]`` to similarities ``[n, n_queries]``.
    """

    term: Term
    rows: Sequence[CheckedRows]
    similar: Similar

    def scores(
        self, shards: NDArray[np.integer], places: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Similarity ``[n, n_queries]`` of rows of the index to each query."""
        found: NDArray[np.float64] | None = None
        for shard in np.unique(shards):
            mine = np.flatnonzero(shards == shard)
            some = self.similar(self.rows[int(shard)].take(places[mine]))
            if found is None:
                found = np.empty((len(shards), some.shape[1]))
            found[mine] = some
        return np.empty((0, 1)) if found is None else found


def column_of(name: str) -> str:
    """Name the column of a component.

    Examples
    --------
    >>> column_of("atom-pair"), column_of("runs/mine")
    ('atom_pair_score', 'mine_score')
    """
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    return f"{re.sub(r'[^0-9a-zA-Z]+', '_', last).strip('_').lower()}_score"


def fingerprint_extra(
    term: Term, reader: IndexReader, parents: Sequence[str], report: OnProgress | None = None
) -> Extra:
    """Open a fingerprint for an index; computes it for the library the first time.

    Parameters
    ----------
    parents
        SMILES of the queries' parents.
    """
    kind = FINGERPRINTS[term.name]

    def compute(table: pa.Table) -> NDArray[np.uint8]:
        return packed_of(term.name, table.column(schema.PARENT_SMILES).to_pylist())

    companion = Companion(
        name=f"print-{term.name}", version=f"{kind.meaning}; rdkit {version('rdkit')}",
        width=kind.n_bytes, dtype="uint8", columns=(schema.PARENT_SMILES,), compute=compute,
    )  # fmt: skip
    asked = packed_of(term.name, parents)
    rows = companions(reader, companion, report)
    return Extra(term, rows, lambda some: np.ascontiguousarray(tanimoto_matrix(asked, some).T))


def encoder_extra(
    term: Term,
    reader: IndexReader,
    embedder: Embedder,
    queries: QuerySet,
    dot: Callable[[NDArray[np.floating], NDArray[np.float64]], NDArray[np.float64]],
    report: OnProgress | None = None,
) -> Extra:
    """Open a second encoder for an index; embeds the library the first time.

    Parameters
    ----------
    queries
        Embedded by it.
    dot
        Products of rows with vectors, the same wherever a row stands.
    """
    companion = Companion(
        name=f"embedding-{embedder.identity[:16]}", version=embedder.identity,
        width=embedder.dim, dtype="float16", columns=OF_ENCODERS,
        compute=lambda table: embedder.embed_table(table).astype(np.float16),
    )  # fmt: skip
    vectors = queries.vectors.astype(np.float64)
    rows = companions(reader, companion, report)
    return Extra(term, rows, lambda some: per_query(dot(some, vectors), queries))
