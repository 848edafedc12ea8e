"""What changes an index: add, drop, compact, merge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from molsearch.api.arguments import config_of, cpus
from molsearch.api.encoders import embedder_of
from molsearch.api.progress import Told, telling
from molsearch.api.tables import library_of
from molsearch.config import ReadConfig
from molsearch.errors import UsageError
from molsearch.index.embedder import Embedder
from molsearch.index.reader import IndexReader, open_index
from molsearch.service.events import Emit, silent
from molsearch.service.growing import grow
from molsearch.service.requests import (
    AddRequest,
    AnnRequest,
    CompactRequest,
    DropRequest,
    MergeRequest,
    validated,
)
from molsearch.service.requests import Growing as Asked
from molsearch.service.session import Session


class Growing:
    """The part of `molsearch.Index` that changes what is on the disk."""

    def __init__(
        self, reader: IndexReader, encoder: Embedder | str | Path | None, device: str
    ) -> None:
        self.reader = reader
        self._given = encoder
        self._device = device
        self._encoder: Embedder | None = None

    @property
    def path(self) -> Path:
        """Folder of the index."""
        return self.reader.path

    @property
    def encoder(self) -> Embedder:
        """The encoder queries are embedded with.

        Raises
        ------
        EncoderMismatchError
            The index was made by another one.
        """
        if self._encoder is None:
            found = embedder_of(self._given, self._device)
            open_index(self.path, identity=found.identity)
            self._encoder = found
        return self._encoder

    def add(
        self,
        library: Any,
        *,
        skip_duplicates: bool = False,
        again: bool = False,
        overwrite: bool = False,
        limit: int | None = None,
        workers: int | None = None,
        on_progress: Told = None,
        **reading: Any,
    ) -> dict[str, Any]:
        """Add files of molecules; the same call continues an interrupted one.

        They are prepared as the library was, and follow it. Other readers see the index as it was
        until they open it again.

        Parameters
        ----------
        skip_duplicates
            Leave out molecules whose parent the index has already; each becomes a failure.
        again
            Add also what was added before, which is otherwise left.
        overwrite
            Discard another change that was never finished.
        reading
            Fields of `molsearch.config.ReadConfig`, such as ``smiles_column``.

        Returns
        -------
        dict
            Among others ``n_added``, ``n_failed_now``, ``n_known_parents``, ``n_known_ids``.

        Raises
        ------
        UsageError, InputError
            The index is being written, or a file cannot be read.
        """
        read = config_of(ReadConfig, reading)
        request = {
            "library": library_of(library, read),
            "index": str(self.path),
            "read": read,
            "skip_duplicates": skip_duplicates,
            "again": again,
            "overwrite": overwrite,
            "limit": limit,
            "workers": cpus(workers),
        }
        return self._grow(
            validated(AddRequest, request), telling(on_progress, "embedding"), self.encoder
        )

    def drop(self, ids: Iterable[str], *, overwrite: bool = False) -> dict[str, Any]:
        """Drop every molecule that has one of `ids`.

        Returns
        -------
        dict
            Among others ``n_dropped_now`` and ``unknown_ids``, those that no molecule has.

        Raises
        ------
        UsageError
            None is given, no molecule has any of them, or nothing would be left.
        """
        if not isinstance(ids, Iterable):
            raise UsageError(f"ids are one molecule_id or several, not {ids!r:.60}")
        ids = (ids,) if isinstance(ids, str) else tuple(ids)
        if not ids:
            raise UsageError("no ids are given: name the molecules to drop by their molecule_id")
        request = {"index": str(self.path), "ids": ids, "overwrite": overwrite}
        return self._grow(validated(DropRequest, request), silent)

    def compact(self, *, overwrite: bool = False) -> dict[str, Any]:
        """Make full shards after many additions; contents and order stay."""
        request = {"index": str(self.path), "overwrite": overwrite}
        return self._grow(validated(CompactRequest, request), silent)

    def approximate(
        self,
        *,
        lists: int | None = None,
        bits: int = 1,
        overwrite: bool = False,
        on_progress: Told = None,
    ) -> dict[str, Any]:
        """Make the index ready for approximate search, and measure what that finds.

        From then on ``search(..., recall=0.99)`` looks at a part of the library; searches without
        ``recall`` stay exact. Repeat it after a change of the index.

        Parameters
        ----------
        lists
            Inverted lists; by default about twice the square root of the molecules.
        bits
            A dimension, of the copies in the lists.
        overwrite
            Learn and write everything anew.

        Returns
        -------
        dict
            Among others ``measured``: recall by ranking, number of queries, hits and probes.

        Raises
        ------
        UsageError
            faiss is not installed (``pip install 'molsearch[ann]'``), or the index is being
            written.
        """
        request = {
            "index": str(self.path),
            "lists": lists,
            "bits": bits,
            "overwrite": overwrite,
        }
        emit = telling(on_progress, "lists")
        return self._grow(validated(AnnRequest, request), emit, self.encoder)

    @classmethod
    def merge(
        cls,
        indexes: Sequence[Growing | str | Path],
        out: str | Path,
        encoder: Embedder | str | Path | None = None,
        *,
        overwrite: bool = False,
        device: str = "auto",
    ) -> Self:
        """Merge indexes into the folder `out`: of several libraries, or all parts of one.

        Raises
        ------
        UsageError, EncoderMismatchError
            They do not belong together.
        """
        paths = [str(one.path if isinstance(one, Growing) else one) for one in indexes]
        request = {"indexes": paths, "output": str(out), "overwrite": overwrite}
        grown = grow(validated(MergeRequest, request), Session())
        return cls(grown.reader, encoder, device)

    def _grow(self, request: Asked, emit: Emit, encoder: Embedder | None = None) -> dict[str, Any]:
        grown = grow(request, Session(), emit, encoder=encoder)
        self.reader = grown.reader
        return grown.account
