"""The Python interface."""

from __future__ import annotations

import subprocess
import sys
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from command_line import make_encoder, make_library

import molsearch as ms
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import EncoderMismatchError, InputError, UsageError
from molsearch.service.library import cache_place, making


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    make_library(folder / "library.csv")
    encoder = ms.load_encoder(make_encoder(folder / "encoder"), device="cpu")
    library = ms.Library.open(folder / "library.csv", id_column="name")
    prepared = library.prepare(folder / "prepared", workers=1)
    index = ms.Index.build(prepared, encoder, folder / "library.index")
    return folder, prepared, index


def search(index, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return index.search(*arguments, **options)


def test_a_library_is_lazy_until_prepared(made, tmp_path):
    folder, prepared, _ = made
    library = ms.Library.open(folder / "library.csv")
    assert "not prepared" in repr(library)
    with pytest.raises(TypeError, match="known when it is prepared"):
        len(library)
    with pytest.raises(UsageError, match="call prepare first"):
        library.failures()
    assert len(prepared) == 11
    assert prepared.failures().molecule_id.tolist() == ["broken"]
    assert prepared.prepare(tmp_path / "unused") is prepared
    assert len(ms.Library.open(folder / "prepared")) == 11


def test_search_returns_a_hit_list(made):
    _, _, index = made
    with pytest.warns(UserWarning, match="far from the training chemistry"):
        hits = index.search("CC(=O)Oc1ccccc1C(=O)O", k=3)
    assert isinstance(hits, pd.DataFrame)
    assert hits["rank"].tolist() == [1, 2, 3]
    assert hits.molecule_id[0] == "aspirin"
    assert len(index) == 11
    assert "11 molecules, 256 dimensions" in repr(index)
    assert index.failures().stage.tolist() == ["parse"]
    assert index.verify() == []


def test_search_takes_inactives(made, tmp_path):
    _, _, index = made
    (tmp_path / "i.csv").write_text("smiles,name\nOC(=O)c1ccccc1O,salicylic\nC1CC,bad\n")
    with pytest.warns(UserWarning, match="1 of 2 inactives cannot be used"):
        hits = index.search(
            "CC(=O)Oc1ccccc1C(=O)O", k=11, inactives=tmp_path / "i.csv", inactives_weight=1.0
        )
    assert set(hits.nearest_inactive) == {"salicylic"}
    assert hits.set_index("molecule_id").is_inactive["salicylic acid"]
    plain = search(index, "CC(=O)Oc1ccccc1C(=O)O", k=11, inactives=["OC(=O)c1ccccc1O"])
    assert hits.molecule_id.tolist() != plain.molecule_id.tolist()
    assert "similarity_score" not in plain
    assert hits.score.is_monotonic_decreasing
    due = plain.set_index("molecule_id").score[hits.molecule_id]
    np.testing.assert_allclose(hits.similarity_score, due, atol=1e-6)
    with pytest.raises(UsageError, match="inactives_weight"):
        search(index, "CCO", inactives="CCN", inactives_weight=-1)
    with pytest.raises(UsageError, match="give them with --inactives"):
        search(index, "CCO", inactives_weight=1)


def test_search_takes_lists_files_and_options(made, tmp_path):
    _, _, index = made
    (tmp_path / "q.smi").write_text("CCO ethanol\n")
    hits = search(
        index,
        ["CC(=O)Oc1ccccc1C(=O)O aspirin", tmp_path / "q.smi"],
        k=20,
        fusion="max",
        where="mw<200",
        exclude_smarts="[N+](=O)[O-]",
        unique="parent",
        query_conformers=2,
        output=tmp_path / "hits.sdf",
    )
    assert set(hits.nearest_query) == {"aspirin", "ethanol"}
    assert (hits.mw < 200).all()
    assert "nitrobenzene" not in set(hits.molecule_id)
    assert hits.inchikey.is_unique
    assert (tmp_path / "hits.sdf").read_text().count("$$$$") == len(hits)
    with pytest.raises(UsageError, match="exists"):
        index.search("CCO", output=tmp_path / "hits.sdf")


def test_open_checks_the_encoder_at_the_first_search(made, tmp_path):
    folder, _, _ = made
    other = ms.Index.open(
        folder / "library.index", make_encoder(tmp_path / "other", 2), device="cpu"
    )
    assert len(other) == 11
    with pytest.raises(EncoderMismatchError):
        other.search("CCO")
    same = ms.Index.open(folder / "library.index", str(folder / "encoder"), device="cpu")
    assert search(same, "CCO", k=1).shape[0] == 1


def test_a_library_by_its_path_is_prepared_in_the_index_or_kept_in_the_cache(
    made, tmp_path, monkeypatch
):
    folder, _, index = made
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = {"workers": 1, "n_conformers": 0}
    beside = ms.Index.build(folder / "library.csv", index.encoder, tmp_path / "i", **options)
    assert (tmp_path / "i" / "prepared").is_dir()
    cached = ms.Index.build(str(folder / "library.csv"), index.encoder, **options)
    assert tmp_path / "cache" in cached.path.parents
    again = ms.Index.build(folder / "library.csv", index.encoder, **options)
    assert again.path == cached.path
    assert len(beside) == len(cached) == 11


def test_rows_of_a_library_that_cannot_be_used_are_warned_of(made, tmp_path, monkeypatch):
    folder, prepared, index = made
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    frame = pd.DataFrame({"smiles": ["CCO", "c1ccccc1O", "CCN", "xx", None]})
    said = "2 of 5 records could not be used; first: the molecules given, row 4: parse: not a"
    for _ in range(2):  # made, then found in the cache
        with pytest.warns(UserWarning, match=said):
            hits = ms.screen("CCO", frame, k=3, encoder=index.encoder, workers=1)
    assert hits.attrs["molsearch"]["library"] == {"n_in": 5, "n_ok": 3, "n_failed": 2}
    one = "1 of 12 records could not be used; first: .*library.csv row"
    for out, library in ((None, folder / "library.csv"), (tmp_path / "i", prepared)):
        with pytest.warns(UserWarning, match=one):
            ms.Index.build(library, index.encoder, out, workers=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ms.Index.build(frame[:3], index.encoder, workers=1)


def test_a_library_in_the_cache_is_made_by_one_at_a_time(made, tmp_path, monkeypatch):
    folder, _, index = made
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    library = folder / "library.csv"
    config = PrepareConfig(n_conformers=0)
    place = cache_place([library], ReadConfig(), config, index.encoder.identity)
    found = []

    def build():
        found.append(ms.Index.build(library, index.encoder, workers=1, n_conformers=0))

    second = threading.Thread(target=build)
    with making(place):
        second.start()
        second.join(2)
        assert second.is_alive()
        assert not place.prepared.exists()
    second.join()
    assert len(found[0]) == 11


def test_mistakes_are_told_in_one_line(made, tmp_path):
    folder, prepared, index = made
    with pytest.raises(UsageError, match="name the library's files"):
        ms.Library.open()
    with pytest.raises(UsageError, match="colour: "):
        ms.Library.open(folder / "library.csv", colour="red")
    with pytest.raises(UsageError, match="by itself"):
        ms.Library.open(folder / "prepared", folder / "library.csv")
    with pytest.raises(UsageError, match=r"out=\.\.\."):
        ms.Index.build(prepared, index.encoder)
    with pytest.raises(UsageError, match="n_conformers is too late"):
        ms.Index.build(prepared, index.encoder, tmp_path / "i", n_conformers=3)
    for wrong, said in (
        ({"k": 0}, "k: 0 is not greater than 0"),
        ({"k": "many"}, "k: 'many' is no whole number"),
        ({"k": 1.5}, r"k: 1\.5 is no whole number"),
        ({"rank": 5}, "rank: 5 is no text"),
        ({"where": 5}, "where: 5 is no list"),
        ({"unique": "x"}, "unique: 'x' is given, where 'none', 'parent', .* or 'scaffold' can be"),
        ({"threshold": "high"}, "threshold: 'high' is no number"),
    ):
        with pytest.raises(UsageError, match=said):
            index.search("CCO", **wrong)
    for place in (None, 5):
        with pytest.raises(UsageError, match=f"by its folder or address, not {place}"):
            ms.Index.open(place)
    with pytest.raises(UsageError, match="fusion"):
        index.search("CCO", fusion="sum")
    with pytest.raises(UsageError, match="does not tell a format"):
        index.search("CCO", output=tmp_path / "x.docx")
    with pytest.raises(InputError, match="neither a file nor a structure"):
        index.search("C1CC")
    with pytest.raises(InputError, match="no index at"):
        ms.Index.open(tmp_path / "nowhere")


def test_importing_the_package_imports_neither_torch_nor_rdkit():
    code = (
        "import sys, molsearch; print(any(m in sys.modules for m in ('torch', 'rdkit', 'pandas')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"


def test_facts_are_computed_for_all_once_when_asked(made):
    _, _, index = made
    assert index.compute_facts("fsp3", "mw", workers=1) == 11
    assert index.compute_facts("mw", workers=1) == 0
    hits = search(index, "CC(=O)Oc1ccccc1C(=O)O", k=1, facts=["fsp3"])
    assert hits.fsp3.tolist() == [0.111]
    with pytest.raises(UsageError, match="no fact 'fsp4'"):
        index.compute_facts("fsp4")


def test_a_hit_list_explains_itself(made, tmp_path):
    folder, _, _ = made
    index = ms.Index.build(folder / "library.csv", None, tmp_path / "i", device="cpu", workers=1)
    queries = ["CC(=O)Oc1ccccc1C(=O)O aspirin", "CC(=O)Nc1ccc(O)cc1 paracetamol"]
    hits = search(index, queries, k=5)
    told = hits.explain(html=tmp_path / "r.html")
    assert told.columns[: hits.shape[1]].tolist() == hits.columns.tolist()
    pd.testing.assert_frame_equal(told[hits.columns], hits)
    similarity = told.query_score - told["score_part:rarity"]
    assert similarity.tolist() == pytest.approx(
        told[["score_for:aspirin", "score_for:paracetamol"]].max(axis=1).tolist(), abs=1e-5
    )
    assert "<article>" in (tmp_path / "r.html").read_text()
    again = ms.explain(hits.parent_smiles.tolist(), queries, rank="molsearch", k=2)
    assert again.shape[0] == 2
    assert again["score_for:aspirin"].max() <= 1.0001
    with pytest.raises(InputError, match="does not say what it was searched with"):
        pd.DataFrame({"smiles": ["CCO"]}).explain()
    with pytest.raises(InputError, match="no column 'parent_smiles' or 'smiles'"):
        ms.explain(pd.DataFrame({"x": [1]}), "CCO")
    lowered = search(index, queries, k=5, inactives="CCO ethanol", inactives_weight=0.5)
    of_these = lowered.explain()
    assert of_these.explained_score.tolist() == pytest.approx(of_these.score.tolist(), abs=0.01)
    assert (of_these["score_part:inactives"] < 0).all()
    alike = ms.explain(
        lowered.parent_smiles.tolist(), queries, inactives="CCO", rank="molsearch+inactives"
    )
    assert (alike["score_part:inactives"] < 0).all()


def test_the_package_lists_its_public_names():
    assert set(ms.__all__) <= set(dir(ms))
