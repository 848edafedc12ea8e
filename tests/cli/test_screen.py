"""``molsearch screen``: hit lists, formats, filters, inactives, and the cache."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack

import numpy as np
import pandas as pd
import pytest
from command_line import ASPIRIN, MOLECULES
from rdkit import Chem

from molsearch.cli.telling import Terminal
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.nn.weights import load_encoder
from molsearch.scoring.default import balanced
from molsearch.search.hits import COLUMNS
from molsearch.service.events import Waiting
from molsearch.service.library import cache_place, making


def test_a_hit_list_with_everything_a_user_reads(screen, world, tmp_path):
    result = screen("-k", 5, "-o", tmp_path / "hits.csv")
    assert result.code == 0
    hits = pd.read_csv(tmp_path / "hits.csv")
    assert hits.columns.tolist() == [*COLUMNS, "price"]
    assert hits["rank"].tolist() == [1, 2, 3, 4, 5]
    # Aspirin and its potassium salt have one parent: both mark the query, ordered by id.
    assert hits.molecule_id.tolist()[:2] == ["aspirin", "thrice"]
    assert hits.is_query.tolist()[:3] == [True, True, False]
    assert hits.ecfp4_similarity.tolist()[:2] == [1.0, 1.0]
    assert hits.score[0] == pytest.approx(2, abs=2e-3)
    assert hits.molsearch_score[0] == pytest.approx(1, abs=2e-3)
    assert hits.price[1] == 12
    assert hits.smiles[1] == "CC(=O)Oc1ccccc1C(=O)[O-].[K+]"
    assert hits.background_percentile.between(0, 100).all()
    noted = [" query" in line and line.split()[0] in ("1", "2") for line in result.err.splitlines()]
    assert noted.count(True) == 2
    assert "5 hits of 11 molecules in" in result.err
    assert "search 0." in result.err
    assert "lies far from the training chemistry" in result.err
    account = json.loads((tmp_path / "hits.csv.run.json").read_text())
    assert account["config"]["k"] == 5
    assert account["n_hits"] == 5
    assert account["queries"][0]["id"] == "aspirin"
    ranked = account["ranking"]
    assert (ranked["rank"], ranked["expression"]) == ("balanced", str(balanced(1)))
    assert ranked["words"] in result.err
    assert set(account["seconds"]) >= {"embed queries", "search", "hit list", "write"}
    assert len(account["warnings"]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hits.csv", "hits.csv.run.json"]


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


@pytest.mark.parametrize(
    ("options", "absent", "n"),
    [
        (("--drop-query",), {"aspirin", "thrice"}, 9),
        (("--unique", "parent"), {"thrice"}, 10),
        (("--where", "mw<150, hbd>=1"), {"aspirin", "caffeine", "nitrobenzene"}, None),
        (("--no-alerts",), {"nitrobenzene"}, None),
        (
            ("--include-smarts", "c", "--exclude-smarts", "[N+](=O)[O-]"),
            {"alanine", "nitrobenzene"},
            6,
        ),
    ],
)
def test_filters(screen, tmp_path, options, absent, n):
    assert screen("-k", 11, "-o", tmp_path / "h.csv", *options).code == 0
    hits = pd.read_csv(tmp_path / "h.csv")
    assert not absent & set(hits.molecule_id)
    assert n is None or len(hits) == n
    assert 0 < len(hits) < 11


def test_more_hits_than_molecules_returns_all_without_a_warning(screen, tmp_path):
    result = screen("-k", 5000, "-o", tmp_path / "h.csv")
    assert result.code == 0
    assert len(pd.read_csv(tmp_path / "h.csv")) == 11
    assert "asked" not in result.err
    assert "11 hits" in result.err


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


def test_a_library_is_indexed_once_and_found_again(molsearch, world, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    base = (
        "screen",
        "-q",
        ASPIRIN,
        "--encoder",
        world.encoder,
        "-n",
        1,
        "--conformers",
        0,
        "-k",
        4,
    )
    failed = tmp_path / "failed.csv"
    first = molsearch(*base, "-l", world.library, "-o", tmp_path / "a.csv", "--failures", failed)
    assert first.code == 0
    assert "index of this library will be kept in" in first.err
    failed_first = failed.read_text()
    # The same content elsewhere is the same library, and is spoken of by its name of today.
    moved = tmp_path / "moved" / world.library.name
    moved.parent.mkdir()
    shutil.copy(world.library, moved)
    second = molsearch(
        *base, "-l", moved, "-o", tmp_path / "b.csv", "--failures", failed, "--overwrite",
        "--where", f'source="{moved}"',
    )  # fmt: skip
    assert second.code == 0
    assert "index of this library found in" in second.err
    assert f"{world.library} row" not in second.err
    assert f"first: {moved} row" in second.err
    third = molsearch(*base, "-l", moved, "-o", tmp_path / "c.csv", "--where", "Name=x")
    assert third.code == 2
    assert "Name was read as the ids of the library; compare molecule_id in its" in third.err
    names = str(world.library), str(moved)
    hits = [(tmp_path / name).read_text() for name in ("a.csv", "b.csv")]
    assert hits[0].replace(*names) == hits[1] != hits[0]
    assert failed_first.replace(*names) == failed.read_text() != failed_first
    account = json.loads((tmp_path / "b.csv.run.json").read_text())
    assert account["index"]["sources"] == [str(moved)]
    assert account["index"]["reading"][0]["source"] == str(moved)

    # Another encoder keeps the prepared set; damage is mended by making the index again.
    other = ("screen", "-q", ASPIRIN, "--encoder", world.other_encoder, "-n", 1, "--conformers", 0)
    assert molsearch(*other, "-l", world.library, "-o", tmp_path / "c.csv").code == 0
    assert len(list((tmp_path / "cache").rglob("index-*/manifest.json"))) == 2
    assert len(list((tmp_path / "cache").rglob("prepared/manifest.json"))) == 1
    for path in (tmp_path / "cache").rglob("embeddings.npy"):
        path.write_bytes(b"")
    third = molsearch(*base, "-l", world.library, "-o", tmp_path / "d.csv")
    assert third.code == 0
    assert "it is made again" in third.err
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "d.csv").read_text()


def test_two_screens_of_a_new_library_at_once_both_succeed(world, tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [
        *(sys.executable, "-m", "molsearch", "screen", "-q", ASPIRIN, "-l", str(world.library)),
        *("--encoder", str(world.encoder), "-n", "1", "--conformers", "0", "-k", "4"),
    ]
    runs = [
        subprocess.Popen(
            [*command, "-o", str(tmp_path / name)], env=environment, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )
        for name in ("a.csv", "b.csv")
    ]  # fmt: skip
    told = [run.communicate(timeout=240)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert sum("index of this library will be kept" in one for one in told) == 1
    assert sum("index of this library found in" in one for one in told) == 1
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()


def test_a_screen_waits_for_who_makes_the_index(molsearch, world, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    encoder = load_encoder(world.encoder, device="cpu").identity
    place = cache_place([world.library], ReadConfig(), PrepareConfig(n_conformers=0), encoder)
    told = []
    holding = ExitStack()
    holding.enter_context(making(place))
    # The other run ends as soon as this one waits for it.
    tell = Terminal.__call__

    def let_go(terminal, event):
        tell(terminal, event)
        if isinstance(event, Waiting):
            told.append(event)
            holding.close()

    monkeypatch.setattr(Terminal, "__call__", let_go)
    options = ("-n", 1, "--conformers", 0, "-k", 4, "-o", tmp_path / "a.csv")
    found = molsearch(
        "screen", "-q", ASPIRIN, "--encoder", world.encoder, "-l", world.library, *options
    )
    assert len(told) == 1
    assert found.code == 0
    assert "waiting: another run is making the index" in found.err


def test_ids_that_repeat_in_a_raw_library_are_told(molsearch, world, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    library = tmp_path / "l.smi"
    library.write_text("CCO a\nCCN b\nCCCO a\n")
    out = ("--conformers", 0, "-n", 1, "-o", tmp_path / "a.csv")
    found = molsearch("screen", "-q", ASPIRIN, "--encoder", world.encoder, "-l", library, *out)
    assert found.code == 0
    assert "1 id occurs more than once: 'a' (2×); all 2 molecules are kept" in found.err


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


def test_conditions_on_the_users_columns(screen, tmp_path):
    assert screen("-k", 11, "-o", tmp_path / "h.csv", "--where", "3<=PRICE<6").code == 0
    assert sorted(pd.read_csv(tmp_path / "h.csv").price) == [3, 4, 5]


def test_a_table_of_actives_is_read_as_one(screen, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assay.csv").write_text(
        "smiles,name,IC50 (nM)\n"
        "CC(=O)Oc1ccccc1C(=O)O,aspirin,20\nOC(=O)c1ccccc1O,salicylic acid,>50000\nCCO,e,3000\n"
    )
    weigh = ("--inactives-weight", 0.5)
    result = screen("-k", 3, "-o", "h.csv", "--html", "h.html", *weigh, query="assay.csv")
    assert result.code == 0, result.err
    line = "1 active (≥ 6) as queries, 1 inactive (< 5), 1 neither"
    assert f"molsearch: warning: assay.csv: column 'IC50 (nM)' is read as the activity: {line}" in (
        result.err
    )
    account = json.loads((tmp_path / "h.csv.run.json").read_text())
    assert [query["id"] for query in account["queries"]] == ["aspirin"]
    assert [one["id"] for one in account["inactives"]["molecules"]] == ["salicylic acid"]
    assert "similarity_score" in pd.read_csv(tmp_path / "h.csv")
    assert "1 active (≥ 6) as queries" in (tmp_path / "h.html").read_text()
    (tmp_path / "two.csv").write_text("smiles,name,IC50,unit\nCCO,a,1,nM\nCCN,b,2,uM\n")
    refused = screen("-k", 3, "-o", "x.csv", query="two.csv")
    assert refused.code == 3
    assert "two.csv: column 'IC50' mixes units (nm in 1, um in 1, by column 'unit')" in refused.line
    plain = screen("-k", 3, "-o", "y.csv", *weigh, "--activity-column", "none", query="assay.csv")
    assert plain.code == 2
    assert "give them with --inactives" in plain.line
    assert not (tmp_path / "x.csv").exists()
    assert not (tmp_path / "y.csv").exists()
