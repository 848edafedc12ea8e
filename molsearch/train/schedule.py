"""Learning rate over a run."""

from __future__ import annotations

import math


def rate(step: int, steps: int, warm_up: float) -> float:
    """Factor of the learning rate at `step` of `steps`: linear warm-up, then a half cosine.

    Examples
    --------
    >>> [round(rate(step, 100, 0.1), 2) for step in (0, 9, 55, 99)]
    [0.1, 1.0, 0.5, 0.0]
    """
    warm = max(round(steps * warm_up), 1)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))
