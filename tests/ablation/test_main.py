"""From finished runs to result files, figures and page."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ablation_folders import QUESTIONS, figures, finish, finish_all, write_plan

from ablation.__main__ import main
from ablation.summary import summarised

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path):
    """A plan whose runs have all finished."""
    write_plan(tmp_path)
    finish_all(tmp_path, tmp_path / "runs")
    return tmp_path


def call(world: Path, *more: str) -> int:
    return main(
        [str(world / "plan.yaml"), "--runs", str(world / "runs"), "--results",
         str(world / "results"), "--page", str(world / "page.md"), *more]
    )  # fmt: skip


def record(world: Path, name: str = "method") -> dict:
    return json.loads((world / "results" / f"{name}.json").read_text())


def variant(found: dict, name: str) -> dict:
    return next(one for one in found["variants"] if one["name"] == name)


def test_figures_are_means_over_targets_then_over_seeds(world):
    assert call(world, "--collect-only") == 0
    found = record(world)
    assert (found["schema"], found["complete"]) == (1, True)
    tables = [figures(seed, 0.1) for seed in (1, 2, 3)]
    for metric in ("bedroc_80p5", "novel_bedroc_80p5", "auroc", "blend_bedroc_80p5"):
        means = [table[metric].mean() for table in tables]
        soft = variant(found, "soft")
        assert soft["mean"][metric] == pytest.approx(np.mean(means), abs=6e-5)
        assert soft["sd"][metric] == pytest.approx(np.std(means, ddof=1), abs=6e-5)
    assert found["ecfp4"]["mean"]["auroc"] == pytest.approx(
        figures(99, -0.1)["auroc"].mean(), abs=6e-5
    )


def test_figures_of_several_queries_are_told_where_every_run_has_them(world):
    tables = sorted((world / "runs").rglob("development.csv"))
    for path in tables:
        table = pd.read_csv(path)
        for name in [c for c in table if c.split("_f")[0] in ("bedroc_80p5", "bedroc_80p5_ecfp4")]:
            table[f"several_{name}"] = table[name] + 0.1
            table[f"several_blend_{name}"] = table[name] + 0.2
            table[f"several_ranked_{name}"] = table[name] + 0.3
            table[f"ranked_{name}"] = table[name] + 0.05
        table.to_csv(path, index=False)
    call(world, "--collect-only")
    found = record(world)
    soft = variant(found, "soft")
    lift = soft["mean"]["several_blend_bedroc_80p5"] - soft["mean"]["bedroc_80p5"]
    assert lift == pytest.approx(0.2, abs=2e-4)
    assert soft["difference"]["several_bedroc_80p5"]["mean"] == pytest.approx(0.1, abs=2e-4)
    lift = soft["mean"]["several_ranked_bedroc_80p5"] - soft["mean"]["ranked_bedroc_80p5"]
    assert lift == pytest.approx(0.25, abs=2e-4)
    ratio = soft["over_ecfp4"]["ranked_bedroc_80p5"]["mean"]
    assert ratio > soft["over_ecfp4"]["bedroc_80p5"]["mean"]
    assert "BEDROC, five queries, with ECFP4" in (world / "page.md").read_text()
    assert "BEDROC, default ranking, five queries" in (world / "page.md").read_text()
    newer = world / "runs/method/soft-2/development.csv"
    pd.read_csv(newer).drop(columns="ranked_bedroc_80p5").to_csv(newer, index=False)
    call(world, "--collect-only")
    assert "ranked_bedroc_80p5" not in variant(record(world), "soft")["mean"]
    assert "several_bedroc_80p5" in variant(record(world), "soft")["mean"]
    older = world / "runs/method/soft-1/development.csv"
    pd.read_csv(older).drop(columns="several_bedroc_80p5").to_csv(older, index=False)
    call(world, "--collect-only")
    assert "several_bedroc_80p5" not in variant(record(world), "soft")["mean"]
    assert "five queries" not in (world / "page.md").read_text().split("after method")[0]


def test_each_variant_is_judged_by_its_own_encoder(world):
    call(world, "--collect-only")
    teacher = variant(record(world), "teacher")
    assert teacher["runs_of"] == "method/soft"
    assert teacher["runs"][0]["by_target"]["auroc"] == figures(51, 0.0)["auroc"].tolist()
    assert teacher["sd"]["auroc"] is None  # one seed


def test_the_difference_is_paired_over_targets_and_shared_seeds(world):
    call(world, "--collect-only")
    found = record(world)
    difference = variant(found, "soft")["difference"]
    assert (difference["against"], difference["seeds"]) == ("supervised", [1, 2, 3])
    # The same draws lifted by 0.1: the difference has no spread at all.
    for metric, n in (("bedroc_80p5", 6), ("novel_bedroc_80p5", 5)):
        got = difference[metric]
        assert [got["mean"], got["low"], got["high"]] == pytest.approx([0.1] * 3, abs=2e-4)
        assert (got["wins"], got["losses"], got["n"]) == (n, 0, n)
    teacher = variant(found, "teacher")["difference"]
    assert teacher["seeds"] == [1]
    values = (figures(51, 0.0) - figures(1, 0.0))["auroc"]
    assert teacher["auroc"]["mean"] == pytest.approx(values.mean(), abs=6e-5)
    assert teacher["auroc"]["low"] < values.mean() < teacher["auroc"]["high"]
    assert variant(found, "supervised")["difference"] is None


def test_missing_seeds_are_written_and_shown(world):
    shutil.rmtree(world / "runs/method/soft-3")
    shutil.rmtree(world / "runs/method/supervised-2")
    call(world, "--collect-only")
    found = record(world)
    assert found["complete"] is False
    assert variant(found, "soft")["missing"] == [3]
    assert variant(found, "soft")["difference"]["seeds"] == [1]
    page = (world / "page.md").read_text()
    assert "**Incomplete:**" in page
    assert "soft <labels> lacks seed 3" in page
    assert "2 of 3" in page
    assert "(2 of 3 seeds)" in (world / "images/ablation-method.svg").read_text()


def test_a_question_without_runs_has_no_results(tmp_path):
    write_plan(tmp_path)
    assert call(tmp_path, "--collect-only") == 0
    assert not (tmp_path / "results").exists()
    assert (tmp_path / "page.md").read_text().count("No result is committed yet") == 2


def test_runs_trained_otherwise_than_planned_are_left_out(world, capsys):
    shutil.rmtree(world / "runs/method/soft-1")
    finish(world / "runs/method/soft-1", world / "soft.yaml", ["steps=9"], 1)
    call(world, "--collect-only")
    assert "steps is 9, not 8; remove the folder to train it anew" in capsys.readouterr().err
    assert variant(record(world), "soft")["missing"] == [1]


def test_how_many_molecules_are_forwarded_at_a_time_is_no_difference(world):
    shutil.rmtree(world / "runs/method/soft-1")
    changes = ["micro_batch=2", "soft.uniformity=0", "name=other"]
    finish(world / "runs/method/soft-1", world / "soft.yaml", changes, 1)
    call(world, "--collect-only")
    assert record(world)["complete"]


@pytest.mark.parametrize("damage", ["card", "table", "screens"])
def test_damaged_runs_are_left_out_and_named(world, capsys, damage):
    folder = world / "runs/method/soft-2"
    if damage == "card":
        (folder / "card.json").write_text("{")
    elif damage == "table":
        (folder / "development.csv").unlink()
    else:
        table = pd.read_csv(folder / "development.csv")
        table["auroc_ecfp4"] += 0.01
        table.to_csv(folder / "development.csv", index=False)
    assert call(world, "--collect-only") == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "left out" in line]
    assert len(said) == 1
    assert "soft-2" in said[0]
    assert variant(record(world), "soft")["missing"] == [2]


def test_a_sweep_is_placed_by_what_the_cards_count(world):
    call(world, "--collect-only")
    found = record(world, "labels")
    assert [one["x"] for one in found["variants"]] == [30, 900]
    drawing = (world / "images/ablation-labels.svg").read_text()
    assert "labelled pairs" in drawing
    assert drawing.count('class="l"') == 2  # a line in each panel


@pytest.mark.parametrize("name", list(QUESTIONS))
def test_drawings_are_xml_within_their_frame_in_both_themes(world, name):
    call(world, "--collect-only")
    drawing = (world / f"images/ablation-{name}.svg").read_text()
    root = ET.fromstring(drawing)
    width, height = (float(v) for v in root.get("viewBox").split()[2:])
    places = [(float(e.get("x")), float(e.get("y"))) for e in root.iter() if e.tag.endswith("text")]
    places += [(float(e.get("cx")), float(e.get("cy"))) for e in root.iter() if e.get("cx")]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
    assert "prefers-color-scheme:dark" in drawing
    assert "ECFP4 0." in drawing


def test_a_dot_a_seed_and_panel(world):
    call(world, "--collect-only")
    assert (world / "images/ablation-method.svg").read_text().count("<circle") == 2 * (3 + 3 + 1)


def test_what_was_written_by_hand_stays_and_check_sees_every_change(world, capsys):
    call(world, "--collect-only")
    page = (world / "page.md").read_text()
    assert page.count("by hand") == 2
    assert "old" not in page
    assert "after method" in page
    assert "pairs \\| alone" in page  # a bar in a label ends no cell
    assert call(world, "--check") == 0
    call(world, "--collect-only")
    assert (world / "page.md").read_text() == page
    for path in ("page.md", "images/ablation-method.svg", "results/method.json"):
        whole = (world / path).read_text()
        (world / path).write_text(whole.replace("0.4", "0.5"))
        assert call(world, "--check") == 1, path
        (world / path).write_text(whole)
    assert "do not follow" in capsys.readouterr().err
    assert call(world, "--check") == 0


def test_another_version_or_a_page_without_markers_is_refused(world, capsys):
    call(world, "--collect-only")
    path = world / "results/method.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 0'))
    assert call(world, "--check") == 2
    assert "collect it again" in capsys.readouterr().err
    path.unlink()
    (world / "page.md").write_text("nothing")
    assert call(world, "--check") == 2
    assert "markers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "markers"),
        (("--page", "absent.md"), "absent.md: cannot be read as a page"),
        (("--jobs", "0"), "--jobs and --workers are 1 at least"),
    ],
)
def test_what_would_fail_at_the_end_is_refused_before_training(
    tmp_path, capsys, monkeypatch, words, said
):
    def never(*_: object, **__: object) -> list[str]:
        raise AssertionError("trained")

    monkeypatch.setattr("ablation.__main__.run_all", never)
    write_plan(tmp_path)
    (tmp_path / "page.md").write_text("nothing")
    assert call(tmp_path, *words) == 2
    assert said in capsys.readouterr().err


def test_committed_page_and_figures_are_those_of_the_committed_results():
    assert main([str(ROOT / "configs" / "ablation.yaml"), "--check"]) == 0


def test_summarising_again_changes_nothing(world):
    call(world, "--collect-only")
    found = record(world)
    assert summarised(found) == found
