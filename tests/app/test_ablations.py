from __future__ import annotations

import json

import pytest

from molsearch_app.components import ablations

METRICS = list(ablations.METRICS)


def variant(name, values, *, against=None, missing=(), x=None):
    mean = sum(values) / len(values) if values else None
    one = {"mean": 0.02, "low": -0.01, "high": 0.05, "n": 2, "wins": 1, "losses": 1}
    return {
        "name": name,
        "label": f"label of {name}",
        "line": "a line",
        "x": x,
        "seeds": [*range(len(values)), *missing],
        "missing": list(missing),
        "runs": [{"seed": s, "mean": dict.fromkeys(METRICS, v)} for s, v in enumerate(values)],
        "mean": dict.fromkeys(METRICS, mean),
        "sd": dict.fromkeys(METRICS, 0.01 if len(values) > 1 else None),
        "difference": {"against": against, "seeds": [0], **dict.fromkeys(METRICS, one)}
        if against
        else None,
    }


def record(**changes):
    return {
        "schema": 1,
        "question": "method",
        "title": "Soft labels",
        "asks": "Do they *help*?",
        "budget": "8 steps",
        "sweep": None,
        "complete": True,
        "targets": [{"target": "P1", "molecules": 9}, {"target": "P2", "molecules": 9}],
        "ecfp4": {"mean": dict.fromkeys([*METRICS[:3], METRICS[4]], 0.3)},
        "variants": [variant("a", [0.4, 0.44], x=2), variant("b", [0.43], against="a", x=4)],
        **changes,
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(ablations, "folder", lambda: tmp_path)
    return tmp_path


def test_a_row_a_variant_with_spread_and_difference():
    table = ablations.overview(record()).set_index("Variant")
    assert list(table.index) == ["ECFP4", "label of a", "label of b"]
    bedroc = table[ablations.METRICS["bedroc_80p5"]].tolist()
    assert bedroc == ["0.300", "0.420 ± 0.010", "0.430"]
    assert table["BEDROC, difference"].tolist() == ["–", "–", "+0.020 [−0.010, +0.050]"]
    assert table["Against"].tolist()[2] == "label of a"
    assert table[ablations.METRICS["blend_bedroc_80p5"]].tolist()[0] == "–"


def test_missing_seeds_are_counted_and_variants_without_runs_have_dashes():
    found = record(variants=[variant("a", [0.4], missing=[7, 8]), variant("b", [], missing=[0])])
    table = ablations.overview(found)
    assert table["Seeds"].tolist() == ["–", "1 of 3", "0 of 1"]
    assert table[ablations.METRICS["auroc"]].tolist()[2] == "–"


@pytest.mark.parametrize("metric", METRICS)
def test_the_plot_has_a_dot_a_seed_and_the_line_of_ecfp4(metric):
    assert ablations.by_seed(record(), metric)["value"].tolist() == [0.4, 0.44, 0.43]
    for sweep, axis in ((None, "x"), ({"x": "neighbours", "measured": ""}, "y")):
        chart = ablations.plot(record(sweep=sweep), metric).to_dict()
        marks = [layer["mark"]["type"] for layer in chart["layer"]]
        assert marks[0] == "rule"
        assert "circle" in marks
        assert chart["layer"][0]["encoding"][axis]["field"] == "value"
        assert [{"value": 0.3, "what": "ECFP4"}] in chart["datasets"].values()


def test_damaged_and_other_files_are_left_out(folder):
    assert ablations.questions() == {}
    (folder / "labels.json").write_text(json.dumps(record()))
    (folder / "another.json").write_text(json.dumps(record()))
    (folder / "method.json").write_text(json.dumps(record()))
    (folder / "a.json").write_text("{")
    (folder / "b.json").write_text(json.dumps(record(schema=2)))
    (folder / "c.json").write_text("[]")
    (folder / "d.json").write_text(json.dumps(record(variants=[{"name": "x"}])))
    assert list(ablations.questions()) == ["method", "labels", "another"]


def test_the_committed_results_can_all_be_shown():
    files = sorted(path.stem for path in ablations.folder().glob("*.json"))
    found = ablations.questions()
    assert sorted(found) == files
    for one in found.values():
        assert ablations.plot(one, "bedroc_80p5").to_dict()["layer"]


def test_the_encoder_page_shows_a_question_at_a_time(page, folder):
    title = "What each part of the method adds"
    assert title not in [one.value for one in page("model").subheader]
    (folder / "method.json").write_text(json.dumps(record()))
    (folder / "labels.json").write_text(json.dumps(record(title="Labels", complete=False)))
    at = page("model")
    assert title in [one.value for one in at.subheader]
    assert any(r"Do they \*help\*?" in one.value for one in at.markdown)
    assert not at.warning
    at.selectbox(key="ablation").set_value("labels").run()
    at.segmented_control(key="ablation-figure").set_value("auroc").run()
    assert not at.exception
    assert [one.value for one in at.warning] == ["Some of its runs are still missing."]


def test_older_records_show_no_figures_of_several_queries():
    found = record()
    del found["variants"][1]["mean"]["several_bedroc_80p5"]
    shown = ablations.overview(found).columns
    assert ablations.METRICS["several_bedroc_80p5"] not in shown
    assert ablations.METRICS["several_blend_bedroc_80p5"] in shown
