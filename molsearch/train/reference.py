"""Compounds at large, by which an encoder tells how rare a molecule is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molsearch.data.store import take
from molsearch.nn.encoder import Encoder
from molsearch.train.material import N_LIGANDS, N_REFERENCE, Material

#: Dimensions by which rarity is told, where an encoder was trained to be of use by so many: half
#: of them take half of the time, and tell it as well (docs/encoder.md).
WIDTH = 128
_STREAM = 7  # keeps this draw apart from those of the background


def reference_vectors(encoder: Encoder, material: Material, seed: int) -> NDArray[np.float16]:
    """Embed ligands and twice as many screening compounds; ligands alone where no others are.

    Of either kind alone a reference would tell the kinds apart rather than the rare from the
    common: a library is of one kind, and known ligands are of the other.

    Returns
    -------
    float16 ``[n, width]``, see `shortened`; `N_REFERENCE` where there are so many.
    """
    n = N_LIGANDS if material.screening is not None else N_REFERENCE
    rows = np.random.default_rng([seed, _STREAM]).permutation(len(material.store))[:n]
    stores = [take(material.store, np.sort(rows)), material.screening]
    found = [encoder.encode_ensembles(store) for store in stores if store is not None]
    return shortened(np.concatenate(found), encoder.network.config.matryoshka)


def shortened(vectors: NDArray[np.floating], prefixes: Sequence[int]) -> NDArray[np.float16]:
    """Keep the first `WIDTH` dimensions of embeddings ``[n, dim]``, of unit length again.

    Parameters
    ----------
    prefixes
        So many dimensions are an embedding of their own; all are kept where `WIDTH` is not one of
        them.
    """
    width = WIDTH if WIDTH in prefixes else vectors.shape[1]
    some = vectors[:, :width].astype(np.float32)
    return (some / np.linalg.norm(some, axis=1, keepdims=True)).astype(np.float16)
