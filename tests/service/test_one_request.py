"""One request through every door gives the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import pytest
from command_line import ASPIRIN, make_encoder, make_library

import molsearch as ms
from molsearch.service.events import Done, Failure, Progress, Warned, read_event
from molsearch.service.requests import ScreenRequest
from molsearch.service.screen import screen
from molsearch.service.session import Session

ASKED = {
    "k": 9,
    "where": ("mw<400",),
    "exclude_smarts": ("[N+](=O)[O-]",),
    "unique": "parent",
    "rank": "molsearch-top2+3*ecfp4",
    "fusion": "mean",
    "inactives": ("OC(=O)c1ccccc1O salicylic",),
    "inactives_weight": 0.25,
}
OPTIONS = (
    *("-k", 9, "--where", "mw<400", "--exclude-smarts", "[N+](=O)[O-]", "--unique", "parent"),
    *("--rank", "molsearch-top2+3*ecfp4", "--fusion", "mean"),
    *("--inactives", "OC(=O)c1ccccc1O salicylic", "--inactives-weight", 0.25),
)
QUERIES = (ASPIRIN, "Cn1cnc2c1c(=O)n(C)c(=O)n2C caffeine")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("doors")
    make_library(folder / "library.csv")
    encoder = make_encoder(folder / "encoder")
    ms.Index.build(folder / "library.csv", str(encoder), folder / "i", workers=1, n_conformers=1)
    return folder


def by_service(world, output, _):
    request = ScreenRequest(
        queries=QUERIES, index=str(world / "i"), encoder=str(world / "encoder"),
        output=str(output), device="cpu", **ASKED,
    )  # fmt: skip
    screen(request, Session())


def by_command_line(world, output, molsearch):
    given = [word for query in QUERIES for word in ("-q", query)]
    where = ("-i", world / "i", "--encoder", world / "encoder", "-o", output)
    assert molsearch("screen", *given, *where, *OPTIONS).code == 0


def by_python(world, output, _):
    index = ms.Index.open(world / "i", str(world / "encoder"), device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        index.search(list(QUERIES), output=output, **ASKED)


def by_its_own_record(world, output, molsearch):
    by_command_line(world, output.with_name("first" + output.name), molsearch)
    record = output.with_name("first" + output.name + ".run.json")
    assert molsearch("run", record, "-o", output).code == 0


def by_a_file_of_another_program(world, output, molsearch):
    request = {
        "verb": "screen", "queries": QUERIES, "index": str(world / "i"),
        "encoder": str(world / "encoder"), "output": str(output), **ASKED,
    }  # fmt: skip
    file = output.with_name("request.json")
    file.write_text(json.dumps(request))
    done = molsearch("run", file, "--events")
    assert done.code == 0
    events = [read_event(line) for line in done.out.splitlines()]
    assert isinstance(events[-1], Done)
    assert events[-1].account["n_hits"] > 5


DOORS = {
    "service": by_service,
    "command line": by_command_line,
    "python": by_python,
    "record": by_its_own_record,
    "file": by_a_file_of_another_program,
}


@pytest.fixture(scope="module")
def due(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("due")
    made = {}
    for suffix in ("csv", "sdf", "parquet"):
        by_service(world, folder / f"h.{suffix}", None)
        made[suffix] = (folder / f"h.{suffix}").read_bytes()
    assert len(set(made.values())) == 3
    return made


@pytest.mark.parametrize("suffix", ["csv", "sdf", "parquet"])
@pytest.mark.parametrize("door", DOORS)
def test_one_request_gives_the_same_bytes_through_every_door(
    world, due, molsearch, tmp_path, door, suffix
):
    output = tmp_path / f"hits.{suffix}"
    DOORS[door](world, output, molsearch)
    assert output.read_bytes() == due[suffix]
    record = json.loads(output.with_name(output.name + ".run.json").read_text())
    assert record["request"]["where"] == ["mw<400"]


def test_a_library_of_files_is_asked_for_alike(world, molsearch, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(world)
    where = ("-l", "library.csv", "--limit", 8, "--conformers", 0, "-n", 1, "--html", "hits.html")
    first = molsearch("screen", "-q", ASPIRIN, "--encoder", "encoder", *where, "-o", "hits.csv")
    assert first.code == 0
    # Another folder than the run's: its paths still count from where it stood.
    monkeypatch.chdir(tmp_path)
    again = molsearch("run", world / "hits.csv.run.json", "-o", "again.csv")
    assert again.code == 0
    assert (tmp_path / "again.csv").read_bytes() == (world / "hits.csv").read_bytes()
    assert (tmp_path / "again.html").is_file()
    assert "in the earlier run" not in again.err


def test_a_repeated_run_replaces_nothing_unasked(world, molsearch, tmp_path):
    where = ("-i", world / "i", "--encoder", world / "encoder", "-o", tmp_path / "h.csv")
    assert molsearch("screen", "-q", ASPIRIN, *where, "--overwrite").code == 0
    before = (tmp_path / "h.csv").read_bytes()
    refused = molsearch("run", tmp_path / "h.csv.run.json")
    assert (refused.code, "exists; pass --overwrite" in refused.line) == (2, True)
    assert molsearch("run", tmp_path / "h.csv.run.json", "--overwrite").code == 0
    assert (tmp_path / "h.csv").read_bytes() == before


def test_what_has_changed_since_is_told(world, molsearch, tmp_path):
    where = ("-i", world / "i", "--encoder", world / "encoder", "-o", tmp_path / "h.csv")
    assert molsearch("screen", "-q", ASPIRIN, *where, "--quiet").code == 0
    path = tmp_path / "h.csv.run.json"
    record = json.loads(path.read_text())
    record["versions"]["numpy"] = "1.0"
    record["index"]["library"] = "another"
    path.write_text(json.dumps(record))
    again = molsearch("run", path, "-o", tmp_path / "again.csv", "--quiet")
    assert again.code == 0
    assert "warning: numpy was 1.0 in the earlier run, and is " in again.err
    assert "warning: the library was another in the earlier run" in again.err


@pytest.mark.parametrize(
    ("content", "code", "match"),
    [
        ("{", 3, "not JSON"),
        ("[]", 3, "no request"),
        ('{"verb": "fly"}', 3, "its verb is none of prepare, index"),
        ('{"verb": "screen", "version": 2, "queries": ["C"]}', 2, "a request of version 2"),
        ('{"verb": "screen", "queries": ["C"], "colour": 1}', 2, "colour: there is no such field"),
        ('{"verb": "screen", "queries": []}', 2, "queries: "),
        ('{"verb": "screen", "queries": ["C"], "k": 0, "index": "i"}', 2, "k: "),
        ('{"verb": "screen", "queries": ["-"], "index": "i"}', 2, "standard input"),
        ('{"command": ["molsearch", "screen"], "verb": "screen"}', 3, "holds no request"),
        ('{"verb": "screen", "queries": ["C"]}', 2, "name the library once"),
    ],
)
def test_files_that_hold_no_request_are_one_line(molsearch, tmp_path, content, code, match):
    (tmp_path / "r.json").write_text(content)
    done = molsearch("run", tmp_path / "r.json")
    assert done.code == code
    assert match in done.line
    told = molsearch("run", tmp_path / "r.json", "--events")
    failure = read_event(told.out.splitlines()[-1])
    assert isinstance(failure, Failure)
    assert (failure.exit_code, match in failure.message) == (code, True)


def test_indexing_and_preparing_are_repeated_too(world, molsearch, tmp_path):
    given = (world / "library.csv", "-n", 1, "--conformers", 0)
    assert molsearch("prepare", *given, "-o", tmp_path / "p").code == 0
    assert molsearch("run", tmp_path / "p", "-o", tmp_path / "p2").code == 0
    shard = "shards/prepared-00000.parquet"
    for made in (tmp_path / "p").rglob("*.parquet"):
        twin = tmp_path / "p2" / made.relative_to(tmp_path / "p")
        assert made.read_bytes() == twin.read_bytes(), shard
    index = ("index", *given, "--encoder", world / "encoder")
    assert molsearch(*index, "-o", tmp_path / "i").code == 0
    done = molsearch("run", tmp_path / "i", "-o", tmp_path / "i2", "--events")
    assert done.code == 0
    events = [read_event(line) for line in done.out.splitlines()]
    stages = {event.stage for event in events if isinstance(event, Progress) and event.ended}
    assert stages == {"preparing", "embedding"}
    assert not [event for event in events if isinstance(event, Warned)]
    vectors = [next((tmp_path / i).rglob("embeddings.npy")).read_bytes() for i in ("i", "i2")]
    assert vectors[0] == vectors[1]


def test_events_come_alone_on_standard_output_of_a_process(world, tmp_path):
    request = {
        "verb": "screen", "queries": ["C1CC"], "index": str(world / "i"),
        "encoder": str(world / "encoder"),
    }  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps(request))
    run = [sys.executable, "-m", "molsearch", "run", str(tmp_path / "r.json"), "--events"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=240)
    assert done.returncode == 3
    [event] = [read_event(line) for line in done.stdout.splitlines()]
    assert isinstance(event, Failure)
    assert event.kind == "InputError"
    assert event.message in done.stderr


def test_a_benchmark_is_repeated_from_its_results(molsearch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOLSEARCH_DATA", raising=False)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "actives.smi").write_text("\n".join(f"O=C(Nc1ccc({x})cc1)c1ccccn1" for x in "FCIO"))
    (folder / "decoys.smi").write_text("\n".join(f"C{'C' * n}N1CCNCC1" for n in range(9)))
    given = ("--methods", "ecfp4,random", "--seed", 3, "-n", 1, "--cache", tmp_path / "kept")
    assert molsearch("benchmark", "mine", *given, "-o", "r.json", "--training", "none").code == 0
    done = molsearch("run", "r.json", "-o", tmp_path / "again.json", "--events")
    assert done.code == 0
    told = [read_event(line) for line in done.out.splitlines()]
    assert [one.total for one in told if isinstance(one, Progress) and one.stage == "targets"] == [
        1
    ]
    assert isinstance(told[-1], Done)
    first, again = (json.loads((tmp_path / n).read_text()) for n in ("r.json", "again.json"))
    assert [row["metrics"] for row in again["results"]] == [r["metrics"] for r in first["results"]]
    assert again["config"] == first["config"]
    # A result file that is committed names no folder of this machine.
    assert "kept" not in (tmp_path / "r.json").read_text()
    old = {**first, "runs": [{"seconds": 1}]}
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert "older than requests" in molsearch("run", "old.json").line


def test_a_check_is_asked_for_alike(world, molsearch, tmp_path):
    (tmp_path / "v.json").write_text(json.dumps({"verb": "verify", "path": str(world / "i")}))
    done = molsearch("run", tmp_path / "v.json", "--events")
    assert done.code == 0
    assert read_event(done.out.splitlines()[-1]).account["problems"] == []
    elsewhere = molsearch("run", tmp_path / "v.json", "-o", tmp_path / "x")
    assert (elsewhere.code, "leave --output out" in elsewhere.line) == (2, True)
