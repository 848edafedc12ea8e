"""Plans are held against POT's before a run."""

from __future__ import annotations

import pytest
import torch
from families import tiny

from molsearch.config import TrainConfig
from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.losses.plan import TransportPlan
from molsearch.train import check_plan as checking
from molsearch.train.check_plan import check_plan, check_run, check_target_plan


def _rows(n: int = 24) -> torch.Tensor:
    rows = torch.randn(n, 16, generator=torch.Generator().manual_seed(4))
    return torch.nn.functional.normalize(rows, dim=1)


TAUGHT = {"method": "taught", "soft": {"teachers": ("x",)}}
SMOOTH = {"method": "semi_supervised", "soft": {"kind": "smooth", "regularisation": 1.0}}
ENTROPIC = {"method": "semi_supervised", "soft": {"kind": "entropic", "regularisation": 1.0}}


MEMORY = {"method": "taught", "soft": {"teachers": ("x",), "memory": 4, "memory_nearest": 9}}
PARTIAL = {"prototypes": 1.0, "over_targets": {"weight": 1.0, "nowhere": 0.4}}
UNBALANCED = {"prototypes": 1.0, "over_targets": {"weight": 1.0, "kind": "unbalanced"}}


@pytest.mark.filterwarnings("ignore:If reg_type")
@pytest.mark.parametrize("changes", [PARTIAL, UNBALANCED])
def test_plans_over_targets_are_pots(changes: dict[str, object], pairs: GraphStore) -> None:
    assert check_target_plan(tiny(**changes), _rows()).difference < 1e-3
    said = check_run(tiny(**changes), pairs, None, torch.device("cpu"))
    assert said.startswith("--check: the transport plan of 12 molecules is POT's to ")


@pytest.mark.parametrize("changes", [TAUGHT, MEMORY, SMOOTH, ENTROPIC])
def test_each_kind_of_plan_is_pots(changes: dict[str, object]) -> None:
    config: TrainConfig = tiny(**changes)
    found = check_plan(config, _rows())
    assert found.n == (12 if changes is MEMORY else 24)
    assert found.difference < (1e-3 if changes is MEMORY else 1e-4)


def test_a_wrong_solver_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def softmax(similarity: torch.Tensor, epsilon: float) -> TransportPlan:
        plan = (similarity / epsilon).fill_diagonal_(-torch.inf).softmax(1)
        return TransportPlan(plan, torch.tensor(1), torch.tensor(0.0), torch.tensor(True))

    monkeypatch.setattr(checking, "neighbour_plan", softmax)
    with pytest.raises(UsageError, match=r"--check: the transport plan differs from POT's by"):
        check_plan(tiny(**TAUGHT), _rows())


def test_a_plan_that_does_not_converge_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("molsearch.losses.neighbour_plan._MAX_ITERATIONS", 0)
    with pytest.raises(UsageError, match=r"does not converge; raise soft\.regularisation"):
        check_plan(tiny(**TAUGHT), _rows())


def test_a_run_says_what_was_checked(pairs: GraphStore) -> None:
    said = check_run(tiny(**SMOOTH), pairs, None, torch.device("cpu"))
    assert said.startswith("--check: the transport plan of 12 molecules is POT's to ")
    said = check_run(tiny(), pairs, None, torch.device("cpu"))
    assert said == "--check: method supervised solves no transport plan"
