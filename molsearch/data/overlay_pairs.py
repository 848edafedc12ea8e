"""Pairs of a table of overlays among a run's molecules, drawn anchor by anchor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch.data.overlays import FIRST, OVERLAY, SECOND
from molsearch.data.training_tables import read_table
from molsearch.errors import InputError
from molsearch.words import counted

_STREAM = 7  # apart from the draws of everything else


@dataclass(frozen=True, slots=True)
class OverlayPairs:
    """Pairs of which the overlay is known, those of one anchor together.

    Attributes
    ----------
    first, second
        int64 ``[P]``: rows of the run's molecules.
    overlay
        float32 ``[P]``: mean of shape and colour Tanimoto of the best overlay.
    left_out
        Pairs of the table of which a molecule is not among the run's.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    overlay: NDArray[np.float32]
    left_out: int

    @property
    def mean(self) -> float:
        """Mean of the overlays."""
        return float(self.overlay.mean())

    @property
    def spread(self) -> float:
        """Standard deviation of the overlays."""
        return float(self.overlay.std())

    def words(self) -> str:
        """One line: how many pairs, and how many of the table are not used."""
        text = f"{counted(len(self.overlay), 'overlay')} of pairs"
        return f"{text}; left out: {self.left_out:,} of other molecules" if self.left_out else text

    def shuffled(self, seed: int) -> OverlayPairs:
        """Give each pair the overlay of another, as a control."""
        order = np.random.default_rng([seed, _STREAM]).permutation(len(self.overlay))
        return OverlayPairs(self.first, self.second, self.overlay[order], self.left_out)

    def draw(self, step: int, anchors: int, seed: int) -> NDArray[np.int64]:
        """Return the pairs of some anchors, all of each; by seed and step alone."""
        start = np.flatnonzero(np.diff(self.first, prepend=-1))
        random = np.random.default_rng([seed, _STREAM, step])
        chosen = random.choice(len(start), min(anchors, len(start)), replace=False)
        end = np.append(start[1:], len(self.first))
        return np.concatenate([np.arange(start[a], end[a]) for a in chosen]).astype(np.int64)


def read_overlays(path: Path, smiles: list[str]) -> OverlayPairs:
    """Read a table of overlays, as ``molsearch data overlays`` makes it.

    Parameters
    ----------
    smiles
        The run's molecules; pairs of others are left out, so that what is held out stays so.

    Raises
    ------
    InputError
        The table is absent, lacks a column, or has no pair of the run's molecules that differ in
        their overlay.
    """
    table = read_table(path, "table of overlays", (FIRST, SECOND), numbers=(OVERLAY,))
    index = pd.Index(smiles, dtype=object)
    rows = [index.get_indexer(pd.Index(table[name].astype(object))) for name in (FIRST, SECOND)]
    values = pd.to_numeric(table[OVERLAY], errors="coerce").to_numpy(np.float32)
    kept = (rows[0] >= 0) & (rows[1] >= 0) & np.isfinite(values)
    order = np.flatnonzero(kept)
    order = order[np.argsort(rows[0][order], kind="stable")]
    found = OverlayPairs(
        rows[0][order].astype(np.int64),
        rows[1][order].astype(np.int64),
        values[order],
        int((~kept).sum()),
    )
    if len(order) < 2 or found.spread == 0:
        raise InputError(
            f"{path}: no overlays of molecules that are trained on; make the table from the same "
            "activities by molsearch data overlays"
        )
    return found
