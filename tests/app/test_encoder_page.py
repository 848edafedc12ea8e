"""The Encoder page, and fine-tuning."""

from __future__ import annotations

import json

import numpy as np
from app_pages import button, said, upload
from app_runs import QUERY, bare_run

from molsearch.service.requests import TrainRequest
from molsearch_app import jobs
from molsearch_app.components import encoders


def test_a_series_becomes_a_fine_tuning(page, runs, started):
    at = page("model")
    upload(at, "tune-file", "my series.csv", f"smiles,drug_class,pIC50\n{QUERY},a,8\nCCO,a,4\n")
    assert at.selectbox(key="tune-value").value.lower() == "pic50"
    assert at.selectbox(key="tune-target").value == "drug_class"
    button(at, "tune-go").click().run()
    assert not at.exception
    (job,) = jobs.recent("train")
    request = TrainRequest.model_validate(job.steps[0].request)
    assert request.output == str(job.file("encoder"))
    assert request.series is not None
    assert request.series.activities == str(job.file("uploads/my_series.csv"))
    assert (request.series.value_column, request.series.target_column) == ("pIC50", "drug_class")
    assert (request.series.tuning.name, request.series.tuning.active_above) == (
        "tuned-my_series", 6.0,
    )  # fmt: skip


def test_structures_and_activities_alone_are_a_series(page, runs, started):
    at = page("model")
    upload(at, "tune-file", "s.csv", f"smiles,pIC50\n{QUERY},8\nCCO,4\n")
    assert at.selectbox(key="tune-value").value.lower() == "pic50"
    assert not at.error
    at.selectbox(key="tune-target").set_value(at.selectbox(key="tune-value").value).run()
    button(at, "tune-go").click().run()
    assert "choose two" in at.error[0].value
    assert jobs.recent() == []


def test_the_encoder_page_shows_card_and_limits(page):
    at = page("model")
    assert "No binding energy" in said(at) or at.error


def test_the_encoder_page_without_weights(page, monkeypatch, tmp_path):
    monkeypatch.setattr(encoders, "bundled_folder", lambda: tmp_path)
    assert "no encoder card" in page("model").error[0].value


def test_a_tuned_encoder_shows_its_figures_before_and_after(page, runs):
    run_id = bare_run(runs, kind="train")
    folder = runs / run_id / "encoder"
    folder.mkdir()
    (folder / "encoder.safetensors").write_bytes(b"")
    figures = {"auroc": 0.55, "bedroc_80p5": 0.03, "auroc_inactives": 0.45}
    told = {"ecfp4": figures, "before": figures, "after": {**figures, "auroc": 0.69}}
    counts = {"held_out": 19, "held_out_actives": 6, "held_out_library": 880}
    card = {"name": "tuned-x", "fine_tuning": told, "training": counts}
    (folder / "card.json").write_text(json.dumps(card))
    at = page("model", run=run_id)
    assert "rest on few actives" in at.warning[0].value
    shown = said(at).replace("\\", "")
    assert "6 held-out actives ranked among 13 held-out inactives and 880 molecules" in shown
    assert "known drugs of other classes" in shown
    assert "AUROC is known to about ± 0.2" in shown
    assert "Tuned." in at.success[0].value
    assert at.selectbox(key="card").value.startswith("tuned-x")
    table = at.dataframe[0].value
    assert table[""].tolist() == ["ECFP4", "before", "after"]
    assert table["AUROC"].tolist() == ["0.550", "0.550", "0.690"]
    assert "AUROC against the inactives" in table.columns
    at.selectbox(key="card").set_value("bundled").run()
    assert "AUROC against the inactives" not in [
        column for table in at.dataframe for column in table.value.columns
    ]


def test_the_error_of_an_auroc_is_the_spread_over_drawn_actives():
    random = np.random.default_rng(0)
    found = []
    for _ in range(2000):
        actives, others = random.exponential(2.0, (6, 1)), random.exponential(1.0, 200)
        found.append((actives > others).mean())  # exponential scores, as the formula supposes
    error = encoders.auroc_error(float(np.mean(found)), 6, 200)
    assert abs(error - np.std(found)) < 0.1 * np.std(found)
    assert encoders.auroc_error(0.7, 6, 900) > 3 * encoders.auroc_error(0.7, 100, 900)


def test_many_held_out_actives_are_told_without_a_warning():
    card = {"training": {"held_out": 300, "held_out_actives": 100}}
    told, few = encoders.evidence(card)
    assert not few
    assert "100 held-out actives" in told
    assert "little" not in told
    assert encoders.evidence({}) == ("", False)
