"""Products and fingerprint similarities of blocks on any device, with the bounds of the CPU's."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.scoring.plan import ScanPlan
from molsearch.search.engine.backend import Approximate
from molsearch.search.engine.resident import Block

# As of `molsearch.index.vectors.int8_queries`: for the rounding of lengths and of a few operations.
_SLACK = 1 + 2.0**-16
_ROUNDING = 2.0**-20


class TensorQueries:
    """A plan's matrix and the fingerprints that rank, on one device.

    Parameters
    ----------
    plan
        What is scanned for.
    device
        Where blocks lie.
    """

    def __init__(self, plan: ScanPlan, device: torch.device) -> None:
        self._plan = plan
        self._matrix = plan.matrix.to(device)
        lengths = np.linalg.norm(plan.matrix.cpu().numpy().astype(np.float64), axis=0)
        self._longest = np.float32(float(lengths.max()) * _SLACK)
        self._prints: torch.Tensor | None = None
        if plan.needs_fingerprints:
            assert plan.blend is not None
            assert plan.blend.likeness is not None
            packed = np.ascontiguousarray(plan.blend.likeness.packed)
            self._prints = torch.from_numpy(packed.view(np.int32).copy()).to(device)

    def score(
        self, block: Block, rarity: torch.Tensor | None = None
    ) -> tuple[Approximate, torch.Tensor]:
        """Reduced products of a block, and the scores ``[n, lists]`` that they become.

        Parameters
        ----------
        rarity
            float32 ``[n, 1]`` on the device, where it counts.
        """
        products = block.vectors.to(torch.float32) @ self._matrix
        error: NDArray[np.float32] | None = None
        if block.scale is not None:
            assert block.distance is not None
            # |v·x - v·x'| is at most |v| |x - x'|, however a product is rounded after that.
            products *= block.scale[:, None]
            error = block.distance * self._longest + np.float32(_ROUNDING) * self._longest
        cosines = self._plan.reduce(products)
        largest = 0.0 if error is None else float(error.max(initial=0.0))
        similar = None
        if self._prints is not None:
            assert block.prints is not None
            similar = tanimoto(block.prints, self._prints)
        return Approximate(cosines, largest, error), self._plan.finish(cosines, similar, rarity)


def tanimoto(rows: torch.Tensor, queries: torch.Tensor) -> torch.Tensor:
    """Tanimoto similarity float32 ``[n, m]`` of bits int32 ``[n, words]`` and ``[m, words]``.

    Counts are whole numbers; one division rounds. Two empty fingerprints are unlike, as in
    `molsearch.chem.likeness`.
    """
    own = bit_count(rows)
    found = torch.empty((len(rows), len(queries)), dtype=torch.float32, device=rows.device)
    for number, query in enumerate(queries):
        both = bit_count(rows & query)
        either = own + bit_count(query[None]) - both
        found[:, number] = both.to(torch.float32) / either.clamp(min=1).to(torch.float32)
    return found


def bit_count(words: torch.Tensor) -> torch.Tensor:
    """Bits that are set in each row of int32 ``[n, words]``: int32 ``[n]``."""
    # Pairs, then fours, then bytes; the mask takes away what a shift of a negative brings in.
    pairs = words - ((words >> 1) & 0x55555555)
    fours = (pairs & 0x33333333) + ((pairs >> 2) & 0x33333333)
    eights = (fours + (fours >> 4)) & 0x0F0F0F0F
    return eights.view(torch.uint8).reshape(len(words), -1).sum(dim=1, dtype=torch.int32)
