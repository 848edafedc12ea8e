"""The regularisation that gives a plan the wanted number of neighbours."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from molsearch.errors import UsageError
from molsearch.losses.plan_stats import mean_entropy
from molsearch.losses.transport import Kind, soft_labels

_LOWEST, _HIGHEST = 1e-4, 1e4


def regularisation_for(
    embeddings: Tensor,
    neighbours: float,
    *,
    kind: Kind = "smooth",
    tolerance: float = 0.01,
    max_steps: int = 40,
) -> float:
    r"""Find the product :math:`\lambda \tau_s` by bisection on its logarithm.

    Only the product matters, and a fixed one means different labels at another batch size:
    each added molecule that is not related takes its share of the mass. What a batch should
    keep is the effective number of neighbours, ``exp(mean row entropy)``, itself included,
    which grows with the product. A training run calls this on its first batches, and again
    whenever the batch size changes, and passes the result as `regularisation` with
    temperature one.

    On synthetic clusters of four related molecules a product of 5 gives about 12
    effective neighbours at batch 32 and 28 at 1,024, with 63 and 44 % of the mass on related
    ones; four neighbours ask for about 2.1 and 1.5. Where each cluster grows with the batch,
    they ask for about 1.9 and 0.5: there is no rule in B alone, hence the search
    (``benchmarks/transport_solvers.py --neighbours`` prints the table).

    Parameters
    ----------
    embeddings
        ``[n, d]`` or ``[batches, n, d]`` unit-length rows of batches as they are trained on;
        the entropy is the mean over batches.
    neighbours
        Wanted effective number, above 1 and below n. Choose it near the number of related
        molecules a batch holds.
    tolerance
        Relative, on the number of neighbours.

    Returns
    -------
    float
        The product. Duplicates share their mass at any regularisation: where they alone
        exceed `neighbours` the lowest value searched, 1e-4, comes back.

    Raises
    ------
    UsageError
        If `neighbours` is not between 1 and n.

    Examples
    --------
    >>> rows = torch.nn.functional.normalize(torch.randn(64, 16), dim=1)
    >>> product = regularisation_for(rows, 4.0)
    >>> plan = soft_labels(rows, regularisation=product).plan
    >>> abs(mean_entropy(plan).exp().item() - 4.0) < 0.1
    True
    """
    if not 1 < neighbours < embeddings.shape[-2]:
        raise UsageError(
            f"neighbours must lie between 1 and the batch size {embeddings.shape[-2]}, "
            f"got {neighbours}"
        )
    low, high = math.log(_LOWEST), math.log(_HIGHEST)
    middle = 0.0
    for _ in range(max_steps):
        plan = soft_labels(embeddings, regularisation=math.exp(middle), kind=kind).plan
        found = torch.exp(mean_entropy(plan).mean()).item()
        if abs(found - neighbours) <= tolerance * neighbours:
            break
        low, high = (middle, high) if found < neighbours else (low, middle)
        middle = (low + high) / 2
    return math.exp(middle)
