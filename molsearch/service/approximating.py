"""``index ann``: inverted lists beside an index, and the measure of what they find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from molsearch.errors import EncoderMismatchError, InputError
from molsearch.index.ann.build import Built, build, sweep
from molsearch.index.ann.manifest import About, best_recalls, folder_of, write_about
from molsearch.index.ann.opened import open_lists
from molsearch.index.change import changing
from molsearch.index.embedder import Embedder
from molsearch.index.rarity import reference_of
from molsearch.index.reader import IndexReader
from molsearch.index.size import size_of
from molsearch.search.ann.measure import RANKINGS, Ligands, measure, words
from molsearch.service.events import Emit, Note, stage
from molsearch.service.requests import AnnRequest
from molsearch.service.session import Session
from molsearch.words import counted

#: Rows below which an exact search takes some ten milliseconds a query.
WORTH_IT = 1_000_000


def approximate(
    request: AnnRequest, session: Session, emit: Emit, encoder: Embedder | None = None
) -> dict[str, Any]:
    """Make the lists of an index and measure them; repeats only what a change of it asks for.

    Raises
    ------
    UsageError
        Another process writes the index, faiss is not installed, or there are too many lists.
    IndexCorruptError
        The index is damaged.
    """
    path = Path(request.index)
    with changing(path) as reader:
        if reader.n_rows < WORTH_IT:
            emit(Note(text=_small(reader)))
        with stage(emit, "lists", reader.n_rows) as progress:
            built = build(
                reader,
                n_lists=request.lists,
                bits=request.bits,
                overwrite=request.overwrite,
                on_progress=progress,
            )
        found = _encoder(request, session, reader, encoder, emit)
        others, reference = (None, None) if found is None else (_others(found), reference_of(found))
        lists = open_lists(reader, built.trained, [one.file for one in built.shards])
        with stage(emit, "recall", len(RANKINGS)) as progress:
            measured = measure(reader, lists, others, progress, reference)
        about = About(
            generation=reader.manifest.generation,
            trained=built.trained,
            shards=built.shards,
            queries=words(others),
            measured=measured,
        )
        write_about(path, about)
        sweep(path, about)
    for ranking, line in best_recalls(measured).items():
        emit(Note(text=f"recall of {ranking}: up to {line}"))
    return _account(built, about, path)


def _encoder(
    request: AnnRequest,
    session: Session,
    reader: IndexReader,
    encoder: Embedder | None,
    emit: Emit,
) -> Embedder | None:
    """Find the encoder that made the index; None where another is at hand, which is told."""
    try:
        found = encoder or session.encoder(request.encoder)
    except (InputError, EncoderMismatchError):
        found = None
    if found is not None and found.identity == reader.identity:
        return found
    text = (
        f"{reader.path} was made by another encoder than the one at hand, so recall is "
        "measured with rows of the library alone, and not of rankings that rarity enters; name "
        "it with --encoder"
    )
    emit(Note(text=text))
    return None


def _others(encoder: Embedder) -> Ligands | None:
    """Molecules that are not of the library, where the encoder brings some."""
    if encoder.background is None or encoder.background_ecfp4 is None:
        return None
    return Ligands(encoder.background.astype(np.float32), np.asarray(encoder.background_ecfp4))


def _small(reader: IndexReader) -> str:
    return (
        f"{counted(reader.n_rows, 'molecule')} are searched exactly in less than a tenth of a "
        "second a query; approximate search pays from some ten million on"
    )


def _account(built: Built, about: About, path: Path) -> dict[str, Any]:
    return {
        "n_lists": built.trained.n_lists,
        "n_shards_kept": built.n_kept,
        "ann_bytes": size_of(folder_of(path)),
        "queries": about.queries,
        "measured": [one.model_dump(mode="json") for one in about.measured],
        "changed": False,
    }
