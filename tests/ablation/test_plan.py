from __future__ import annotations

import copy
from pathlib import Path

import pytest
from ablation_folders import QUESTIONS, write_plan

from ablation import plan as plans
from molsearch.errors import InputError, UsageError

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "configs" / "ablation.yaml"


def changed(tmp_path, question="method", variant=None, **fields):
    content = copy.deepcopy(QUESTIONS)
    place = content[question] if variant is None else content[question]["variants"][variant]
    place.update(fields)
    return write_plan(tmp_path, content)


def test_runs_are_named_and_ordered_seed_by_seed_and_shared_ones_come_once(tmp_path):
    plan = plans.read_plan(write_plan(tmp_path))
    names = [job.name for job, _, _ in plans.jobs(plan, tmp_path, "method")]
    assert names == [f"method/{v}-{s}" for s in (1, 2, 3) for v in ("supervised", "soft")]
    assert [job.name for job, _, _ in plans.jobs(plan, tmp_path, "labels")] == [
        "labels/few-1",
        "method/supervised-1",
    ]


def test_settings_are_the_questions_then_the_variants_then_the_seed(tmp_path):
    plan = plans.read_plan(write_plan(tmp_path))
    job = list(plans.jobs(plan, tmp_path, "method"))[1][0]
    assert job.changes == ("micro_batch=16", "soft.uniformity=0", "seed=1")
    config = job.config()
    assert (config.micro_batch, config.soft.uniformity, config.seed) == (16, 0.0, 1)
    shared = list(plans.jobs(plan, tmp_path, "labels"))[1][0]
    assert shared.changes == ("micro_batch=16", "seed=1")  # of the question it belongs to


def test_settings_may_name_the_seed_of_their_run(tmp_path):
    settings = ["soft.uniformity=0", "start_from=runs/first-{seed}"]
    plan = plans.read_plan(changed(tmp_path, variant=1, set=settings))
    found = [job for job, v, _ in plans.jobs(plan, tmp_path, "method") if v.name == "soft"]
    assert [job.config().start_from for job in found] == [f"runs/first-{s}" for s in (1, 2, 3)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reference": "nobody"}, "no variant 'nobody'"),
        ({"seeds": []}, "seeds"),
        ({"colour": 1}, "colour"),
        ({"variant": 1, "name": "supervised"}, "two variants have one name"),
        ({"variant": 1, "name": "a/b"}, "name"),
        ({"variant": 1, "encoder": "h"}, "encoder"),
        ({"variant": 1, "config": ""}, "either config or run"),
        ({"variant": 2, "set": ["steps=1"]}, "the settings are those of soft"),
        ({"variant": 2, "run": "elsewhere/soft"}, "there is no variant 'elsewhere/soft'"),
        ({"variant": 2, "run": "teacher"}, "trains nothing itself"),
        ({"question": "labels", "sweep": {"x": "pairs"}}, "needs its x"),
    ],
)
def test_a_wrong_plan_is_refused_in_one_line(tmp_path, fields, said):
    with pytest.raises(UsageError, match=said) as error:
        plans.read_plan(changed(tmp_path, **fields))
    assert "\n" not in str(error.value)


def test_settings_of_the_encoder_are_checked_before_training(tmp_path):
    plan = plans.read_plan(changed(tmp_path, set=["model.depth=3"]))
    with pytest.raises(UsageError, match=r"method/supervised-1: model\.depth"):
        next(iter(plans.jobs(plan, tmp_path, "method")))[0].config()


def test_an_empty_plan_is_refused(tmp_path):
    (tmp_path / "empty.yaml").write_text("")
    with pytest.raises(InputError, match=r"empty\.yaml: not a mapping of questions"):
        plans.read_plan(tmp_path / "empty.yaml")


def test_questions_are_chosen_by_name(tmp_path):
    plan = plans.read_plan(write_plan(tmp_path))
    assert plans.chosen(plan, []) == ["method", "labels"]
    assert plans.chosen(plan, ["labels"]) == ["labels"]
    with pytest.raises(UsageError, match="there are method, labels"):
        plans.chosen(plan, ["x"])
    with pytest.raises(InputError, match="cannot be read"):
        plans.read_plan(tmp_path / "absent.yaml")


def test_every_setting_of_the_committed_plan_is_one():
    plan = plans.read_plan(COMMITTED)
    for name in plan.questions:
        for job, _, _ in plans.jobs(plan, COMMITTED.parent, name):
            job.config()


def test_the_committed_variants_train_as_long_as_their_budget_says():
    plan = plans.read_plan(COMMITTED)
    for name in ("method", "labels"):
        for job, _, _ in plans.jobs(plan, COMMITTED.parent, name):
            supervised = "supervised-" in job.name and "/soft" not in job.name
            changes = [one for one in job.changes if "activities_limit" not in one]
            config = plans.Training(job.name, job.config_file, tuple(changes)).config()
            assert config.steps == (1000 if supervised else 500)
            assert config.evaluate_every == 250
            assert config.method == "supervised" or config.soft.limit == 100_000
    for name, steps in (("ideas", 1000), ("geometry", 500), ("regularisation", 500)):
        for job, _, _ in plans.jobs(plan, COMMITTED.parent, name):
            assert job.config().steps == steps
