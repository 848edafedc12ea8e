from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from molsearch.bench.benchmarks.counts import compare
from molsearch.bench.benchmarks.dekois import open_dekois
from molsearch.bench.benchmarks.dev import DevScreens
from molsearch.bench.benchmarks.dude import open_dude
from molsearch.bench.benchmarks.folder import FolderBenchmark
from molsearch.bench.benchmarks.litpcba import open_litpcba
from molsearch.bench.benchmarks.muv import open_muv
from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.benchmarks.task import limit
from molsearch.errors import InputError, UsageError

from ..conftest import ACTIVES, DECOYS, make_task
from .test_files import BENZAMIDE, sdf_text


def smi(rows):
    return "".join(f"{smiles} {name}\n" for smiles, name in rows)


def test_dude_folders(tmp_path):
    folder = tmp_path / "ace"
    folder.mkdir()
    (folder / "actives_final.ism").write_text("CCO 1 CHEMBL1\nCCN 2 CHEMBL2\n")
    (folder / "decoys_final.ism.gz").write_bytes(gzip.compress(b"CCC ZINC1\nCCCC ZINC2\nCN Z3\n"))
    (folder / "crystal_ligand.mol2").write_text(BENZAMIDE)
    dude = open_benchmark("dude", tmp_path)
    assert dude.targets() == ["ace"]
    task = dude.load("ace")
    assert task.pool["molecule_id"].tolist() == ["CHEMBL1", "CHEMBL2", "ZINC1", "ZINC2", "Z3"]
    assert task.is_active.tolist() == [True, True, False, False, False]
    assert task.queries[0].smiles == "NC(=O)c1ccccc1"
    assert task.queries[0].molblock
    assert dude.counts().values.tolist() == [["ace", 2, 3, 1]]
    with pytest.raises(InputError, match="no target 'nope': choose from ace"):
        dude.load("nope")
    (folder / "crystal_ligand.mol2").unlink()
    with pytest.raises(InputError, match=r"crystal_ligand\.mol2"):
        dude.load("ace")


def test_dude_tables(tmp_path):
    one = {"smiles": ["CCO"], "id": ["C1"], "target": ["ace"]}
    actives = {**one, "inchikey": ["LFQSCWFLJHTTHZ-UHFFFAOYSA-N"]}
    pd.DataFrame(actives).to_parquet(tmp_path / "actives.parquet")
    pd.DataFrame({**one, "smiles": ["CCC"]}).to_parquet(tmp_path / "decoys.parquet")
    query = {
        "target": "ace",
        "pdb": "1abc",
        "ligand_ccd": "LIG",
        "smiles": "CCN",
        "inchikey": "QUSNBJAOOMFDIB-UHFFFAOYSA-N",
        "uniprot": "P12821",
        "query_source": "FALLBACK medoid active",
    }
    pd.DataFrame([query]).to_parquet(tmp_path / "queries.parquet")
    task = open_dude(tmp_path).load("ace")
    assert (task.uniprot, task.queries[0].query_id) == ("P12821", "1abc:LIG")
    assert task.pool["inchikey"].tolist() == [actives["inchikey"][0], ""]
    assert "medoid" in task.notes[0]
    assert compare(open_dude(tmp_path))["verdict"].tolist() == ["not checked", "differs"]


def litpcba_folder(root):
    folder = root / "PKM2"
    folder.mkdir(parents=True)
    (folder / "actives.smi").write_text(smi([("CCO", 1), ("CCN", 2)]))
    (folder / "inactives.smi").write_text(smi([("CCC", 3)]))
    (folder / "3gqy_ligand.mol2").write_text(BENZAMIDE)
    (folder / "3gr4_ligand.mol2").write_text("nothing")
    return folder


def test_litpcba_full_set_and_splits(tmp_path):
    folder = litpcba_folder(tmp_path)
    task = open_litpcba(tmp_path).load("PKM2")
    assert [q.query_id for q in task.queries] == ["3gqy"]
    assert "3gr4_ligand.mol2" in task.notes[0]
    assert task.protocol == "fused"
    assert task.is_active.tolist() == [True, True, False]
    for name, rows in {
        "active_T": [("CCO", 1)],
        "active_V": [("CCN", 2)],
        "inactive_T": [("CCC", 3)],
        "inactive_V": [("CCCC", 4), ("CCCCC", 5)],
    }.items():
        (folder / f"{name}.smi").write_text(smi(rows))
    split = open_litpcba(tmp_path).load("PKM2").pool
    assert split["split"].tolist() == ["T", "T", "V", "V", "V"]
    assert split["is_active"].tolist() == [True, False, True, False, False]
    (folder / "inactive_V.smi").unlink()
    with pytest.raises(InputError, match=r"no inactive\.smi|no inactive_V\.smi"):
        open_litpcba(tmp_path).load("PKM2")


def test_litpcba_tables_leave_splits_without_inactives_out(tmp_path):
    rows = [
        ("CCO", "A", "active", "T"),
        ("CCN", "A", "active", "V"),
        ("CCC", "A", "inactive", "V"),
        ("CN", "B", "active", "T"),
    ]
    frame = pd.DataFrame(rows, columns=["smiles", "target", "label", "split"])
    frame = frame.assign(inchikey="", id="1", uniprot="P1", gene="G")
    frame.to_parquet(tmp_path / "ligands.parquet")
    query = {"pdb_id": "1abc", "ligand_id": "L", "smiles": "CCCl", "inchikey": ""}
    pd.DataFrame([{"target": t, **query} for t in "AB"]).to_parquet(tmp_path / "queries.parquet")
    found = open_litpcba(tmp_path)
    assert found.targets() == ["A"]
    assert found.load("A").pool["smiles"].tolist() == ["CCN", "CCC"]
    assert any("no inactives for B" in note for note in found.provenance.notes)
    assert found.counts().values.tolist() == [["A", 2, 1, 1], ["B", 1, 0, 1]]


def test_muv_lists(tmp_path):
    rows = "".join(f"ID{i}\t{i}\t{s}\n" for i, s in enumerate(ACTIVES))
    text = "# External ID\tInternal ID\tSMILES\n" + rows
    (tmp_path / "cmp_list_MUV_466_actives.dat.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "cmp_list_MUV_466_decoys.dat").write_text("D1\t1\tCCC\nD2\t2\tCCCC\n")
    (tmp_path / "cmp_list_MUV_548_actives.dat").write_text("A\t1\tCCC\n")
    muv = open_muv(tmp_path)
    assert muv.targets() == ["466"]
    task = muv.load("466")
    assert task.protocol == "each"
    assert len(task.queries) == 5
    assert task.queries == open_muv(tmp_path).load("466").queries
    assert task.queries != open_muv(tmp_path, seed=1).load("466").queries
    assert task.pool["smiles"].tolist() == [*ACTIVES, "CCC", "CCCC"]
    assert muv.counts().values.tolist() == [["466", len(ACTIVES), 2, 0]]


def test_dekois_folders(tmp_path):
    for name in ("ligands", "decoys", "queries"):
        (tmp_path / name).mkdir()
    (tmp_path / "ligands" / "ACE.sdf.gz").write_bytes(gzip.compress(sdf_text(ACTIVES).encode()))
    decoys = tmp_path / "decoys" / "ACE_Celling-v1.12_decoyset.sdf.gz"
    decoys.write_bytes(gzip.compress(sdf_text(DECOYS[:9]).encode()))
    dekois = open_dekois(tmp_path)
    task = dekois.load("ACE")
    assert (task.protocol, len(task.queries)) == ("each", 5)
    assert (int(task.is_active.sum()), len(task.pool)) == (8, 17)
    (tmp_path / "queries" / "ACE.mol2").write_text(BENZAMIDE)
    assert open_dekois(tmp_path).load("ACE").protocol == "fused"
    verdicts = compare(dekois)
    assert verdicts["verdict"].tolist() == ["differs", "differs"]
    assert verdicts["target"].iloc[-1] == "all 1 of 81"


def test_own_folder(tmp_path):
    (tmp_path / "actives.smi").write_text(smi(zip(ACTIVES, "abcdefgh", strict=True)))
    (tmp_path / "decoys.csv").write_text("smiles,name\nCCC,x\nnot-a-molecule,y\nCCN,z\n")
    own = open_benchmark(str(tmp_path))
    assert own.targets() == [tmp_path.name]
    task = own.load(tmp_path.name)
    assert task.protocol == "each"
    assert len(task.pool) == 11
    (tmp_path / "queries.smi").write_text("c1ccccc1 q1\nCCO q2\n")
    assert [q.query_id for q in own.load(tmp_path.name).queries] == ["q1", "q2"]
    assert own.load(tmp_path.name).protocol == "fused"
    (tmp_path / "queries.smi").write_text("c1ccccc1 q1\nC1CC q2\n")
    with pytest.raises(InputError, match="query q2"):
        own.load(tmp_path.name)
    (tmp_path / "actives.csv").write_text("smiles\nC\n")
    with pytest.raises(InputError, match="keep one file of actives"):
        FolderBenchmark(tmp_path)


def test_missing_data_say_where_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_DATA", str(tmp_path))
    for name in ("dude", "litpcba", "muv", "dekois"):
        with pytest.raises(InputError, match=rf"datasets/{name}\.md"):
            open_benchmark(name)
        (tmp_path / name).mkdir()
        with pytest.raises(InputError, match=rf"datasets/{name}\.md"):
            open_benchmark(name)
    with pytest.raises(UsageError, match="choose from dude"):
        open_benchmark("nope")
    with pytest.raises(InputError, match="holds no benchmark"):
        open_benchmark(str(tmp_path))


def test_without_the_variable_it_is_said_what_to_set(monkeypatch):
    monkeypatch.delenv("MOLSEARCH_DATA", raising=False)
    with pytest.raises(InputError, match="set MOLSEARCH_DATA to the folder that holds dude/"):
        open_benchmark("dude")
    with pytest.raises(InputError, match="variable MOLSEARCH_DATA is not set"):
        open_benchmark("dev")


def test_limits_are_nested_and_seeded():
    task = make_task()
    small, large = limit(task, 3, 10, 7), limit(task, 5, 20, 7)
    assert set(small.pool["molecule_id"]) < set(large.pool["molecule_id"])
    assert (int(small.is_active.sum()), len(small.pool)) == (3, 13)
    assert small.pool.equals(limit(task, 3, 10, 7).pool)
    assert not small.pool.equals(limit(task, 3, 10, 8).pool)
    assert limit(task, None, 10**6, 0) is task
    shuffled = make_task()
    order = np.random.default_rng(0).permutation(len(shuffled.pool))
    object.__setattr__(shuffled, "pool", shuffled.pool.iloc[order].reset_index(drop=True))
    again = limit(shuffled, 3, 10, 7)
    assert set(again.pool["molecule_id"]) == set(small.pool["molecule_id"])


@pytest.mark.data
def test_real_counts(shared_data):
    assert compare(open_muv())["verdict"].eq("as published").all()
    dude = open_dude().counts()
    assert dude[["actives", "inactives"]].sum().tolist() == [22_805, 1_411_214]
    verdicts = compare(open_litpcba()).set_index("target")["verdict"]
    assert verdicts["TP53"] == "as published"
    assert verdicts["VDR"] == "actives as published"  # one split: its inactives are not all
    assert verdicts["FEN1"] == "no inactives"


@pytest.mark.data
def test_development_screens(shared_data):
    lite = DevScreens(lite=True)
    assert len(lite.targets()) == 39
    task = lite.load("O43318")
    assert (task.protocol, len(task.queries)) == ("each", 5)
    assert set(task.pool["origin"]) == {"", "chembl", "pubchem"}
    assert len(DevScreens().load("O43318").pool) > len(task.pool)
