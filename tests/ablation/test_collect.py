"""Which runs are those that a plan asks for."""

from __future__ import annotations

from ablation.collect import differing
from molsearch.config import TrainConfig


def _taught(*teachers: str, **changes: object) -> TrainConfig:
    content = {"method": "taught", "soft": {"teachers": teachers}, **changes}
    return TrainConfig.model_validate(content)


def test_where_other_encoders_lay_is_no_difference() -> None:
    one = _taught("/far/away/a", "/far/b", start_from="x/parent")
    assert differing(one, _taught("runs/a", "runs/b", start_from="parent")) == ""
    assert "teachers" in differing(one, _taught("runs/b", "runs/a", start_from="parent"))
    assert "start_from" in differing(one, _taught("a", "b", start_from="other"))


def test_names_and_batches_forwarded_are_free_and_steps_are_not() -> None:
    one = TrainConfig(name="a", micro_batch=8, steps=10)
    assert differing(one, TrainConfig(name="b", micro_batch=16, steps=10)) == ""
    assert differing(one, TrainConfig(steps=20)) == "steps is 10, not 20"
