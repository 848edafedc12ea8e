from __future__ import annotations

import json
import shlex

import numpy as np
import pandas as pd
import pytest
from command_line import make_encoder, make_library
from fakes import FakeEncoder, library

from molsearch.config import Molecule, PrepareConfig, ReadConfig
from molsearch.data.prepare import prepare
from molsearch.errors import UsageError
from molsearch.index.writer import build_index
from molsearch.nn.weights import load_encoder
from molsearch.service.requests import IndexRequest, ScreenRequest
from molsearch_app import jobs
from molsearch_app.components import benchmarks, drawing, launch, progress, space, theme
from molsearch_app.components.launch import LibraryChoice
from molsearch_app.components.queries import Draft, good, inline, parse_text


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("MOLSEARCH_ROOTS", str(tmp_path))
    monkeypatch.setattr(jobs, "launch", lambda folder: None)
    return tmp_path


DRAFT = Draft("--overwrite; rm -rf", "CCO", parent="CCO")


def test_no_query_and_bad_filters_make_no_job(world):
    place = LibraryChoice("index", world, "x")
    with pytest.raises(UsageError):
        launch.start_screen([], place, {})
    with pytest.raises(UsageError):
        launch.start_screen([DRAFT], place, {"where": ("mw",)})
    assert jobs.recent() == []


def test_an_upload_is_indexed_before_it_is_screened(world):
    (world / "up").mkdir()
    upload = world / "up" / "mine.smi"
    upload.write_text("CCO a\n")
    job = launch.start_screen([DRAFT], LibraryChoice("upload", upload, "mine.smi"), {})
    assert [step.label for step in job.steps] == ["prepare and index", "screen", "map"]
    index = str(job.file("library.index"))
    asked = IndexRequest.model_validate(job.steps[0].request)
    assert (asked.library, asked.output) == ((str(job.file("uploads/mine.smi")),), index)
    # Whether there are conformers is the encoder's to say.
    assert "prepare" not in job.steps[0].request
    assert job.file("uploads/mine.smi").read_text() == "CCO a\n"
    assert job.steps[1].request["index"] == index


def test_the_line_to_reproduce_is_one_command_with_the_query_whole(world):
    job = launch.start_screen([DRAFT], LibraryChoice("files", world / "l.csv", "l"), {})
    words = shlex.split(job.meta["reproduce"])
    assert words[:4] == ["molsearch", "screen", "-q", "CCO --overwrite; rm -rf"]
    assert words[-2:] == ["-o", "hits.csv"]


@pytest.mark.parametrize("many", [False, True])
def test_the_line_to_reproduce_gives_the_same_hit_list(world, monkeypatch, molsearch, many):
    encoder = make_encoder(world / "encoder")
    table = make_library(world / "library.csv")
    prepared = prepare([table], world / "p", ReadConfig(), PrepareConfig(), workers=1)
    build_index(prepared, load_encoder(encoder, device="cpu"), world / "i")
    asked = 'CC(=O)Oc1ccccc1C(=O)O lead.sdf\nC[C@H](N)C(=O)O |&1:1| it\'s "ala", $HOME'
    asked += "\nCCO\nCCN\nCCCl five\nCCBr" * many
    drafts = good(parse_text(asked))
    inactives = good(parse_text("CC(=O)Nc1ccc(O)cc1 dull one\nCCCO -q" + "\nCCS\nCCF\nCI" * many))
    assert len(drafts) + len(inactives) == (11 if many else 4)
    options = {
        "k": 9, "encoder": str(encoder), "inactives_weight": 0.7, "fusion": "mean",
        "unique": "parent", "exclude_smarts": ("[Na]", "[#35]"), "where": ("price<12, mw<400",),
        "keep_query": False,
    }  # fmt: skip
    job = launch.start_screen(drafts, LibraryChoice("index", world / "i", "i"), options, inactives)
    job.file("asked.json").write_text(json.dumps(job.steps[0].request))
    done = molsearch("run", job.file("asked.json"), "--events")
    assert done.code == 0, done.err
    ran = pd.read_parquet(job.file("hits.parquet"))
    (world / "elsewhere").mkdir()
    monkeypatch.chdir(world / "elsewhere")
    words = shlex.split(job.meta["reproduce"])
    assert words[:2] == ["molsearch", "screen"]
    assert ("inactives.csv" in job.meta["reproduce"]) == many
    again = molsearch(*words[1:])
    assert again.code == 0, again.err
    repeated = pd.read_csv("hits.csv")
    assert repeated.columns.tolist() == ran.columns.tolist()
    assert len(ran) > 3
    for name in ("molecule_id", "nearest_query", "nearest_inactive", "record_number"):
        assert repeated[name].tolist() == ran[name].tolist()
    for name in ("score", "inactive_score", "similarity_score", "background_percentile"):
        assert np.allclose(repeated[name], ran[name], rtol=1e-5)


def test_a_molecule_that_the_command_line_would_misread_goes_by_file():
    assert inline(Draft("ethyl alcohol", "CCO")) == "CCO ethyl alcohol"
    assert inline(Draft("x", "C[C@H](N)C(=O)O |&1:1|")) == "C[C@H](N)C(=O)O |&1:1| x"
    for name in ("lead.sdf", "", "|&1:1| x", "two  blanks "):
        assert inline(Draft(name, "CCO")) is None
    asked = ScreenRequest(queries=("CCO",), index="x")
    line = launch.reproduce([Draft("lead.sdf", "CCO")], [], asked, jobs.places.Path("/r"))
    assert shlex.split(line)[2:4] == ["-q", "/r/queries.csv"]


def test_inactives_are_part_of_the_request_and_their_weight_with_them_alone(world):
    place = LibraryChoice("index", world / "i", "i")
    weighed = {"inactives_weight": 0.5}
    job = launch.start_screen([DRAFT], place, weighed, [Draft("dull", "CCN", parent="CCN")])
    asked = ScreenRequest.model_validate(job.steps[0].request)
    assert asked.inactives == (Molecule(smiles="CCN", id="dull"),)
    assert asked.inactives_weight == 0.5
    assert job.file("inactives.csv").read_text() == "smiles,molecule_id\nCCN,dull\n"
    assert "--inactives 'CCN dull'" in job.meta["reproduce"]
    alone = launch.start_screen([DRAFT], place, weighed)
    asked = ScreenRequest.model_validate(alone.steps[0].request)
    assert (asked.inactives, asked.inactives_weight) == ((), 0.0)
    with pytest.raises(UsageError, match="with --inactives"):
        launch.start_screen([DRAFT], place, {"where": ("inactive_score<0.5",)})


def test_an_index_in_a_run_is_used_and_an_upload_leaves_nothing_behind(world):
    run = world / "runs" / "library-0123456789abcdef"
    (run / "library.index").mkdir(parents=True)
    launch.start_screen([DRAFT], LibraryChoice("index", run / "library.index", "i"), {})
    assert (run / "used").exists()
    waiting = world / "runs" / ".upload-x"
    waiting.mkdir()
    (waiting / "l.smi").write_text("CCO\n")
    launch.start_screen([DRAFT], LibraryChoice("upload", waiting / "l.smi", "l"), {})
    assert not waiting.exists()


def test_verify_refuses_what_lies_elsewhere():
    with pytest.raises(UsageError, match="outside"):
        launch.start_verify(jobs.places.Path("/etc"))


def test_a_benchmark_takes_known_methods_alone(world):
    run_id, folder = jobs.new_folder("benchmark")
    with pytest.raises(UsageError):
        benchmarks.start(run_id, "x", folder / "benchmark", ["--overwrite"])
    with pytest.raises(UsageError, match="no drug class"):
        benchmarks.write_class("../x", folder / "benchmark")


def test_principal_axes_recover_a_plane():
    rng = np.random.default_rng(1)
    plane = rng.normal(size=(200, 2)) * [3.0, 1.0] @ np.eye(6)[:2] + 5.0
    mean, directions, shares = space.axes(plane)
    assert np.allclose((plane - mean) @ directions.T @ directions + mean, plane)
    assert shares[0] > shares[1]
    assert np.isclose(shares.sum(), 1.0)


def test_embeddings_of_rows_over_several_shards(world):
    reader = build_index(library(world / "p", 50), FakeEncoder(), world / "i", shard_rows=16)
    rows = np.array([49, 0, 17, 16])
    whole = np.concatenate([reader.embeddings(i) for i in range(reader.n_shards)])
    assert np.array_equal(space.embeddings(reader, rows), whole[rows].astype(np.float32))
    shards, within = space.places(reader, rows)
    ids = reader.take(shards, within, ["molecule_id"]).column(0).to_pylist()
    assert ids == ["m00050", "m00001", "m00018", "m00017"]


def test_drawings_never_fail_and_are_escaped():
    for smiles in ("", "not a smiles <script>", "C" * 3000, "C1CC"):
        assert "not drawn" in drawing.image(smiles)
    assert "<script" not in drawing.tag("<script>'\"")
    assert drawing.image("CCO", "((((").startswith("<svg")


def test_the_route_is_used_where_the_server_draws(monkeypatch):
    monkeypatch.setenv(drawing.ROUTE_READY, "1")
    assert drawing.url("C#N", dark=True) == "/draw?s=C%23N&d=1"


def test_progress_in_words():
    counts = {"stage": "embedding", "done": 50, "total": 200, "rate": 25, "left": "0:06"}
    status = jobs.Status("running", label="screen", progress={**counts, "failed": 1})
    words, share = progress.describe(status)
    assert words == "Embedding: 50 of 200 · 25 a second · 0:06 left · 1 failed"
    assert share == 0.25
    waiting = {"stage": "waiting", "note": "another run is making the index of this library"}
    status = jobs.Status("running", label="screen", progress=waiting)
    words, share = progress.describe(status)
    assert words == "Waiting · another run is making the index of this library"
    assert share is None
    assert progress.describe(jobs.Status("queued"))[0] == "Waiting for a free slot"


def test_markdown_and_html_of_a_user_stay_text():
    assert theme.unmarked("*a* [x](y) <b>") == "\\*a\\* \\[x\\]\\(y\\) \\<b\\>"
    assert "<b>" not in theme.facts_html([("<b>", "<b>")])
    assert theme.ago(0, 7200) == "2 hours ago"
