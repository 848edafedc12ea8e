"""ECFP4 similarity as a step's losses and labels take it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from molsearch.chem.fingerprints import tanimoto_matrix


def weighed_likeness(
    first: NDArray[np.uint8], second: NDArray[np.uint8], weight: float, device: torch.device
) -> Tensor:
    """Weigh the Tanimoto similarities of packed fingerprints, float32 ``[n, m]``."""
    found = weight * tanimoto_matrix(first, second)
    return torch.from_numpy(found.astype(np.float32)).to(device)
