"""What is clustered: the molecules of an index, or of a hit list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch import schema
from molsearch.chem.prepare import prepare_in_process
from molsearch.config import PrepareConfig
from molsearch.data.prepared_table import table_of as prepared_table
from molsearch.errors import InputError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.nn.lengths import of_unit_length
from molsearch.picks.table import HitTable, read_table
from molsearch.schema import Record
from molsearch.search.points import Cosine, Held, Points, Tanimoto
from molsearch.service.encoders import recorded_encoder
from molsearch.service.events import Emit, Warned, stage
from molsearch.service.requests import ClusterRequest
from molsearch.service.session import Session
from molsearch.words import counted

By = Literal["embedding", "ecfp4"]
_EMBEDDED_AT_ONCE = 1024


@dataclass(frozen=True)
class OfIndex:
    """All molecules of an index, in its order."""

    reader: IndexReader
    by: By

    @cached_property
    def points(self) -> Points:
        """What is compared."""
        make = Points.embeddings if self.by == "embedding" else Points.fingerprints
        return make(self.reader)

    @property
    def account(self) -> dict[str, Any]:
        """What is to be kept of it."""
        plan = self.reader.manifest.plan
        return {
            "index": {"path": str(self.reader.path), "library": plan.library},
            "encoder": self.reader.identity if self.by == "embedding" else None,
            "failures": [],
        }

    def ids(self, rows: NDArray[np.int64]) -> NDArray[np.object_]:
        """Molecule ids of some."""
        table = self.reader.take(*self.reader.locate(rows), [schema.MOLECULE_ID])
        return np.array(table.column(0).to_pylist(), dtype=object)

    def frames(self) -> Iterator[tuple[int, pd.DataFrame]]:
        """Yield the number of the first, and ids and structures of some, in their order."""
        names = [schema.MOLECULE_ID, schema.SMILES]
        start = 0
        for shard in range(self.reader.n_shards):
            for batch in self.reader.records(shard).iter_batches(columns=names):
                yield start, batch.to_pandas()[names]
                start += batch.num_rows


@dataclass(frozen=True)
class OfHits:
    """Hits, in their order.

    Attributes
    ----------
    table
        Those that are clustered.
    points
        What is compared.
    identity
        Of the encoder; None where it is fingerprints that are compared.
    """

    table: HitTable
    points: Points
    source: str | None
    identity: str | None

    @classmethod
    def of(
        cls,
        request: ClusterRequest,
        session: Session,
        emit: Emit,
        table: HitTable | None,
        encoder: Embedder | None,
    ) -> OfHits:
        """Read and embed a hit list; a row that is no molecule is told, and left out.

        Raises
        ------
        InputError
            It cannot be read, or holds no molecule that can be embedded.
        MolSearchError
            The encoder cannot be used.
        """
        if table is None:
            assert request.source is not None
            table = read_table(request.source, request.read)
        if table.failures:
            first = table.failures[0]
            emit(
                Warned(
                    text=f"{counted(len(table.failures), 'row')} of the hit list left out, the "
                    f"first: row {first.row}, {first.reason}"
                )
            )
        if request.top is not None:
            table = table.first(request.top)
        if request.by == "ecfp4":
            return cls(table, Points([Held(table.prints)], Tanimoto()), request.source, None)
        if encoder is None:
            name = request.encoder
            if name is None and request.source is not None:
                name = recorded_encoder(request.source)
            encoder = session.encoder(name, device=request.device)
        vectors = _embedded(table, encoder, emit)
        return cls(table, Points([Held(vectors)], Cosine()), request.source, encoder.identity)

    @property
    def account(self) -> dict[str, Any]:
        """What is to be kept of it."""
        return {
            "hits": self.source,
            "encoder": self.identity,
            "failures": [
                {"row": one.row, "molecule_id": one.molecule_id, "reason": one.reason}
                for one in self.table.failures
            ],
        }

    def ids(self, rows: NDArray[np.int64]) -> NDArray[np.object_]:
        """Molecule ids of some."""
        return self.table.frame[schema.MOLECULE_ID].to_numpy(dtype=object)[rows]

    def frames(self) -> Iterator[tuple[int, pd.DataFrame]]:
        """Yield all of it, with the hit list's own columns."""
        yield 0, self.table.frame


def _embedded(table: HitTable, encoder: Embedder, emit: Emit) -> NDArray[np.float32]:
    """Embeddings ``[n, dim]`` of hits; their conformers are made now, if the encoder looks."""
    config = PrepareConfig(n_conformers=1 if getattr(encoder, "sees_geometry", True) else 0)
    vectors = np.empty((len(table), encoder.dim), np.float32)
    with stage(emit, "embedding", len(table)) as progress:
        for first in range(0, len(table), _EMBEDDED_AT_ONCE):
            some = table.parents[first : first + _EMBEDDED_AT_ONCE]
            records = [Record(n, "hits", n, str(n), one) for n, one in enumerate(some, start=1)]
            prepared, failures = prepare_in_process(records, config, ())
            if failures:
                row = first + failures[0].record_number
                raise InputError(
                    f"the hit list's molecule {row} cannot be prepared: {failures[0].reason}; "
                    "take it out, or cluster by ecfp4"
                )
            vectors[first : first + len(some)] = encoder.embed_table(prepared_table(prepared))
            progress(first + len(some), 0)
    bad = np.flatnonzero(~of_unit_length(vectors))
    if len(bad):
        name = table.frame[schema.MOLECULE_ID].iloc[int(bad[0])]
        raise InputError(f"the encoder gives no embedding of {name!r}; take it out of the hit list")
    return vectors
