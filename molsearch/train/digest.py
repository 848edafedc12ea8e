"""What a run learns from, as one digest: whoever goes on with it must have the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import scipy.sparse as sparse

from molsearch.nn.encoder import Encoder
from molsearch.train.material import Material


def digest_of(material: Material, encoders: Iterable[Encoder]) -> str:
    """Digest molecules, targets and pairs in their order, and the encoders that are built on.

    Parameters
    ----------
    encoders
        Teachers, and the one that a run starts from.
    """
    activities = material.activities
    digest = hashlib.sha256()
    for texts in (activities.smiles, [str(target) for target in activities.targets]):
        digest.update("\n".join([str(len(texts)), *texts]).encode())
    _add(digest, activities.acts_on)
    if material.inactives is not None:
        _add(digest, material.inactives.pairs.inactive_on)
    if material.unlabelled is not None:
        digest.update(material.unlabelled.sizes.astype(np.int64).tobytes())
    for encoder in encoders:
        digest.update(encoder.identity.encode())
    return digest.hexdigest()


def _add(digest: hashlib._Hash, pairs: sparse.csr_matrix) -> None:
    rows = pairs.sorted_indices()
    for numbers in (rows.indptr, rows.indices):
        digest.update(numbers.astype(np.int64).tobytes())
