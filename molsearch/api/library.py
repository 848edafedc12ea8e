"""`Library`: molecules to be searched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from molsearch.api.arguments import config_of, cpus
from molsearch.api.tables import library_of
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepared import PreparedSet
from molsearch.errors import UsageError
from molsearch.io.folders import Kind, look
from molsearch.progress import OnProgress
from molsearch.service.library import ensure_prepared
from molsearch.words import counted


class Library:
    """Molecules to be searched: files that are not read yet, or a prepared set.

    Examples
    --------
    >>> library = Library.open("a.sdf", "b.csv.gz", id_column="catalogue")  # doctest: +SKIP
    >>> prepared = library.prepare("vendor.prepared", n_conformers=5)       # doctest: +SKIP
    >>> len(prepared), prepared.failures()                                  # doctest: +SKIP
    """

    def __init__(
        self, sources: Sequence[str], read: ReadConfig, prepared: PreparedSet | None
    ) -> None:
        self.sources = tuple(sources)
        self.read = read
        self.prepared = prepared

    @classmethod
    def open(cls, *paths: Any, **reading: Any) -> Library:
        """Name a library: files, folders or patterns, or one prepared set. Reads nothing yet.

        A DataFrame with a column of structures, or a list of RDKit molecules, is one too.

        Parameters
        ----------
        reading
            Fields of `molsearch.config.ReadConfig`, such as ``smiles_column``.

        Raises
        ------
        InputError, IndexCorruptError
            A prepared set is unfinished or damaged.
        UsageError
            No path, a prepared set among others, or an unknown reading option.
        """
        read = config_of(ReadConfig, reading)
        names = [name for path in paths for name in library_of(path, read)]
        if not names:
            raise UsageError("name the library's files, or a prepared set")
        if not any(look(name).kind is Kind.PREPARED for name in names):
            return cls(names, read, None)
        if len(names) > 1 or reading:
            raise UsageError("a prepared set is opened by itself, without reading options")
        return cls(names, ReadConfig(), PreparedSet.open(names[0]))

    def __len__(self) -> int:
        if self.prepared is None:
            raise TypeError("the length of a library is known when it is prepared")
        return self.prepared.n_ok

    def __repr__(self) -> str:
        state = "not prepared" if self.prepared is None else counted(self.prepared.n_ok, "molecule")
        return f"<Library {', '.join(self.sources)}: {state}>"

    def prepare(
        self,
        out: str | Path,
        *,
        workers: int | None = None,
        overwrite: bool = False,
        on_progress: OnProgress | None = None,
        **preparing: Any,
    ) -> Library:
        """Prepare the library into the folder `out`; the same call continues an interrupted one.

        Parameters
        ----------
        workers
            Worker processes; as many as there are processors by default.
        preparing
            Fields of `molsearch.config.PrepareConfig`, such as ``n_conformers``.

        Raises
        ------
        InputError
            A file cannot be read, or no record could be prepared.
        UsageError
            `out` holds something else.
        """
        if self.prepared is not None:
            return self
        prepared = ensure_prepared(
            self.sources,
            Path(out),
            self.read,
            config_of(PrepareConfig, preparing),
            workers=cpus(workers),
            replace=overwrite,
            on_progress=on_progress,
        )
        return Library([str(out)], self.read, prepared)

    def failures(self) -> pd.DataFrame:
        """List the records that could not be prepared, with stage and reason."""
        if self.prepared is None:
            raise UsageError("failures are known when the library is prepared: call prepare first")
        return self.prepared.failures()
