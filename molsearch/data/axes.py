"""Axes that eigenvectors give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def directed(axes: NDArray[np.floating]) -> NDArray[np.floating]:
    """Turn each axis, a row of ``[n, dim]``, so that its largest component is positive.

    An axis and its opposite are alike: so equal data give equal axes, whatever library found them.
    """
    largest = np.abs(axes).argmax(axis=1)
    return axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]
