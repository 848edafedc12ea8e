"""A request's cluster: joined, looked at, and left again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from molsearch.errors import EncoderMismatchError, UsageError
from molsearch.index.embedder import Embedder
from molsearch.index.far import Embedded, embedded
from molsearch.service.events import Emit, Note
from molsearch.work.backend import Backend
from molsearch.work.far import Far
from molsearch.work.place import Place

_STAGING = ".molsearch-staging"


@contextmanager
def far(address: str | None, staging: str | None, output: Path, emit: Emit) -> Iterator[Far | None]:
    """Join the cluster that a request names, if any.

    Parameters
    ----------
    staging
        Where workers put what they make; the folder of the output where None.

    Raises
    ------
    UsageError, MolSearchError
        There is no such cluster, or its nodes cannot do the work as this machine does.
    """
    if address is None:
        if staging is not None:
            raise UsageError("--staging is for --cluster: leave it out, or name the cluster")
        yield None
        return
    from molsearch.work.connect import check_address, cluster

    check_address(address)
    base = Place.of(output.absolute().parent if staging is None else staging)
    tell = partial(_tell, emit)
    with base.within(_STAGING) as place, cluster(address, place, tell) as backend:
        emit(Note(text=f"cluster: {backend.slots:,} processors"))
        yield Far(backend, place)


@contextmanager
def workers(address: str | None, emit: Emit) -> Iterator[Backend | None]:
    """Join the cluster that a request names, if any, for work that leaves no files.

    Raises
    ------
    UsageError, MolSearchError
        As of `far`.
    """
    if address is None:
        yield None
        return
    from molsearch.work.connect import cluster

    with cluster(address, None, partial(_tell, emit)) as backend:
        emit(Note(text=f"cluster: {backend.slots:,} processors"))
        yield backend


def refuse_device(address: str | None, device: str) -> None:
    """Refuse a device for work on a cluster, whose tasks are given processors.

    Raises
    ------
    UsageError
        One is named.
    """
    if address is not None and device not in ("auto", "cpu"):
        raise UsageError(
            f"--cluster works on processors, not on {device}: leave --device out, or --cluster"
        )


def _tell(emit: Emit, text: str) -> None:
    emit(Note(text=text, important=True))


def embedding(
    far: Far | None, encoder: Embedder, path: str | None, batch_size: int
) -> Embedded | None:
    """Embed on the cluster with the encoder that is at `path` on every node; None without one."""
    if far is None:
        return None
    loading = partial(_encoder, path, batch_size, encoder.identity)
    return partial(embedded, backend=far.backend, encoder=loading)


@cache
def _encoder(path: str | None, batch_size: int, identity: str) -> Embedder:
    """Load an encoder in a worker, once."""
    import socket

    import torch

    from molsearch.nn.weights import load_encoder

    torch.set_num_threads(1)
    found = load_encoder(path, device="cpu", batch_size=batch_size)
    if found.identity != identity:
        raise EncoderMismatchError(
            f"{socket.gethostname()} of the cluster has another encoder at {path or 'its own'}: "
            "put the same one there, or on a disk that all nodes share"
        )
    return found
