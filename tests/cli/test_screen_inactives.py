"""``molsearch screen --inactives``: known inactives lower scores, or are left out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem


def test_inactives_are_counted_and_their_columns_written_everywhere(screen, tmp_path):
    (tmp_path / "i.smi").write_text("Cn1cnc2c1c(=O)n(C)c(=O)n2C inactive-1\nC1CC bad\n")
    given = ("--inactives", tmp_path / "i.smi", "--inactives", "OC(=O)c1ccccc1O inactive 2")
    run = ("-k", 11, *given, "--inactives-weight", 0.5)
    result = screen(*run, "-o", tmp_path / "h.csv", "--html", tmp_path / "h.html")
    assert result.code == 0
    hits = pd.read_csv(tmp_path / "h.csv").set_index("molecule_id", drop=False)
    new = ["nearest_inactive", "inactive_score", "is_inactive", "similarity_score"]
    assert hits.columns[10:14].tolist() == new
    assert hits.nearest_inactive["caffeine"] == "inactive-1"
    assert hits.inactive_score["salicylic acid"] == pytest.approx(1, abs=2e-3)
    assert set(hits[hits.is_inactive].molecule_id) == {"caffeine", "salicylic acid"}
    assert hits.score.is_monotonic_decreasing
    due = hits.similarity_score - 0.5 * hits.inactive_score
    np.testing.assert_allclose(hits.score, due, atol=1e-3)
    assert "1 of 3 inactives cannot be used and do not count: " in result.err
    assert "i.smi:2: " in result.err
    account = json.loads((tmp_path / "h.csv.run.json").read_text())["inactives"]
    assert (account["n_in"], account["n_ok"], account["n_failed"]) == (3, 2, 1)
    assert [one["id"] for one in account["molecules"]] == ["inactive-1", "inactive 2"]
    assert account["failures"][0]["row"] == 2
    page = (tmp_path / "h.html").read_text()
    assert "known inactives" in page
    assert "inactives that cannot be used" in page
    for name in ("h.sdf", "h.parquet"):
        assert screen(*run, "-o", tmp_path / name, "--quiet").code == 0
    parquet = pd.read_parquet(tmp_path / "h.parquet")
    first = next(Chem.SDMolSupplier(str(tmp_path / "h.sdf")))
    assert parquet.molecule_id.tolist() == hits.molecule_id.tolist()
    assert first.GetProp("nearest_inactive") == parquet.nearest_inactive[0]
    assert float(first.GetProp("inactive_score")) == pytest.approx(
        parquet.inactive_score[0], abs=1e-5
    )


@pytest.mark.parametrize(
    ("width", "shown"), [(80, []), (90, ["inactive"]), (130, ["inactive", "before"])]
)
def test_ids_and_structures_keep_their_room_beside_inactives(
    screen, tmp_path, monkeypatch, width, shown
):
    monkeypatch.setenv("COLUMNS", str(width))
    given = ("--inactives", "OC(=O)c1ccccc1O", "--inactives-weight", 0.5)
    lines = screen("-k", 3, "-o", tmp_path / "h.csv", *given).err.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("rank "))
    assert [word for word in ("inactive", "before") if f" {word} " in lines[start]] == shown
    assert "aspirin" in lines[start + 1]
    assert "CC(=O)Oc1ccccc1C(=O)O" in lines[start + 1]
    plain = screen("-k", 3, "-o", tmp_path / "p.csv").err.splitlines()
    assert lines[start].split()[:4] == ["rank", "score", "above", "ECFP4"]
    if not shown:
        (head,) = [line for line in plain if line.startswith("rank ")]
        assert lines[start] == head


def test_inactives_are_left_out_on_request(screen, tmp_path):
    given = ("--inactives", "OC(=O)c1ccccc1O", "--drop-inactives", "--where", "inactive_score<1")
    assert screen("-k", 11, "-o", tmp_path / "h.csv", *given).code == 0
    hits = pd.read_csv(tmp_path / "h.csv")
    assert len(hits) == 10
    assert "salicylic acid" not in set(hits.molecule_id)
