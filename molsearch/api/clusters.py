"""`cluster`: clusters of a hit list or an index."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pandas as pd

from molsearch.api.arguments import config_of
from molsearch.api.progress import Told, telling
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader
from molsearch.picks.table import table_of
from molsearch.service.clustering import cluster as _cluster
from molsearch.service.requests import ClusterRequest
from molsearch.service.session import Session


def cluster(
    source: pd.DataFrame | str | Path,
    similarity: float | None = None,
    *,
    n: int | None = None,
    by: Literal["embedding", "ecfp4"] = "embedding",
    top: int | None = None,
    encoder: Embedder | None = None,
    on_progress: Told = None,
) -> pd.DataFrame:
    """Cluster a hit list, or the index at a path.

    The first molecule leads; each further one that is less similar than `similarity` to every
    leader before it leads too: of a hit list, a leader is the best hit of its cluster. With `n`,
    leaders are as unlike each other as can be. Each molecule is with the leader most like it.

    Parameters
    ----------
    source
        What `Index.search` returns, a file of hits, or the folder of an index.
    similarity
        Cosine of embeddings, or Tanimoto similarity of ECFP4; by default 0.8 and 0.4.
    n
        How many clusters, in place of a similarity.
    top
        Look at the first so many hits alone.
    encoder
        For the embeddings of hits; that of their run by default, or the bundled one.

    Returns
    -------
    pandas.DataFrame
        A row a molecule, in the order of the source: molecule_id, smiles, cluster (from 1),
        cluster_size, leader (its molecule_id), is_leader, leader_similarity, and the columns of
        the hits, an underscore before a name that is taken.

    Raises
    ------
    UsageError
        An option is out of range, or there would be too many clusters.
    InputError
        The source cannot be read, or a hit cannot be embedded.

    Examples
    --------
    >>> found = ms.cluster(index.search(query, k=1000), 0.4, by="ecfp4")  # doctest: +SKIP
    >>> found[found["is_leader"]]                                         # doctest: +SKIP
    """
    table = table_of(source) if isinstance(source, pd.DataFrame) else None
    request = config_of(
        ClusterRequest,
        {
            "source": None if table is not None else str(source),
            "similarity": similarity,
            "n": n,
            "by": by,
            "top": top,
        },
    )
    emit = telling(on_progress, "clustering")
    return _cluster(request, Session(), emit, table=table, encoder=encoder).frame


def clusters_of(
    reader: IndexReader, similarity: float | None, n: int | None, by: str, on_progress: Told
) -> pd.DataFrame:
    """Cluster an open index; see `molsearch.Index.cluster`."""
    request = config_of(ClusterRequest, {"similarity": similarity, "n": n, "by": by})
    emit = telling(on_progress, "clustering")
    return _cluster(request, Session(), emit, reader=reader).frame
