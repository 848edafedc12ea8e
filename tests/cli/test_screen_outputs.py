"""``molsearch screen``: one list of hits in every format."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem


@pytest.mark.parametrize("name", ["h.csv", "h.tsv", "h.csv.gz", "h.parquet"])
def test_all_tables_hold_the_same_hits(screen, tmp_path, name):
    assert screen("-k", 4, "-o", tmp_path / name, "--quiet").code == 0
    hits = (
        pd.read_parquet(tmp_path / name)
        if name.endswith("parquet")
        else pd.read_csv(tmp_path / name, sep="\t" if "tsv" in name else ",")
    )
    assert hits["rank"].tolist() == [1, 2, 3, 4]
    assert hits.molecule_id[0] == "aspirin"


def test_an_sd_file_holds_parents_in_3d_with_tags(screen, tmp_path):
    assert screen("-k", 11, "-o", tmp_path / "h.sdf").code == 0
    mols = list(Chem.SDMolSupplier(str(tmp_path / "h.sdf")))
    assert len(mols) == 11
    assert [mol.GetProp("rank") for mol in mols] == [str(i) for i in range(1, 12)]
    first = mols[0]
    assert first.GetProp("_Name") == "aspirin"
    assert first.GetProp("coordinates") == "3D"
    assert first.GetProp("price") == "1"
    assert np.ptp(first.GetConformer().GetPositions(), axis=0).min() > 0.5
    for mol in mols:
        assert Chem.MolToSmiles(mol) == mol.GetProp("parent_smiles")


def test_standard_output_holds_the_table_and_nothing_else(screen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = screen("-k", 3, "-o", "-")
    assert result.code == 0
    hits = pd.read_csv(io.StringIO(result.out))
    assert hits["rank"].tolist() == [1, 2, 3]
    assert list(tmp_path.iterdir()) == []
    assert "3 hits of 11 molecules" in result.err


def test_json_prints_the_account(screen, tmp_path):
    result = screen("-k", 3, "-o", tmp_path / "h.csv", "--json", "--quiet")
    account = json.loads(result.out)
    assert account["n_hits"] == 3
    assert "rank  score" not in result.err


def test_a_page_is_written_beside(screen, tmp_path):
    assert screen("-k", 3, "-o", tmp_path / "h.csv", "--html", tmp_path / "h.html").code == 0
    page = (tmp_path / "h.html").read_text()
    assert "aspirin" in page
    assert "far from the training chemistry" in page


def test_cells_that_spreadsheets_would_run_are_marked_on_request(screen, tmp_path):
    screen("-k", 11, "-o", tmp_path / "a.csv")
    screen("-k", 11, "-o", tmp_path / "b.csv", "--excel-safe")
    assert "=cmd|calc" in pd.read_csv(tmp_path / "a.csv").molecule_id.tolist()
    assert "'=cmd|calc" in pd.read_csv(tmp_path / "b.csv").molecule_id.tolist()
