"""``molsearch screen``: files of queries, several queries, and tables of actives."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from command_line import ASPIRIN, MOLECULES
from rdkit import Chem


def test_how_files_of_queries_were_read_is_told_once(screen, tmp_path):
    (tmp_path / "q.csv").write_text("Name,Batch,SMILES\nq1,7,CC(=O)Oc1ccccc1C(=O)O\n")
    (tmp_path / "no.csv").write_text("code,canonical_smiles\nn1,CCO\n")
    result = screen("-q", tmp_path / "q.csv", "--inactives", tmp_path / "no.csv",
                    "--dissimilar-to", tmp_path / "no.csv", "-o", tmp_path / "h.csv")  # fmt: skip
    assert result.err.count(f"{tmp_path / 'q.csv'}: structure from SMILES, id from Name") == 1
    assert result.err.count("no.csv: structure from canonical_smiles, id from code") == 1
    given = json.loads((tmp_path / "h.csv.run.json").read_text())["given"]
    assert [(one["structure"], one["molecule_id"]) for one in given["reading"]] == [
        ("SMILES", "Name"), ("canonical_smiles", "code")
    ]  # fmt: skip
    assert [one["n_sources"] for one in given["reading"]] == [1, 1]
    assert given["activity_columns"] == {}
    table = tmp_path / "t.csv"
    table.write_text("smiles,id,pIC50\nCCO,a,8.0\nCCN,b,4.0\n")
    assert screen("-q", table, "-o", tmp_path / "t-hits.csv").code == 0
    given = json.loads((tmp_path / "t-hits.csv.run.json").read_text())["given"]
    assert given["activity_columns"] == {str(table): "pIC50"}
    (tmp_path / "q.smi").write_text("CCO\n")
    assert "structure from" not in screen("-q", tmp_path / "q.smi", "-o", tmp_path / "i.csv").err


def test_likeness_to_a_vector_is_an_empty_cell(screen, world, tmp_path):
    from molsearch.index.reader import open_index

    np.save(tmp_path / "v.npy", np.array(open_index(world.index).embeddings(0)[0]))
    result = screen("-k", 2, "-o", tmp_path / "h.csv", query=tmp_path / "v.npy")
    assert result.code == 0, result.err
    assert "the embedding alone ranks" in result.err
    assert "score: cosine of the embeddings\n" in result.err
    assert "nan" not in result.err


def test_query_files_and_several_queries(screen, molsearch, world, tmp_path):
    (tmp_path / "q.csv").write_text("structure,label\nCn1cnc2c1c(=O)n(C)c(=O)n2C,q-caffeine\n")
    result = molsearch(
        "screen", "-q", tmp_path / "q.csv", "-q", ASPIRIN, "-i", world.index,
        "-s", "structure", "--id-column", "label",
        "--encoder", world.encoder, "-k", 3, "-o", tmp_path / "h.csv",
    )  # fmt: skip
    assert result.code == 0
    hits = pd.read_csv(tmp_path / "h.csv").set_index("molecule_id")
    assert hits.nearest_query["caffeine"] == "q-caffeine"
    assert hits.nearest_query["aspirin"] == "aspirin"
    told = json.loads((tmp_path / "h.csv.run.json").read_text())["leave_one_out"]
    assert [one["query_id"] for one in told["queries"]] == ["q-caffeine", "aspirin"]
    assert f"queries against each other: {told['sentence']}" in result.err
    assert "nearest" in result.err


def test_given_3d_coordinates_of_a_query_are_used(screen, molsearch, world, tmp_path):
    from rdkit.Chem import AllChem

    mol = Chem.AddHs(Chem.MolFromSmiles(dict(MOLECULES)["menthol"]))
    AllChem.EmbedMultipleConfs(mol, 3, randomSeed=7)
    with Chem.SDWriter(str(tmp_path / "q.sdf")) as writer:
        mol.SetProp("_Name", "menthol")
        for conformer in range(3):
            writer.write(mol, confId=conformer)
    run = ("-k", 2, "-o")
    assert screen(*run, tmp_path / "a.csv", query=tmp_path / "q.sdf").code == 0
    result = screen(*run, tmp_path / "b.csv", "--use-input-3d", query=tmp_path / "q.sdf")
    assert result.code == 0
    account = json.loads((tmp_path / "b.csv.run.json").read_text())
    assert account["queries"][0]["n_conformers"] == 3
    assert len(account["queries"]) == 1
    a, b = (pd.read_csv(tmp_path / name) for name in ("a.csv", "b.csv"))
    assert a.score[0] != b.score[0]
    assert a.molecule_id[0] == b.molecule_id[0] == "menthol"


def test_a_table_of_actives_is_read_as_one(screen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assay.csv").write_text(
        "smiles,name,IC50 (nM)\n"
        "CC(=O)Oc1ccccc1C(=O)O,aspirin,20\nOC(=O)c1ccccc1O,salicylic acid,>50000\nCCO,e,3000\n"
    )
    weigh = ("--inactives-weight", 0.5)
    result = screen("-k", 3, "-o", "h.csv", "--html", "h.html", *weigh, query="assay.csv")
    assert result.code == 0, result.err
    line = "1 active (≥ 6) as the query, 1 inactive (< 5), 1 neither"
    assert f"molsearch: warning: assay.csv: column 'IC50 (nM)' is read as the activity: {line}" in (
        result.err
    )
    account = json.loads((tmp_path / "h.csv.run.json").read_text())
    assert [query["id"] for query in account["queries"]] == ["aspirin"]
    assert [one["id"] for one in account["inactives"]["molecules"]] == ["salicylic acid"]
    assert "similarity_score" in pd.read_csv(tmp_path / "h.csv")
    assert "1 active (≥ 6) as the query" in (tmp_path / "h.html").read_text()
    (tmp_path / "two.csv").write_text("smiles,name,IC50,unit\nCCO,a,1,nM\nCCN,b,2,uM\n")
    refused = screen("-k", 3, "-o", "x.csv", query="two.csv")
    assert refused.code == 3
    assert "two.csv: column 'IC50' mixes units (nm in 1, um in 1, by column 'unit')" in refused.line
    plain = screen("-k", 3, "-o", "y.csv", *weigh, "--activity-column", "none", query="assay.csv")
    assert plain.code == 2
    assert "give them with --inactives" in plain.line
    assert not (tmp_path / "x.csv").exists()
    assert not (tmp_path / "y.csv").exists()
