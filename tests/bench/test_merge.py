"""What one result file keeps of the runs that fill it one after the other."""

from __future__ import annotations

from molsearch.bench import results
from molsearch.bench.audit.training import load_training
from molsearch.bench.report.markdown import overview

from .conftest import ACTIVES
from .test_runner import leaky, run


def test_methods_added_without_a_training_set_leave_the_leaks_of_the_others(memory, tmp_path):
    before, training = leaky(memory, tmp_path)
    other = tmp_path / "other.smi"
    other.write_text(ACTIVES[5])
    more = load_training(str(other), tmp_path)
    path = tmp_path / "m.json"
    run(memory(), path, ["heavy-atoms"])
    after = run(memory(), path, ["properties"], trainings=[more], config={"limit_targets": 1})
    assert results.read(path) == after
    known = {one: found["training"][training.name] for one, found in before["audit"].items()}
    for target, found in after["audit"].items():
        assert found["training"][training.name] == known[target]
    assert [more.name in after["audit"][one]["training"] for one in ("t1", "t2")] == [True, False]
    assert "LEAK: 15 of 24 actives (62%)" in overview(after)
