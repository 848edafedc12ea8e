"""Results by sequence identity to the training targets."""

from __future__ import annotations

from typing import Any

import pytest

from molsearch.bench.report.identity import identity_tiers
from molsearch.bench.report.markdown import identity_grid

VALUES = {"A": (0.2, 0.4), "B": (0.4, 0.5), "C": (0.1, 0.1)}


def _record(tiers: dict[str, str | None]) -> dict[str, Any]:
    rows = [
        {"target": t, "method": m, "metrics": {"bedroc_80p5": v}, "subsets": {}}
        for t, pair in VALUES.items()
        for m, v in zip(("ecfp4", "molsearch"), pair, strict=True)
    ]
    return {
        "targets": {t: {} for t in VALUES},
        "methods": {"ecfp4": {}, "molsearch": {}},
        "trainings": {"standard": {"molecules": 3}},
        "audit": {t: {"training": {"standard": {"identity": x}}} for t, x in tiers.items()},
        "results": rows,
    }


def test_means_are_over_the_targets_of_a_tier() -> None:
    record = _record({"A": "> 0.9", "B": "> 0.9", "C": "≤ 0.4"})
    close, far = identity_tiers(record)
    assert (close.name, close.n_targets, far.name, far.n_targets) == ("> 0.9", 2, "≤ 0.4", 1)
    assert close.bedroc["molsearch"].mean == pytest.approx(0.45)
    assert close.ratio == pytest.approx({"molsearch": 1.5})
    assert far.ratio == pytest.approx({"molsearch": 1.0})
    table = identity_grid(record)
    assert "standard: > 0.9" in table
    assert "0.450, 1.50×" in table


def test_a_file_without_the_audit_has_no_such_table() -> None:
    assert identity_grid(_record({"A": None, "B": None, "C": None})) == ""
    assert identity_grid({**_record({}), "audit": {}}) == ""
