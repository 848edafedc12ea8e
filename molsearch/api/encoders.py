"""Encoders, loaded or as a user names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from molsearch.index.embedder import Embedder

if TYPE_CHECKING:
    from molsearch.nn.encoder import Encoder


def load_encoder(
    path: str | Path | None = None, *, device: str = "auto", batch_size: int = 128
) -> Encoder:
    """Load an encoder: the bundled one, or the folder that ``molsearch train`` wrote.

    Raises
    ------
    InputError
        There is no encoder at `path`.
    EncoderMismatchError
        Its files do not belong together, or to this version.

    Examples
    --------
    >>> encoder = load_encoder()                # doctest: +SKIP
    >>> encoder.dim, encoder.card["licence"]    # doctest: +SKIP
    """
    from molsearch.nn.weights import load_encoder as load

    return load(path, device=device, batch_size=batch_size)


def embedder_of(encoder: Embedder | str | Path | None, device: str) -> Embedder:
    """Take an encoder as it is, or load the one that is named."""
    if encoder is None or isinstance(encoder, str | Path):
        return load_encoder(encoder, device=device)
    return encoder
