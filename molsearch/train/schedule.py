"""Learning rate over a run."""

from __future__ import annotations

import math

from molsearch.config_train import cooling_from


def rate(step: int, steps: int, warm_up: float, cool_down: float = 0.0) -> float:
    """Factor of the learning rate at `step` of `steps`: linear warm-up, then down to zero.

    Parameters
    ----------
    warm_up
        Share of the steps or, from 1 on, their number.
    cool_down
        Share of the steps at the end, over which a rate that was constant falls by one less the
        root of what has passed [1]_, so that a longer run begins as this one did; 0: a half cosine
        from the warm-up on.

    References
    ----------
    .. [1] Hägele et al. 2024, https://arxiv.org/abs/2405.18392

    Examples
    --------
    >>> [round(rate(step, 100, 0.1), 2) for step in (0, 9, 55, 99)]
    [0.1, 1.0, 0.5, 0.0]
    >>> [round(rate(step, 100, 10, 0.2), 2) for step in (0, 9, 55, 80, 85, 99)]
    [0.1, 1.0, 1.0, 1.0, 0.5, 0.03]
    """
    warm = max(round(steps * warm_up) if warm_up < 1 else int(warm_up), 1)
    if step < warm:
        return (step + 1) / warm
    if cool_down > 0:
        first = cooling_from(steps, cool_down)
        return 1 - math.sqrt(max(step - first, 0) / max(steps - first, 1))
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))
