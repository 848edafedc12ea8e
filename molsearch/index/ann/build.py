"""Make the inverted lists of an index: learned once, then shard by shard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError, UsageError
from molsearch.index.ann.joint import N_PRINTS, Joint, principal_axes, sampled
from molsearch.index.ann.lists import Centroids, faiss, trained_centroids, write_lists
from molsearch.index.ann.manifest import (
    PLAN,
    About,
    Lists,
    Named,
    Trained,
    folder_of,
    source_of,
)
from molsearch.index.ann.opened import read_array
from molsearch.index.files import check_whole, describe
from molsearch.index.models import read_model, write_model
from molsearch.index.reader import IndexReader
from molsearch.io.atomic import replacing
from molsearch.io.hashing import sha256_bytes
from molsearch.progress import OnProgress
from molsearch.words import counted

#: Rows that the axes of fingerprints are learned from.
AXES_ROWS = 32_768
#: Rows a list that the centroids are learned from.
ROWS_A_LIST = 40
#: Rows in a list, on average, below which more lists only cost.
LEAST_A_LIST = 64
_MOST_LISTS = 65_536
_ROWS_AT_ONCE = 16_384
_SEED = 20


@dataclass(frozen=True)
class Built:
    """Lists of every shard, not yet seen by searches.

    Attributes
    ----------
    n_kept
        Shards whose lists were there already.
    """

    trained: Trained
    shards: tuple[Lists, ...]
    n_kept: int


def usual_lists(n_rows: int) -> int:
    """Say how many lists rows are dealt out to: a power of two, near twice their square root.

    Examples
    --------
    >>> usual_lists(1_000_000), usual_lists(10_000_000), usual_lists(1_000)
    (2048, 4096, 8)
    """
    due = min(2 * n_rows**0.5, n_rows / LEAST_A_LIST, _MOST_LISTS)
    return int(2 ** np.floor(np.log2(max(due, 1))))


def build(
    reader: IndexReader,
    *,
    n_lists: int | None = None,
    bits: int = 1,
    overwrite: bool = False,
    on_progress: OnProgress | None = None,
) -> Built:
    """Write the lists of every shard that lacks them; an interrupted build is gone on with.

    Centroids of an earlier build stay while the index has between half and twice the rows that
    they were learned from, and with them the lists of shards that have not changed.

    Raises
    ------
    UsageError
        There are more lists than rows, or faiss is not installed.
    """
    faiss()
    if n_lists is not None and n_lists > reader.n_rows:
        raise UsageError(
            f"{counted(n_lists, 'list')} for {counted(reader.n_rows, 'row')}; give fewer --lists"
        )
    folder = folder_of(reader.path)
    folder.mkdir(exist_ok=True)
    known = None if overwrite else _known(reader, n_lists, bits)
    trained = known or _train(reader, folder, n_lists or usual_lists(reader.n_rows), bits)
    centroids = Centroids(read_array(folder, trained.centroids))
    joint = Joint(read_array(folder, trained.projection))
    shards: list[Lists] = []
    n_kept = done = 0
    for number, entry in enumerate(reader.manifest.shards):
        of = source_of(entry, trained)
        path = folder / f"lists-{of[:16]}.faiss"
        if path.exists() and not overwrite:
            n_kept += 1
        else:
            with replacing(path) as temporary:
                blocks = _blocks(reader, number, joint, done, on_progress)
                write_lists(temporary, centroids, bits, blocks)
        file = Named(name=path.name, entry=describe(path))
        shards.append(Lists(of=of, n_rows=entry.n_rows, file=file))
        done += entry.n_rows
        if on_progress is not None:
            on_progress(done, 0)
    return Built(trained, tuple(shards), n_kept)


def sweep(path: Path, about: About) -> None:
    """Remove what no finished lists need; whoever has it mapped keeps it."""
    needed = {one.name for one in about.files}
    for one in folder_of(path).iterdir():
        if one.suffix in (".faiss", ".npy") and one.name not in needed:
            one.unlink(missing_ok=True)


def _known(reader: IndexReader, n_lists: int | None, bits: int) -> Trained | None:
    """Find what an earlier build, finished or not, learned and this one can use."""
    folder = folder_of(reader.path)
    try:
        plan = read_model(folder / PLAN, Trained)
        for one in (plan.centroids, plan.projection):
            check_whole(folder / one.name, one.entry)
    except IndexCorruptError:
        return None
    fits = (
        (plan.encoder, plan.dim, plan.bits) == (reader.identity, reader.dim, bits)
        and n_lists in (None, plan.n_lists)
        and plan.n_rows <= 2 * reader.n_rows
        and reader.n_rows <= 2 * plan.n_rows
    )
    return plan if fits else None


def _train(reader: IndexReader, folder: Path, n_lists: int, bits: int) -> Trained:
    vectors, prints = sampled(reader, max(AXES_ROWS, ROWS_A_LIST * n_lists), _SEED)
    axes = principal_axes(prints[:: max(1, len(prints) // AXES_ROWS)], N_PRINTS)
    centroids = trained_centroids(Joint(axes).rows(vectors, prints), n_lists)
    trained = Trained(
        encoder=reader.identity,
        dim=reader.dim,
        n_prints=len(axes),
        n_lists=n_lists,
        bits=bits,
        n_rows=reader.n_rows,
        centroids=_kept(folder, "centroids", centroids),
        projection=_kept(folder, "axes", axes),
        faiss=faiss().__version__,
    )
    write_model(folder / PLAN, trained)
    return trained


def _kept(folder: Path, kind: str, array: NDArray[np.float32]) -> Named:
    """Write an array under a name of its content."""
    name = f"{kind}-{sha256_bytes(array.tobytes())[:16]}.npy"
    with replacing(folder / name) as temporary, temporary.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)
    return Named(name=name, entry=describe(folder / name))


def _blocks(
    reader: IndexReader, shard: int, joint: Joint, done: int, on_progress: OnProgress | None
) -> Iterator[NDArray[np.float32]]:
    """Yield the joint vectors of a shard, some at a time."""
    vectors, prints = reader.checked_embeddings(shard), reader.checked_fingerprints(shard)
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        block = vectors.rows(first, first + _ROWS_AT_ONCE)
        yield joint.rows(block, prints.rows(first, first + _ROWS_AT_ONCE))
        if on_progress is not None:
            on_progress(done + min(first + _ROWS_AT_ONCE, len(vectors)), 0)
