"""UMAP as a second way to lay out the map, where umap-learn is installed (extra ``umap``)."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from molsearch_app.components.space import Array

COLUMNS = ("umap_x", "umap_y")
INSTALL = "pip install 'molsearch[umap]'"
# Fewer points have no neighbourhoods to speak of, and its first layout needs more.
LEAST = 20
_SEED = 20


def installed() -> bool:
    """Say whether umap-learn is there, without the seconds that its import takes."""
    return find_spec("umap") is not None


def places(vectors: Array) -> Array:
    """Lay embeddings ``[n, dim]`` out on a plane, ``[n, 2]``; the same seed gives the same plane.

    Queries are laid out together with the library: what is transformed later would not fall on
    its own twin.
    """
    from umap import UMAP

    # A seed allows one worker only: said here, so that nothing warns of it.
    model = UMAP(n_neighbors=15, min_dist=0.1, metric="cosine", random_state=_SEED, n_jobs=1)
    return np.asarray(model.fit_transform(vectors.astype(np.float32)), dtype=np.float64)
