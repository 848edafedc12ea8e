"""A table of what was measured is read as queries and inactives."""

from __future__ import annotations

import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.errors import InputError
from molsearch.search.actives import read_ligands

TABLE = """smiles,name,pIC50
CC(=O)Oc1ccccc1C(=O)O,aspirin,7.1
CCO,ethanol,3.0
CCN,amine,5.5
CC(=O)Oc1ccccc1C(=O)O,aspirin,6.7
c1ccccc1O,phenol,6.0
CCCl,chloride,
CCO.Cl,ethanol salt,3.4
"""


def read(*queries, inactives=(), **config):
    return read_ligands(
        queries, inactives, ReadConfig(), PrepareConfig(n_conformers=0), ScreenConfig(**config)
    )


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(TABLE)
    return "a.csv"


def test_actives_become_queries_and_inactives_inactives(table):
    found = read(table)
    assert [q.query_id for q in found.queries] == ["aspirin", "phenol"]
    assert found.inactives is not None
    assert [q.query_id for q in found.inactives.molecules] == ["ethanol"]
    assert found.inactives.n_in == found.inactives.n_ok == 1
    (note,) = found.notes
    said = "a.csv: column 'pIC50' is read as the activity: 2 actives (≥ 6) as queries, 1 inactive"
    said += " (< 5), 1 neither, 1 without a value in it"
    assert note == said + "; 2 rows repeat a molecule, which counts by its median"


def test_the_threshold_and_the_column_are_the_users(table):
    assert [q.query_id for q in read(table, active_above=6.5).queries] == ["aspirin"]
    everything = read(table, activity_column="none")
    assert len(everything.queries) == 7
    assert everything.inactives is None
    assert everything.notes == ()
    with pytest.raises(InputError, match=r"a\.csv: no molecule is active by column 'pIC50' \(≥ 9"):
        read(table, active_above=9)
    with pytest.raises(InputError, match=r"a\.csv: no column 'Ki' for the activity"):
        read(table, activity_column="Ki")


def test_tables_structures_and_given_inactives_join(table, tmp_path):
    (tmp_path / "b.csv").write_text("smiles,active\nCCCC,1\nCCBr,0\n")
    found = read(table, "OCCO glycol", "b.csv", inactives=("CCS thiol",))
    assert [q.query_id for q in found.queries] == ["aspirin", "phenol", "glycol", "mol-1"]
    assert [q.query_id for q in found.inactives.molecules] == ["thiol", "ethanol", "mol-2"]
    assert found.inactives.n_in == 3
    assert len(found.notes) == 2
    assert "1 active as the query, 1 inactive, 0 neither" in found.notes[1]


def test_a_file_without_activity_is_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("smiles,id,price,IC50\nCCO,a,1,12\nCCN,b,2,800\n")
    found = read("p.csv")
    assert [q.query_id for q in found.queries] == ["a", "b"]
    assert found.inactives is None
    (note,) = found.notes
    assert note.startswith(
        "p.csv: column 'IC50' has no unit, so each of 2 rows is a query; name it '"
    )
    (tmp_path / "x.csv").write_text("smiles,id,IC50,unit\nCCO,a,1,nM\nCCN,b,2,uM\n")
    with pytest.raises(InputError, match=r"x\.csv: column 'IC50' mixes units"):
        read("x.csv")


def test_queries_without_coordinates_are_told_once_where_theirs_were_asked_for(tmp_path):
    given = PrepareConfig(use_input_3d=True)
    mol = Chem.AddHs(Chem.MolFromSmiles("CCCO"))
    AllChem.EmbedMolecule(mol, randomSeed=1)
    mol.SetProp("_Name", "real")
    flat = Chem.MolFromSmiles("C1CC1")
    AllChem.Compute2DCoords(flat)
    flat.SetProp("_Name", "drawn")
    for name, one in (("real", mol), ("drawn", flat)):
        (tmp_path / f"{name}.sdf").write_text(Chem.MolToMolBlock(one) + "$$$$\n")
    files = [str(tmp_path / "real.sdf"), str(tmp_path / "drawn.sdf")]

    def notes(queries, prepare):
        return read_ligands(queries, (), ReadConfig(), prepare, ScreenConfig()).notes

    assert notes(files[:1], given) == ()
    assert notes([*files, "CCO ethanol"], PrepareConfig()) == ()
    (note,) = notes([*files, "CCO ethanol"], given)
    assert "2 of 3 queries came without 3D coordinates" in note
    assert "('drawn', 'ethanol')" in note
    (note,) = notes(files, given.model_copy(update={"n_conformers": 0}))
    assert "--use-input-3d changes nothing: this library is without conformers" in note


def test_rows_of_a_table_that_cannot_be_used_are_left_out_and_told(table, tmp_path):
    (tmp_path / "a.csv").write_text(TABLE + "C1CC,broken,8.0\n,empty,4.0\n")
    found = read(table)
    assert [q.query_id for q in found.queries] == ["aspirin", "phenol"]
    assert len(found.notes) == 2
    assert "a.csv: 2 of 9 rows cannot be used and do not count: row 9: " in found.notes[1]
    # Of queries that no table calls active each must be usable.
    (tmp_path / "b.csv").write_text("smiles,name\nCCO,one\nC1CC,broken\n")
    with pytest.raises(InputError, match="cannot be used"):
        read("b.csv")
    (tmp_path / "c.csv").write_text("smiles,name,pIC50\nC1CC,broken,8.0\n")
    with pytest.raises(InputError, match=r"c\.csv:2: this query cannot be used"):
        read("c.csv")


def test_values_in_another_column_are_not_lost_in_silence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.csv").write_text(
        "smiles,id,IC50 (nM),Ki (µM),IC50 SD (nM)\n"
        "CCO,a,10,0.5,1\nCCN,b,,0.02,\nCCC,c,,>50,\nCCCl,d,,,3\nCCCO,e,3000,,\n"
    )
    found = read("two.csv")
    assert [q.query_id for q in found.queries] == ["a"]
    (note,) = found.notes
    assert "1 active (≥ 6) as the query, 0 inactives (< 5), 1 neither, 3 without a value" in note
    assert "(but 2 in 'Ki (µM)': one column is read, --activity-column names another)" in note
    assert [q.query_id for q in read("two.csv", activity_column="Ki (µM)").queries] == ["a", "b"]


def test_a_column_that_looks_like_an_activity_is_told_and_read_when_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "smiles,id,EGFR IC50 (nM),hERG pIC50\nCCO,a,10,4\nCCN,b,90000,4.4\nCCC,c,,5\n"
    (tmp_path / "lab.csv").write_text(text)
    found = read("lab.csv")
    assert len(found.queries) == 3
    (note,) = found.notes
    assert note.startswith("lab.csv: each of 3 rows is a query, active or not, though ")
    assert "'EGFR IC50 (nM)'; 'hERG pIC50' look like activities: --activity-column 'EGFR IC" in note
    assert read("lab.csv", activity_column="none").notes == ()
    named = read("lab.csv", activity_column="EGFR IC50 (nM)")
    assert [q.query_id for q in named.queries] == ["a"]
    assert [q.query_id for q in named.inactives.molecules] == ["b"]
    logs = read("lab.csv", activity_column="hERG pIC50", active_above=5)
    assert [q.query_id for q in logs.queries] == ["c"]


def test_a_concentration_without_unit_is_no_logarithm_even_when_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "u.csv").write_text("smiles,id,IC50\nCCO,a,0.02\nCCN,b,12\n")
    with pytest.raises(InputError, match=r"u\.csv: column 'IC50' is no activity: .* unit"):
        read("u.csv", activity_column="IC50")


def test_labels_that_are_not_known_are_neither_and_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "smiles,id,active\nCCO,a,yes\nCCN,b,no\nCCC,c,maybe\nCCCl,d,TRUE\nCCS,e,0\nCCBr,f,\n"
    (tmp_path / "some.csv").write_text(text)
    found = read("some.csv")
    assert [q.query_id for q in found.queries] == ["a", "d"]
    assert [q.query_id for q in found.inactives.molecules] == ["b", "e"]
    (note,) = found.notes
    assert note.endswith(
        "2 actives as queries, 2 inactives, 1 neither, 1 without a value in it; "
        "1 row says neither active nor inactive: 'maybe' (1)"
    )


def test_labels_of_which_few_are_known_are_no_activity_and_said_to_be_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "smiles,id,outcome\nCCO,a,no\nCCN,b,no\nCCC,c,perhaps\nCCS,d,dubious\nCCCl,e,dubious\n"
    (tmp_path / "few.csv").write_text(text)
    found = read("few.csv")
    assert len(found.queries) == 5
    (note,) = found.notes
    assert "column 'outcome' is not read as the activity" in note
    assert "('dubious' (2); 'perhaps' (1) do not), so each of 5 rows is a query" in note
    assert read("few.csv", activity_column="none").notes == ()


def test_a_comma_that_nothing_decides_is_read_as_before_and_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "comma.csv").write_text('smiles,id,IC50 (nM)\nCCO,a,"1,250"\nCCN,b,12\n')
    (note,) = read("comma.csv", active_above=5).notes
    assert note.endswith(
        "; 1,250 is read as 1250, for nothing says that its comma stands before decimals; "
        "write it with a point if it does"
    )
    (tmp_path / "clear.csv").write_text('smiles,id,IC50 (nM)\nCCO,a,"1,250"\nCCN,b,"0,12"\n')
    (note,) = read("clear.csv").notes
    assert "is read as 1" not in note


def test_a_column_beside_that_holds_units_and_more_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "u.csv").write_text("smiles,id,IC50,Einheit\nCCO,a,12,nM\nCCN,b,80,%\n")
    (note,) = read("u.csv").notes
    assert (
        "column 'IC50' has no unit, so each of 2 rows is a query; 'Einheit' is a column of" in note
    )
    (tmp_path / "u.csv").write_text("smiles,id,IC50,Einheit\nCCO,a,12,nM\nCCN,b,80000,nM\n")
    assert [q.query_id for q in read("u.csv").queries] == ["a"]


def test_a_column_of_signs_is_read_and_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "smiles,id,Standard Relation,Standard Value,Standard Units\n"
    text += "CCO,a,=,12,nM\nCCN,b,>,10000,nM\nCCC,c,<,1,nM\nCCS,d,>,10,nM\n"
    (tmp_path / "rel.csv").write_text(text)
    found = read("rel.csv")
    assert [q.query_id for q in found.queries] == ["a", "c"]
    assert [q.query_id for q in found.inactives.molecules] == ["b"]
    (note,) = found.notes
    assert (
        "column 'Standard Value' is read as the activity, with the signs of column 'Standard "
        "Relation': 2 actives (≥ 6) as queries, 1 inactive (< 5), 1 neither" in note
    )


def test_rows_of_several_targets_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "smiles,id,target,pIC50\nCCO,a,EGFR,7.2\nCCN,b,egfr,4.0\nCCO,a,HER2,4.5\n"
    (tmp_path / "t.csv").write_text(text + "CCC,c,HER2,8.0\nCCS,d,HER4,\n")
    note, told = read("t.csv").notes
    assert "1 active" in note
    assert told == (
        "t.csv: column 'target' names 2 targets (EGFR 2 rows; HER2 2 rows), which are taken "
        "together: give one target's rows"
    )
    # One target, and others without a value.
    (tmp_path / "t.csv").write_text("smiles,id,target,pIC50\nCCO,a,EGFR,7.2\nCCN,b,HER2,\n")
    assert len(read("t.csv").notes) == 1


def test_doubted_values_and_repeats_that_disagree_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = "smiles,id,pIC50,Data Validity Comment\nCCO,a,7.2,\nCCO,a,4.1,\nCCN,b,8,\n"
    (tmp_path / "d.csv").write_text(text + "CCC,c,9,Outside typical range\n")
    (note,) = read("d.csv").notes
    assert note.endswith(
        "1 active (≥ 6) as the query, 0 inactives (< 5), 1 neither, 1 without a value in it; "
        "1 value is left out, flagged in 'Data Validity Comment'; 1 row repeats a molecule, which "
        "counts by its median (the values of 1 molecule differ by more than 1 log)"
    )
    (tmp_path / "d.csv").write_text(text.split("CCO")[0] + "CCC,c,9,Outside typical range\n")
    with pytest.raises(InputError, match=r"\(≥ 6\); 1 value is left out, flagged in 'Data V"):
        read("d.csv")


def test_percentages_are_told_to_be_no_activity(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("smiles,id,% inhibition at 10 uM\nCCO,a,95\nCCN,b,4.1\n")
    found = read("p.csv")
    assert len(found.queries) == 2
    (note,) = found.notes
    assert note.startswith(
        "p.csv: each of 2 rows is a query, active or not, though '% inhibition at 10 uM' looks "
        "like an activity in per cent, which is not read: give a column 'active'"
    )
    assert read("p.csv", activity_column="none").notes == ()
