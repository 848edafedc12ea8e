from __future__ import annotations

import pytest

from app.components import shipped_parts


def test_the_committed_figures_are_those_of_the_documentation():
    table = shipped_parts.overview(shipped_parts.by_target()).set_index("Run")
    assert list(table.index) == [shipped_parts.ECFP4, *(run.label for run in shipped_parts.RUNS)]
    bedroc = table[shipped_parts.METRICS["bedroc_80p5"]].tolist()
    assert bedroc == ["0.367", "0.430", "0.431", "0.450"]
    assert table[shipped_parts.METRICS["novel_bedroc_80p5"]].tolist()[-1] == "0.308"
    assert table["Targets above ECFP4"].tolist()[0] == "–"
    assert table["Targets above ECFP4"].tolist()[-1].endswith(" of 39")


def test_every_run_has_every_target_once():
    figures = shipped_parts.by_target()
    assert not figures.duplicated(["run", "target"]).any()
    assert figures.groupby("run")["target"].nunique().eq(39).all()


@pytest.mark.parametrize("metric", list(shipped_parts.METRICS))
def test_the_plot_has_a_dot_a_target_and_a_mean(metric):
    dots, means = shipped_parts.plot(shipped_parts.by_target(), metric).to_dict()["layer"]
    assert dots["encoding"]["x"]["field"] == metric
    assert means["encoding"]["x"] == {"aggregate": "mean", "field": metric, "type": "quantitative"}


@pytest.mark.parametrize("broken", ["", "target,n\nx,1\n", "\x00"])
def test_missing_or_damaged_figures_leave_the_panel_out(tmp_path, monkeypatch, broken):
    monkeypatch.setattr(shipped_parts, "folder", lambda: tmp_path)
    assert shipped_parts.by_target().empty
    for run in shipped_parts.RUNS:
        (tmp_path / run.file).write_text(broken)
    assert shipped_parts.by_target().empty


def test_the_encoder_page_shows_them_with_the_caveat(page, monkeypatch, tmp_path):
    at = page("model")
    assert "What its parts add" in [one.value for one in at.subheader]
    assert any("One seed each" in one.value for one in at.caption)
    assert any("Targets above ECFP4" in one.value.columns for one in at.dataframe)
    at.segmented_control(key="part-figure").set_value("auroc").run()
    assert not at.exception
    monkeypatch.setattr(shipped_parts, "folder", lambda: tmp_path)
    assert "What its parts add" not in [one.value for one in page("model").subheader]
