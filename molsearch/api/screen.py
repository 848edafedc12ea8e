"""`screen`: queries and a library in, hits out, in one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from molsearch.api.hits import Hits
from molsearch.api.index import Index
from molsearch.api.library import Library
from molsearch.api.progress import Told
from molsearch.api.tables import library_of
from molsearch.errors import UsageError
from molsearch.index.embedder import Embedder
from molsearch.io.folders import Kind, look


def screen(
    queries: Any,
    library: Any,
    k: int = 1000,
    *,
    encoder: Embedder | str | Path | None = None,
    workers: int | None = None,
    device: str = "auto",
    progress: Told = None,
    **options: Any,
) -> Hits:
    """Rank a library for queries.

    The index of a library that is given by files, a DataFrame or RDKit molecules is kept in the
    user's cache and found again by content: a second screen of it answers at once.

    Parameters
    ----------
    queries
        SMILES (optionally followed by a name), InChI, files, RDKit molecules or a DataFrame; one
        or several.
    library
        An `Index`, the folder of one, files, a DataFrame with a column of structures, RDKit
        molecules, or a `Library`.
    k
        Hits wanted.
    encoder
        An encoder, its folder, or None for the bundled one.
    workers
        Worker processes that prepare a library; as many as there are processors by default.
    progress
        True tells it, False does not, None shows a bar in notebooks.
    options
        As of `Index.search`: ``where``, ``unique``, ``inactives``, ``rank``, ``output``, ``batch``
        and so on.

    Returns
    -------
    Hits
        As of `Index.search`; ``hits.attrs["molsearch"]["library"]`` counts the records of the
        library: ``n_in``, ``n_ok``, ``n_failed``.

    Warns
    -----
    UserWarning
        As of `Index.search`; also where records of the library cannot be used.

    Raises
    ------
    InputError
        A query, or the library, cannot be used.
    UsageError
        An option is wrong.
    EncoderMismatchError
        An index was made by another encoder.

    Examples
    --------
    >>> import molsearch as ms
    >>> hits = ms.screen("CC(=O)Oc1ccccc1C(=O)O", "vendor.csv", k=100)   # doctest: +SKIP
    >>> hits.view()                                                      # doctest: +SKIP
    """
    if isinstance(library, Index):
        if encoder is not None:
            raise UsageError("an Index has its encoder already; leave encoder out")
        return library.search(queries, k, progress=progress, **options)
    if isinstance(library, str | Path) and look(library).kind is Kind.INDEX:
        opened = Index.open(library, encoder, device=device)
        return opened.search(queries, k, progress=progress, **options)
    if not isinstance(library, Library):
        library = Library.open(*library_of(library))
    index = Index.build(library, encoder, workers=workers, device=device, on_progress=progress)
    return index.search(queries, k, progress=progress, **options)
