"""Whether a library gets conformers: where the user does not say, the encoder does."""

from __future__ import annotations

from collections.abc import Mapping

from molsearch.config import PrepareConfig
from molsearch.index.embedder import Embedder
from molsearch.service.events import Emit, Note

GEOMETRY = "geometry"  # of a card: what conformers gain on screens the encoder was chosen on


def settled(prepare: PrepareConfig, embedder: Embedder, emit: Emit) -> PrepareConfig:
    """Decide about the conformers of a library that is to be prepared.

    A number that was given stands. Else conformers, which take most of the time, are left out
    where the encoder does not look at them, or where its card states that they gain nothing: the
    paired interval of ``card["geometry"]`` does not lie above 0. A card without this field keeps
    the default. One line says what was decided.

    Parameters
    ----------
    prepare
        As requested; a field that nobody set has its default and is not in `model_fields_set`.
    """
    if "n_conformers" in prepare.model_fields_set or prepare.use_input_3d:
        return prepare
    reason = _why_none(embedder)
    if not reason:
        return prepare
    emit(Note(text=f"no conformers: {reason}; --conformers 1 makes them"))
    return prepare.model_copy(update={"n_conformers": 0})


def _why_none(embedder: Embedder) -> str:
    """Say why conformers are of no use to an encoder; empty where they are, or may be."""
    if not getattr(embedder, "sees_geometry", True):
        return "this encoder looks at the structure alone"
    stated = embedder.card.get(GEOMETRY)
    if not isinstance(stated, Mapping):
        return ""
    try:
        gain, low, high = float(stated["gain"]), *map(float, stated["interval"])
    except (KeyError, TypeError, ValueError):
        return ""
    if not low <= 0:
        return ""
    return (
        "by its card they gain this encoder nothing on its development screens "
        f"({gain:+.3f} [{low:+.3f}, {high:+.3f}])"
    )
