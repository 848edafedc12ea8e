"""Runs of committed results stay where their folders are not at hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ablation_folders import finish_all, write_plan

from ablation import __main__ as command


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A plan whose runs have finished and are gathered; two of their folders are gone since."""
    write_plan(tmp_path)
    finish_all(tmp_path, tmp_path / "runs")
    assert call(tmp_path, "--collect-only") == 0
    shutil.rmtree(tmp_path / "runs/method/soft-2")
    shutil.rmtree(tmp_path / "runs/method/supervised-1")
    return tmp_path


def call(world: Path, *more: str) -> int:
    return command.main(
        [str(world / "plan.yaml"), "--runs", str(world / "runs"), "--results",
         str(world / "results"), "--page", str(world / "page.md"), *more]
    )  # fmt: skip


def test_what_the_results_hold_stays_byte_for_byte(world: Path) -> None:
    files = {path: path.read_bytes() for path in (world / "results").iterdir()}
    assert call(world, "--collect-only", "--keep") == 0
    assert {path: path.read_bytes() for path in (world / "results").iterdir()} == files
    assert call(world, "--collect-only") == 0
    assert json.loads((world / "results/method.json").read_text())["complete"] is False


def test_a_kept_run_is_not_trained_again(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        command, "run_all", lambda jobs, *_, **__: [asked.append(job.name) for job in jobs] and []
    )
    call(world, "--keep", "--only", "method")
    assert asked == []
    call(world, "--only", "method")
    assert "method/soft-2" in asked


def test_a_run_of_other_settings_is_not_kept(world: Path) -> None:
    plan = world / "plan.yaml"
    before = plan.read_text()
    assert "steps=8" in before or "set:" in before
    changed = before.replace("soft.uniformity=0", "soft.uniformity=0.2")
    assert changed != before
    plan.write_text(changed)
    call(world, "--collect-only", "--keep")
    found = json.loads((world / "results/method.json").read_text())
    soft = next(one for one in found["variants"] if one["name"] == "soft")
    assert 2 in soft["missing"]


def test_a_kept_run_of_other_screens_is_left_out(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = world / "results/method.json"
    found = json.loads(path.read_text())
    found["targets"][0]["molecules"] += 1
    path.write_text(json.dumps(found))
    call(world, "--collect-only", "--keep")
    assert "its development screens are not those of the others" in capsys.readouterr().err
