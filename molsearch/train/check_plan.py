"""The run's transport plans against POT's, before hours are spent on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import ot
import torch
from torch import Tensor, nn

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.losses.neighbour_plan import neighbour_plan
from molsearch.losses.partial_plan import nearest_plan
from molsearch.losses.plan import TransportPlan, transport_cost
from molsearch.losses.transport import soft_labels
from molsearch.nn.committee import network_of
from molsearch.nn.encoder import Encoder
from molsearch.train.grow import model_of
from molsearch.train.over_targets import target_plan
from molsearch.train.taught_labels import epsilon_of
from molsearch.train.teachers import load_teachers
from molsearch.words import counted

METHODS = ("taught", "semi_supervised")  # those whose labels are transport plans
N_MOLECULES = 64  # POT's solvers take seconds from a few hundred on
TOLERANCE = 1e-3  # of a mass; rows sum to one
_FAR = 60.0  # e^-60 of the mass goes where nothing may
_PRODUCT = 5.0  # of the temperature and the regularisation, unless the run fixes one

DensePlan = npt.NDArray[np.float64]


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
    over_targets = config.over_targets.weight > 0
    if config.method not in METHODS and not over_targets:
        return f"--check: method {config.method} solves no transport plan"
    model = model_of(config, parent)
    if config.method == "taught":
        encoder = load_teachers(config, model, device)[0]
    elif config.over_targets.teachers:
        encoder = load_teachers(config, model, device, "over_targets")[0]
    else:
        encoder = parent or Encoder(network_of(model).eval(), identity="", card={})
    rows = np.arange(min(N_MOLECULES, len(store)))
    embeddings = torch.from_numpy(encoder.encode_rows(store, rows))
    checks = [check_plan(config, embeddings)] if config.method in METHODS else []
    if over_targets:
        checks.append(check_target_plan(config, embeddings))
    found = PlanCheck(len(rows), max(check.difference for check in checks))
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
        solve = _among_nearest if config.soft.memory else _neighbours
        found, theirs = solve(config, embeddings)
    else:
        found, theirs = _smooth(config, embeddings)
    return _compared(found, theirs, "soft.regularisation")


def check_target_plan(config: TrainConfig, embeddings: Tensor) -> PlanCheck:
    """Solve a plan over targets by the run's own solver and by POT; see `check_plan`.

    As many targets as molecules, whose vectors are those of some of the molecules, drawn near to
    each other: at the start of a run the targets' own say nothing yet.
    """
    settings, n = config.over_targets, len(embeddings)
    random = torch.Generator().manual_seed(config.seed)
    noise = torch.randn(embeddings.shape, generator=random)
    vectors = nn.functional.normalize(embeddings + noise / embeddings.shape[1] ** 0.5, dim=1)
    similarity = (embeddings @ vectors.T).double()
    marginals = torch.rand(n, generator=random, dtype=torch.float64) + 0.5
    marginals = marginals / marginals.sum()
    found = target_plan(settings, similarity, marginals)
    a, b, s = np.ones(n), n * marginals.numpy(), similarity.numpy()
    if settings.kind == "partial":
        theirs = ot.partial.entropic_partial_wasserstein(
            a, b, -s, settings.epsilon, m=(1 - settings.nowhere) * n, numItermax=20_000,
            stopThr=1e-11,
        )  # fmt: skip
    else:
        theirs = ot.unbalanced.sinkhorn_unbalanced(
            a, b, settings.threshold - s, settings.epsilon, settings.relaxation, reg_type="kl",
            c=a[:, None] * b / b.sum(), numItermax=50_000, stopThr=1e-12,
        )  # fmt: skip
    return _compared(found, theirs, "over_targets.epsilon")


def _compared(found: TransportPlan, theirs: DensePlan, setting: str) -> PlanCheck:
    if not bool(found.converged):
        raise UsageError(f"--check: the transport plan does not converge; raise {setting}")
    difference = float(np.abs(found.plan.double().numpy() - theirs).max())
    if not difference <= TOLERANCE:
        raise UsageError(
            f"--check: the transport plan differs from POT's by {difference:.2g} of a molecule's "
            f"mass; raise {setting}, or train without --check"
        )
    return PlanCheck(len(theirs), difference)


def _among_nearest(config: TrainConfig, embeddings: Tensor) -> tuple[TransportPlan, DensePlan]:
    """Plan of half of the molecules to the nearest of all, as a run with a memory solves it."""
    epsilon, n = epsilon_of(config.soft), len(embeddings) // 2
    similarity = (embeddings[:n] @ embeddings.T).double()
    similarity[torch.arange(n), torch.arange(n)] = -torch.inf
    k = min(config.soft.memory_nearest, len(embeddings) - 1)
    cost = -similarity.numpy()
    far = similarity < similarity.topk(k, dim=1).values[:, -1:]
    reached = ~far.numpy() & np.isfinite(cost)
    cost = np.where(reached, cost, cost[reached].max() + _FAR * epsilon)
    theirs = ot.partial.entropic_partial_wasserstein(
        np.ones(n), np.ones(len(embeddings)), cost, epsilon, m=n, numItermax=20_000, stopThr=1e-11
    )
    return nearest_plan(similarity, epsilon, k), theirs


def _neighbours(config: TrainConfig, embeddings: Tensor) -> tuple[TransportPlan, DensePlan]:
    epsilon = epsilon_of(config.soft)
    similarity = (embeddings @ embeddings.T).double()
    cost = -similarity.numpy()
    np.fill_diagonal(cost, cost.max() + _FAR * epsilon)
    ones = np.ones(len(cost))
    theirs = ot.sinkhorn(
        ones, ones, cost, epsilon, method="sinkhorn_log", numItermax=20_000, stopThr=1e-9
    )
    return neighbour_plan(similarity, epsilon), theirs


def _smooth(config: TrainConfig, embeddings: Tensor) -> tuple[TransportPlan, DensePlan]:
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
