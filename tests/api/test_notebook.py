"""Python as a notebook uses it: RDKit molecules and tables in, hits that draw themselves out."""

from __future__ import annotations

import sys
import types
import warnings

import numpy as np
import pandas as pd
import pytest
from command_line import make_encoder, make_library
from rdkit import Chem

import molsearch as ms
from molsearch.api.hits import Hits
from molsearch.api.progress import Bars, bar, telling
from molsearch.api.tables import file_of, library_of
from molsearch.chem.given import smiles_of_mol
from molsearch.config import Molecule
from molsearch.errors import InputError, UsageError
from molsearch.service.events import Progress, silent

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    make_library(folder / "library.csv")
    encoder = make_encoder(folder / "encoder")
    index = ms.Index.build(folder / "library.csv", str(encoder), folder / "i", workers=1)
    return folder, index


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def titled(smiles, name):
    molecule = Chem.MolFromSmiles(smiles)
    molecule.SetProp("_Name", name)
    return molecule


def test_queries_in_every_shape_are_the_same_query(world):
    _, index = world
    due = index.search(f"{ASPIRIN} mine", k=5)
    table = pd.DataFrame({"Structure": [ASPIRIN], "name": ["mine"]})
    drawn = pd.DataFrame({"ROMol": [titled(ASPIRIN, "mine")]})
    for given in (titled(ASPIRIN, "mine"), [titled(ASPIRIN, "mine")], table, drawn,
                  Molecule(smiles=ASPIRIN, id="mine")):  # fmt: skip
        found = index.search(given, k=5)
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(due))
    series = index.search(pd.Series([ASPIRIN, "CCO"]), k=5)
    assert set(series.nearest_query) <= {ASPIRIN, "CCO"}


def test_enhanced_stereo_of_a_molecule_is_kept():
    smiles, _ = smiles_of_mol(Chem.MolFromSmiles("C[C@H](N)C(=O)O |&1:1|"))
    assert Chem.MolFromSmiles(smiles).GetStereoGroups()


def test_one_call_screens_tables_and_molecules_and_finds_them_again(world, tmp_path):
    folder, index = world
    table = pd.read_csv(folder / "library.csv")
    encoder = str(folder / "encoder")
    due = index.search(ASPIRIN, k=4)
    how = {"encoder": encoder, "workers": 1}
    for library in (table, folder / "library.csv"):
        found = ms.screen(ASPIRIN, library, k=4, **how)
        assert found.molecule_id.tolist() == due.molecule_id.tolist()
        assert found.score.tolist() == pytest.approx(due.score.tolist())
    kept = sorted((tmp_path / "cache").rglob("manifest.json"))
    ms.screen("CCO", table, k=1, **how)
    assert sorted((tmp_path / "cache").rglob("manifest.json")) == kept
    assert ms.screen(ASPIRIN, index, k=4).equals(due)
    assert ms.screen(ASPIRIN, folder / "i", k=4, encoder=encoder).equals(due)
    with pytest.raises(UsageError, match="encoder already"):
        ms.screen(ASPIRIN, index, encoder=encoder)


def test_molecules_as_a_library_keep_ids_properties_and_failures(world):
    folder, _ = world
    first = titled(ASPIRIN, "a-1")
    first.SetProp("vendor", "Acme")
    library = ms.Library.open([first, None, Chem.MolFromSmiles("CCO")])
    prepared = library.prepare(folder / "of-mols", workers=1)
    assert len(prepared) == 2
    assert len(prepared.failures()) == 1
    index = ms.Index.build(prepared, str(folder / "encoder"), folder / "of-mols-index")
    hits = index.search(ASPIRIN, k=2)
    assert hits.molecule_id[0] == "a-1"
    assert hits.vendor[0] == "Acme"
    with pytest.raises(UsageError, match="no file of molecules"):
        library_of([5])


def test_equal_tables_are_one_file_and_no_column_is_lost():
    table = pd.DataFrame({"smiles": ["CCO"], "price": [1.5], 3: ["x"]})
    assert file_of(table) == file_of(table.copy())
    assert file_of(table) != file_of(table.assign(price=2.0))
    assert pd.read_parquet(file_of(table)).columns.tolist() == ["smiles", "price", "3"]


def test_values_of_several_types_are_kept_as_their_texts(world):
    folder, _ = world
    odd = {"price": [1.5, "n/a", 3], "seen": [True, "no", None]}
    table = pd.DataFrame({"smiles": ["CCO", 5, "CCN"], **odd})
    read = pd.read_parquet(file_of(table))
    assert read.smiles.tolist() == ["CCO", "5", "CCN"]
    assert read.price.tolist() == ["1.5", "n/a", "3"]
    assert read.seen.fillna("").tolist() == ["True", "no", ""]
    prepared = ms.Library.open(table).prepare(folder / "odd", workers=1)
    assert len(prepared) == 2
    assert prepared.failures().row.tolist() == [2]


@pytest.mark.parametrize(
    ("table", "error", "match"),
    [
        (pd.DataFrame({"smiles": []}), InputError, "the DataFrame of molecules has no rows"),
        (pd.DataFrame({"x": ["1"], "y": [2]}), InputError, "SMILES; it has 'x', 'y': name the one"),
        (pd.DataFrame([["CCO", 1]], columns=["smiles", "smiles"]), UsageError, "two columns 'smi"),
    ],
)
def test_a_table_that_is_no_library_is_one_line(table, error, match):
    with pytest.raises(error, match=match):
        ms.Library.open(table)


def test_a_column_of_structures_may_be_named():
    table = pd.DataFrame({"x": ["CCO", "CCN"], "smiles": ["CCC", "CCCl"]})
    assert ms.Library.open(table, smiles_column="x").read.smiles_column == "x"


def test_a_batch_is_every_screen_by_itself(world):
    _, index = world
    queries = [f"{ASPIRIN} a", "Cn1cnc2c1c(=O)n(C)c(=O)n2C b"]
    told = []
    both = index.search(queries, k=3, batch=True, progress=lambda done, failed: told.append(done))
    assert both["query"].tolist() == ["a"] * 3 + ["b"] * 3
    for text in queries:
        alone = index.search(text, k=3)
        mine = both[both["query"] == text.split()[1]].drop(columns="query").reset_index(drop=True)
        pd.testing.assert_frame_equal(pd.DataFrame(mine), pd.DataFrame(alone))
    with pytest.raises(UsageError, match="leave them out"):
        index.search(queries, batch=True, output="x.csv")


def test_hits_draw_themselves_and_escape_what_is_the_users(world):
    _, index = world
    hits = index.search(f"{ASPIRIN} <b>me", k=5)
    assert isinstance(hits, Hits)
    hits.loc[0, "molecule_id"] = "<script>x</script>"
    page = hits._repr_html_()
    assert page.count("<svg") == 5
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "5 hits" in page
    assert "the first 2 of 5 hits" in hits.view(2)._repr_html_()
    # A part of the list is drawn as well, in the query's orientation; a part without structures
    # is a table.
    assert isinstance(hits.head(2), Hits)
    assert hits.head(2).query_smiles == hits.query_smiles
    assert hits.head(2)._repr_html_().count("<svg") == 2
    assert "<svg" not in hits[["rank", "score"]]._repr_html_()
    with pytest.raises(UsageError, match="no column of structures"):
        hits[["rank", "score"]].view()


def test_hits_are_rdkit_molecules_again(world):
    _, index = world
    hits = index.search(ASPIRIN, k=3)
    molecules = hits.mols()
    assert [one.GetProp("_Name") for one in molecules] == hits.molecule_id.tolist()
    assert [one.GetDoubleProp("score") for one in molecules] == hits.score.tolist()
    assert Chem.MolToSmiles(molecules[0]) == hits.parent_smiles[0]


def test_progress_is_silent_in_a_script_and_a_bar_in_a_notebook(monkeypatch, capsys):
    assert telling(None) is silent
    assert telling(False) is silent
    telling(True)(Progress(stage="embedding", done=5, failed=1, ended=True))
    assert capsys.readouterr().err == "embedding: 5, 1 failed\n"
    shown = []

    class Handle:
        def update(self, what):
            shown.append(what)

    def display(what, display_id):
        shown.append(what)
        return Handle()

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=1)
    ipython_display = types.ModuleType("IPython.display")
    ipython_display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython_display)
    tell = telling(None)
    assert isinstance(tell, Bars)
    for done in (1, 2):
        tell(Progress(stage="<b>", done=done, total=4))
    assert len(shown) == 2
    assert "value='2'" in shown[1]._repr_html_()
    assert "<b>" not in shown[1]._repr_html_()
    assert repr(shown[1]) == "<b>: 2 of 4"
    assert "max='1' value='1'" in bar(Progress(stage="x", done=2, ended=True))[0]


@pytest.mark.parametrize(
    "given",
    [
        pd.Series(["CCO", None, "C[N+](C)C"]),
        ["bad(", "CCO a", "CCN b"],
        np.array(["CCO", "CCN"]),
        ("CCO", None),
        "C" * 200 + "O",
        "CCO",
    ],
)
def test_smiles_alone_are_no_library(given):
    with pytest.raises(UsageError, match="SMILES is no library: pass a DataFrame with a column"):
        library_of(given)


def test_names_of_files_are_a_library(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "CCO").write_text("CCN\n")
    for names in (["CCO", "CCN"], ["vendor.smi"], ["-"], ["parts/*.smi.gz"]):
        assert library_of(names) == names
