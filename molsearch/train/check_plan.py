"""The run's transport plans against POT's, before hours are spent on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ot
import torch
from torch import Tensor

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.losses.neighbour_plan import neighbour_plan
from molsearch.losses.plan import TransportPlan, transport_cost
from molsearch.losses.transport import soft_labels
from molsearch.nn.committee import network_of
from molsearch.nn.encoder import Encoder
from molsearch.train.grow import model_of
from molsearch.train.taught import EPSILON, load_teachers
from molsearch.words import counted

METHODS = ("taught", "semi_supervised")  # those whose labels are transport plans
N_MOLECULES = 64  # POT's solvers take seconds from a few hundred on
TOLERANCE = 1e-3  # of a mass; rows sum to one
_FAR = 60.0  # e^-60 of the mass goes where nothing may
_PRODUCT = 5.0  # of the temperature and the regularisation, unless the run fixes one

Plan = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """How far a plan is from POT's.

    Attributes
    ----------
    n
        Molecules.
    difference
        Largest difference of an entry.
    """

    n: int
    difference: float


def check_run(
    config: TrainConfig, store: GraphStore, parent: Encoder | None, device: torch.device
) -> str:
    """Check the plan of some of a run's molecules, and say what was found.

    Similarities are those of the teachers, else of the encoder that the run starts from.
    """
    if config.method not in METHODS:
        return f"--check: method {config.method} solves no transport plan"
    model = model_of(config, parent)
    if config.method == "taught":
        encoder = load_teachers(config, model, device)[0]
    else:
        encoder = parent or Encoder(network_of(model).eval(), identity="", card={})
    rows = np.arange(min(N_MOLECULES, len(store)))
    found = check_plan(config, torch.from_numpy(encoder.encode_rows(store, rows)))
    return (
        f"--check: the transport plan of {counted(found.n, 'molecule')} is POT's to "
        f"{found.difference:.0e} "
        "of a molecule's mass"
    )


def check_plan(config: TrainConfig, embeddings: Tensor) -> PlanCheck:
    """Solve one plan by the run's own solver and by POT [1]_.

    Parameters
    ----------
    embeddings
        ``[n, d]``, unit length, of the molecules between which mass is moved.

    References
    ----------
    .. [1] Flamary et al. 2021, https://jmlr.org/papers/v22/20-451.html

    Raises
    ------
    UsageError
        The solver does not converge, or the two plans differ.
    """
    if config.method == "taught":
        found, theirs = _neighbours(config, embeddings)
    else:
        found, theirs = _smooth(config, embeddings)
    if not bool(found.converged):
        raise UsageError("--check: the transport plan does not converge; raise soft.regularisation")
    difference = float(np.abs(found.plan.double().numpy() - theirs).max())
    if not difference <= TOLERANCE:
        raise UsageError(
            f"--check: the transport plan differs from POT's by {difference:.2g} of a molecule's "
            "mass; raise soft.regularisation, or train without --check"
        )
    return PlanCheck(len(theirs), difference)


def _neighbours(config: TrainConfig, embeddings: Tensor) -> tuple[TransportPlan, Plan]:
    epsilon = config.soft.regularisation or EPSILON
    similarity = (embeddings @ embeddings.T).double()
    cost = -similarity.numpy()
    np.fill_diagonal(cost, cost.max() + _FAR * epsilon)
    ones = np.ones(len(cost))
    theirs = ot.sinkhorn(
        ones, ones, cost, epsilon, method="sinkhorn_log", numItermax=20_000, stopThr=1e-9
    )
    return neighbour_plan(similarity, epsilon), theirs


def _smooth(config: TrainConfig, embeddings: Tensor) -> tuple[TransportPlan, Plan]:
    product = config.soft.regularisation or _PRODUCT
    found = soft_labels(
        embeddings, regularisation=product, kind=config.soft.kind, dtype=torch.float64
    )
    cost = transport_cost(embeddings).numpy()
    ones = np.ones(len(cost))
    if config.soft.kind == "entropic":
        theirs = ot.sinkhorn(ones, ones, cost, product, numItermax=20_000, stopThr=1e-10)
    else:
        theirs = ot.smooth.smooth_ot_dual(
            ones, ones, cost, reg=product, reg_type="l2", stopThr=1e-13, numItermax=20_000
        )
    return found, theirs
