"""What a training says of its steps."""

from __future__ import annotations

from molsearch.service.train_words import recent_words
from molsearch.train.loop import StepReport


def test_each_term_is_told_and_plans_of_both_kinds_are_counted() -> None:
    terms = {"supervised": 1.0, "binary": 0.5, "graded": 0.25, "over_targets": 4.0, "shapes": 0.9}
    steps = [
        StepReport(9, 2.0, 0.5, 100, {**terms, "unconverged": 1.0, "unconverged_targets": 2.0}),
        StepReport(10, 2.0, 0.5, 100, terms),
    ]
    said = recent_words(steps, 20)
    for text in ("binary 0.500", "graded 0.250", "over targets 4.000", "shapes 0.900"):
        assert text in said
    assert "3 plans not converged" in said
    assert "not converged" not in recent_words(steps[1:], 20)
