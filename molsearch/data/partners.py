"""Hard positives: of several ligands of a target, the one least like the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.data.store import GraphStore, spans

N_BITS = 2048


def fingerprints(store: GraphStore, rows: NDArray[Any], n_environments: int) -> NDArray[np.uint8]:
    """Fold the circular environments of molecules, which are those of ECFP4, to `N_BITS` bits.

    Made anew for the rows of a step: next to the step that takes no time, and a table of all
    molecules would take hundreds of megabytes.

    Returns
    -------
    uint8 ``[len(rows), N_BITS / 8]``, packed.
    """
    rows = np.asarray(rows, np.int64)
    bag = store.bag[spans(store.bag_start, rows)]
    owner = np.repeat(np.arange(len(rows)), store.bag_start[rows + 1] - store.bag_start[rows])
    circular = bag <= n_environments  # paths stand behind them
    bits = np.zeros((len(rows), N_BITS), np.bool_)
    bits[owner[circular], bag[circular] % N_BITS] = True
    return np.packbits(bits, axis=1)


@dataclass(frozen=True, slots=True)
class Partners:
    """Chooses the partner of a ligand among `n` candidates of its target.

    Attributes
    ----------
    store
        The molecules.
    n
        Candidates, drawn at random with repeats.
    n_environments
        Buckets of circular environments among the substructures of the store.
    """

    store: GraphStore
    n: int
    n_environments: int

    def choose(self, first: NDArray[Any], candidates: NDArray[Any]) -> NDArray[Any]:
        """Return of each row's candidates ``[B, n]`` the least similar to `first` ``[B]``.

        Similarity is Tanimoto's; of equal ones the earlier candidate is taken.
        """
        rows, place = np.unique(np.column_stack([first, candidates]), return_inverse=True)
        words = fingerprints(self.store, rows, self.n_environments).view(np.uint64)[
            place.reshape(len(first), -1)
        ]
        own, theirs = words[:, :1], words[:, 1:]
        common = np.bitwise_count(own & theirs).sum(2, dtype=np.int64)
        either = np.bitwise_count(own | theirs).sum(2, dtype=np.int64)
        similarity = common / np.maximum(either, 1)
        return candidates[np.arange(len(first)), similarity.argmin(1)]
