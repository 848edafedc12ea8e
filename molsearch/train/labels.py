"""Soft labels of a step: the transport plan of f's similarities, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.losses.gather import gather_rows
from molsearch.losses.neighbours import regularisation_for
from molsearch.losses.plan_stats import plan_statistics
from molsearch.losses.transport import soft_labels
from molsearch.train.learner import Learner, embed
from molsearch.train.state import TrainState
from molsearch.train.views import CLEAN, view_of


@dataclass(frozen=True, slots=True)
class Labels:
    """Soft labels of all processes' molecules.

    Attributes
    ----------
    plan
        float32 ``[N, N]``, without gradient.
    report
        Regularisation, entropy, neighbours, diagonal mass, non-zeros, unconverged.
    """

    plan: Tensor
    report: dict[str, float]


@torch.no_grad()
def labels_of(f: Learner, molecules: GraphStore, state: TrainState, config: TrainConfig) -> Labels:
    """Embed this process's molecules by f, without dropout, and solve for the plan of all.

    The published code runs f in training mode here, on the view that g sees; its labels then
    carry the noise of dropout, and nothing makes the two encoders agree across views.
    """
    embeddings = embed(
        f.network.eval(),
        molecules,
        np.arange(len(molecules)),
        micro_batch=4 * config.micro_batch,
        view=view_of(config) if config.soft.corrupt_labels else CLEAN,
        weights=f.average if config.soft.teacher == "average" else None,
    )
    everyone = gather_rows(embeddings)
    product = _regularisation(everyone, state, config)
    found = soft_labels(everyone, regularisation=product, kind=config.soft.kind)
    statistics = plan_statistics(found.plan)
    return Labels(
        found.plan,
        {
            "regularisation": product,
            "entropy": statistics.entropy,
            "neighbours": statistics.neighbours,
            "diagonal_mass": statistics.diagonal_mass,
            "non_zeros": statistics.non_zeros,
            "unconverged": float((~found.converged).sum()),
        },
    )


def _regularisation(embeddings: Tensor, state: TrainState, config: TrainConfig) -> float:
    """Return the product of lambda and tau_s: fixed, or searched for again as f changes."""
    soft = config.soft
    if soft.regularisation is not None:
        return soft.regularisation
    due = soft.calibrate_every > 0 and state.step % soft.calibrate_every == 0
    if state.regularisation is None or due:
        wanted = min(soft.neighbours, 0.9 * len(embeddings))
        state.regularisation = regularisation_for(embeddings, wanted, kind=soft.kind)
    return state.regularisation
