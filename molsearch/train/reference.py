"""Compounds at large, by which an encoder tells how rare a molecule is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molsearch.data.store import take
from molsearch.nn.encoder import Encoder
from molsearch.train.material import N_OF_EACH, Material

_STREAM = 7  # keeps this draw apart from those of the background


def reference_vectors(encoder: Encoder, material: Material, seed: int) -> NDArray[np.float16]:
    """Embed ligands and screening compounds, as many of each; ligands alone where no others are.

    Of either kind alone a reference would tell the kinds apart rather than the rare from the
    common: a library is of one kind, and known ligands are of the other.

    Returns
    -------
    float16 ``[n, dim]``, `N_OF_EACH` of each kind where there are so many.
    """
    n = N_OF_EACH if material.screening is not None else 2 * N_OF_EACH
    rows = np.random.default_rng([seed, _STREAM]).permutation(len(material.store))[:n]
    stores = [take(material.store, np.sort(rows)), material.screening]
    found = [encoder.encode_ensembles(store) for store in stores if store is not None]
    return np.concatenate(found).astype(np.float16)
