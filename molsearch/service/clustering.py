"""Clusters of an index or a hit list, from request to table and account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from molsearch import schema
from molsearch.chem.readers.sources import is_address
from molsearch.errors import UsageError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.io.folders import Kind, look
from molsearch.io.runs import write_run
from molsearch.io.tables import table_format, write_frames
from molsearch.picks.output import STRUCTURES
from molsearch.picks.table import HitTable
from molsearch.search.clusters import Clusters, cluster_at, cluster_into
from molsearch.search.output import check_table
from molsearch.service.cluster_source import OfHits, OfIndex
from molsearch.service.events import Done, Emit, Note, silent, stage
from molsearch.service.outputs import refuse_clashes, run_file
from molsearch.service.requests import ClusterRequest
from molsearch.service.session import Session
from molsearch.words import counted

CLUSTER, SIZE, LEADER = "cluster", "cluster_size", "leader"
IS_LEADER, SIMILARITY = "is_leader", "leader_similarity"
_OURS = (CLUSTER, SIZE, LEADER, IS_LEADER, SIMILARITY)
#: Similarity that makes a cluster where nobody says one, by what it is of.
USUAL = {"embedding": 0.8, "ecfp4": 0.4}


@dataclass(frozen=True)
class Clustered:
    """Clusters, of what they are, and everything that made them."""

    source: OfIndex | OfHits
    clusters: Clusters
    leaders_only: bool
    account: dict[str, Any]

    def frames(self, *, as_texts: bool = False) -> Iterator[pd.DataFrame]:
        """Yield the table, some thousand molecules at a time.

        In the order of the source: molecule_id, smiles, cluster (from 1, in the order in which
        leaders were found), cluster_size, leader (its molecule_id), is_leader, leader_similarity,
        and the columns of a hit list, an underscore before a name that is taken.

        Parameters
        ----------
        as_texts
            Columns of a hit list as they came, for a file of text; else as values.
        """
        found = self.clusters
        ids = self.source.ids(found.leaders)
        leads = np.zeros(len(found.cluster), dtype=bool)
        leads[found.leaders] = True
        for first, frame in _texts(self.source) if as_texts else self.source.frames():
            rows = slice(first, first + len(frame))
            which = found.cluster[rows]
            ours = pd.DataFrame(
                {
                    CLUSTER: which + 1,
                    SIZE: found.sizes[which],
                    LEADER: ids[which],
                    IS_LEADER: leads[rows],
                    SIMILARITY: found.similarity[rows].astype(np.float64),
                },
                index=frame.index,
            )
            rest = frame.columns.drop([schema.MOLECULE_ID, schema.SMILES])
            theirs = frame[rest].rename(columns=_renamed(list(rest)))
            made = pd.concat([frame[[schema.MOLECULE_ID, schema.SMILES]], ours, theirs], axis=1)
            yield made[leads[rows]] if self.leaders_only else made

    @property
    def frame(self) -> pd.DataFrame:
        """All of it."""
        return pd.concat(list(self.frames()), ignore_index=True)


def cluster(
    request: ClusterRequest,
    session: Session,
    emit: Emit = silent,
    *,
    reader: IndexReader | None = None,
    table: HitTable | None = None,
    encoder: Embedder | None = None,
) -> Clustered:
    """Cluster an index or a hit list, and write what the request names.

    Parameters
    ----------
    reader, table, encoder
        Index or hits at hand, in place of the source that the request names, and the encoder.

    Raises
    ------
    UsageError
        An option is for another source, the output exists, or there would be too many clusters.
    InputError, MolSearchError
        The source or the encoder cannot be read or used.
    """
    check(request)
    source = _source(request, session, emit, reader, table, encoder)
    n_rows = len(source.points)
    with stage(emit, "clustering", n_rows) as progress:
        progress(0, 0)
        if request.n is None:
            at = USUAL[request.by] if request.similarity is None else request.similarity
            found = cluster_at(source.points, at, progress)
        else:
            at = None
            found = cluster_into(source.points, request.n, progress)
    account = {
        "output": request.output,
        "request": request.model_dump(mode="json"),
        **source.account,
        "by": request.by,
        "similarity": at,
        "n_molecules": n_rows,
        "n_clusters": len(found.leaders),
        "largest": int(found.sizes.max()),
        "n_alone": int((found.sizes == 1).sum()),
        "least_similarity": float(found.similarity.min()),
    }
    made = Clustered(source, found, request.leaders_only, account)
    for line in _words(request, account):
        emit(Note(text=line, important=True))
    if request.output is not None:
        path = Path(request.output)
        typed = table_format(path) == "parquet"
        write_frames(
            made.frames(as_texts=not typed), path,
            excel_safe=request.excel_safe, verbatim=STRUCTURES,
        )  # fmt: skip
        if typed and isinstance(source, OfHits):
            for line in source.table.notes:
                emit(Note(text=line, important=True))
        write_run(run_file(request.output), "cluster", account)
    emit(Done(verb="cluster", account=account))
    return made


def check(request: ClusterRequest) -> None:
    """Refuse an output before any work is done for it.

    Raises
    ------
    UsageError
        Its name tells no format of a table, or it exists.
    """
    refuse_clashes(request)
    if request.output is not None:
        check_table(Path(request.output), "clusters", overwrite=request.overwrite)


def _source(
    request: ClusterRequest,
    session: Session,
    emit: Emit,
    reader: IndexReader | None,
    table: HitTable | None,
    encoder: Embedder | None,
) -> OfIndex | OfHits:
    if reader is None and table is None:
        if request.source is None:
            raise UsageError("name what to cluster: an index, or a hit list")
        kind = Kind.INDEX if is_address(request.source) else look(request.source).kind
        if kind is Kind.PREPARED:
            raise UsageError(
                f"{request.source} is a prepared set, which has no embeddings; make an index of "
                f"it: molsearch index {request.source} -o FOLDER"
            )
        if kind not in (Kind.FILE, Kind.NOTHING):
            reader = session.index(request.source, emit=emit)
    if reader is None:
        return OfHits.of(request, session, emit, table, encoder)
    for name, given in (("top", request.top), ("encoder", request.encoder)):
        if given is not None:
            raise UsageError(f"--{name} is for hit lists; leave it out for an index")
    return OfIndex(reader, request.by)


def _texts(source: OfIndex | OfHits) -> Iterator[tuple[int, pd.DataFrame]]:
    """As `source.frames`, with the columns of a hit list as they came."""
    if isinstance(source, OfHits):
        yield 0, source.table.texts
    else:
        yield from source.frames()


def _renamed(names: list[str]) -> dict[str, str]:
    """Free names for columns that are called as ours."""
    taken = {*_OURS, schema.MOLECULE_ID, schema.SMILES, *names}
    found = {}
    for name in names:
        if name in _OURS:
            fresh = f"_{name}"
            while fresh in taken:
                fresh = f"_{fresh}"
            taken.add(fresh)
            found[name] = fresh
    return found


def _words(request: ClusterRequest, account: dict[str, Any]) -> Iterator[str]:
    alone = counted(account["n_alone"], "molecule")
    yield (
        f"{counted(account['n_molecules'], 'molecule')} in "
        f"{counted(account['n_clusters'], 'cluster')}; the largest has {account['largest']:,}, "
        f"{alone} {'stands' if account['n_alone'] == 1 else 'stand'} alone; least similarity to a "
        f"leader {account['least_similarity']:.3g}"
    )
    n = account["n_clusters"]
    if request.n is None or n >= request.n:
        return
    why = []
    if (there := account["n_molecules"]) < request.n:
        why.append(f"there {'is' if there == 1 else 'are'} only {counted(there, 'molecule')}")
    if n < there:
        why.append("the other molecules are copies of the leaders")
    yield f"not {request.n:,} clusters: {', and '.join(why)}"
