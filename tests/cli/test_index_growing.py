"""``molsearch index add|drop|compact|merge`` and ``--shard``: what users see."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest
from command_line import ASPIRIN, make_library

from molsearch.index.reader import open_index

NEW = "smiles,name,price\nCCOC(C)=O,ethyl acetate,1\nCC(=O)Oc1ccccc1C(=O)O,aspirin,2\nC1CC,bad,3\n"


@pytest.fixture
def grow(molsearch, world, tmp_path):
    """Run a change of a copy of the world's index."""
    shutil.copytree(world.index, tmp_path / "i")

    def run(word, *arguments):
        encoder = ("--encoder", world.encoder, "-n", 1) if word == "add" else ()
        return molsearch("index", word, *arguments, "-i", tmp_path / "i", *encoder)

    return run


@pytest.fixture
def new(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(NEW)
    return path


def test_added_molecules_are_found_and_everything_is_told(grow, screen, new, tmp_path):
    result = grow("add", new, "--json", "--failures", tmp_path / "failed.csv")
    assert result.code == 0, result.err
    assert "1 of 3 records could not be used; first: " in result.err
    assert (
        "1 of 2 new molecules have the parent of one in the index (first: 'aspirin'" in result.err
    )
    assert "2 molecules added" in result.err
    account = json.loads(result.out)
    assert (account["n_read"], account["n_added"], account["n_failed_now"]) == (3, 2, 1)
    assert account["n_in"] == account["n_ok"] + account["n_failed"] == 15
    assert len((tmp_path / "failed.csv").read_text().splitlines()) == 2
    assert not (tmp_path / "i" / "added").exists()
    hits = screen("-i", tmp_path / "i", "-o", "-", "--quiet", query="CCOC(C)=O", index=False)
    assert hits.out.splitlines()[1].startswith("1,ethyl acetate,CCOC(C)=O,")
    assert ",1" in hits.out.splitlines()[1]  # its own column


def test_the_same_file_is_not_added_twice_by_repeating_the_command(grow, new, tmp_path):
    assert grow("add", new).code == 0
    again = grow("add", new)
    assert again.code == 0
    assert "was added before, as generation 2: nothing is done; --again" in again.err
    assert open_index(tmp_path / "i").n_rows == 13
    assert grow("add", new, "--again").code == 0
    assert open_index(tmp_path / "i").n_rows == 15
    skipped = grow("add", new, "--again", "--skip-duplicates")
    assert skipped.code == 3
    assert "nothing to add" in skipped.line


def test_dropped_ids_are_gone_and_unknown_ones_told(grow, screen, tmp_path):
    (tmp_path / "ids.txt").write_text("aspirin\n\nnobody\nthrice\n")
    result = grow("drop", "--ids", tmp_path / "ids.txt", "--json")
    assert result.code == 0, result.err
    assert "1 of 3 ids is not in" in result.err
    assert json.loads(result.out)["unknown_ids"] == ["nobody"]
    hits = screen("-i", tmp_path / "i", "-o", "-", "--quiet", index=False)
    assert "thrice" not in hits.out
    assert len(hits.out.splitlines()) == 1 + 9
    nobody = grow("drop", "--ids", tmp_path / "ids.txt")
    assert nobody.code == 2
    assert "none of 3 ids is one of" in nobody.line


def test_an_id_with_outer_blanks_is_dropped_by_a_list_of_lines(molsearch, world, tmp_path):
    library = tmp_path / "l.csv"
    library.write_text('smiles,name\nCCO," a "\nCCCO,a\nCCCCO,b\nCCN,c\nCCCN," d"\n')
    encoder = ("--encoder", world.encoder)
    made = molsearch("index", library, "-o", tmp_path / "i", "-n", 1, "--conformers", 0, *encoder)
    assert made.code == 0, made.err
    (tmp_path / "ids.txt").write_text(" a \n  b\n\n  \n")
    result = molsearch("index", "drop", "--ids", tmp_path / "ids.txt", "-i", tmp_path / "i")
    assert result.code == 0, result.err

    def held():
        reader = open_index(tmp_path / "i")
        return reader.records(0).read(["molecule_id"]).column(0).to_pylist()

    assert held() == ["a", "c", " d"]
    (tmp_path / "ids.txt").write_text("d\nc\n")  # a line without blanks means an id without any
    result = molsearch("index", "drop", "--ids", tmp_path / "ids.txt", "-i", tmp_path / "i")
    assert "1 of 2 ids is not in" in result.err
    assert held() == ["a", " d"]


def test_a_hit_list_is_a_list_of_ids(grow, screen, tmp_path):
    hits = tmp_path / "hits.csv"
    assert screen("-k", 3, "-o", hits).code == 0
    assert grow("drop", "--ids", hits).code == 0
    assert open_index(tmp_path / "i").n_rows == 8


def test_compact_and_info_and_verify(grow, molsearch, new, tmp_path):
    assert "is compact" in grow("compact").err
    grow("add", new)
    info = json.loads(molsearch("info", tmp_path / "i", "--json").out)
    assert info["shards"] == 2
    assert info["changes"] == [f"add of {new} (2 molecules)"]
    assert info["n_dropped"] == 0
    parts = dict(info["bytes_a_molecule"])
    assert parts.pop("all") == pytest.approx(sum(parts.values()), abs=1)
    assert parts["embeddings"] > 512
    result = grow("compact")
    assert "2 shards are now 1" in result.err
    assert molsearch("verify", tmp_path / "i", "--clean").code == 0
    assert [one.name for one in (tmp_path / "i" / "generations").iterdir()] == ["000003"]


def test_a_grown_index_is_not_built_over_by_the_command_that_made_it(grow, molsearch, world, new):
    grow("add", new)
    result = molsearch("index", world.prepared, "-o", new.parent / "i", "--encoder", world.encoder)
    assert result.code == 2
    assert "has grown since it was built (last: add of" in result.line


def test_a_library_called_add_is_reachable(molsearch, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_library(tmp_path / "add")
    base = ("-o", "i", "--encoder", world.encoder, "-n", 1, "--conformers", 0)
    assert molsearch("index", "./add", *base).code == 0
    assert open_index(tmp_path / "i").n_rows == 11
    refused = molsearch("index", "add", *base)
    assert refused.code == 2


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
        and path.relative_to(folder).parts[0] in ("generations", "manifest.json")
    }  # fmt: skip


def test_shards_of_an_array_job_merge_into_the_bytes_of_one_run(
    molsearch, world, tmp_path, monkeypatch
):
    monkeypatch.setattr("molsearch.data.prepare._SHARD_RECORDS", 4)
    monkeypatch.setattr("molsearch.data.prepare._SHARD_RECORDS_MIN", 4)
    library = make_library(tmp_path / "mine.csv")
    library.write_text(library.read_text() + "C1,last,1\n")  # a block of failures alone
    base = ("--encoder", world.encoder, "-n", 1, "--conformers", 0)
    assert molsearch("index", library, "-o", tmp_path / "one", *base).code == 0
    parts = [tmp_path / f"part{i}" for i in range(1, 6)]
    for i, part in enumerate(parts, 1):
        result = molsearch("index", library, "-o", part, "--shard", f"{i}/5", *base)
        assert result.code == 0, result.err
        if i == 4:
            assert "holds no molecule (all 1 of its records failed)" in result.err
        if i == 5:
            assert "holds no molecule: there is nothing to index" in result.err
    missing = molsearch("index", "merge", *parts[:3], parts[4], "-o", tmp_path / "m")
    assert "of 5 parts 1 are missing (4)" in missing.line
    assert molsearch("index", "merge", *parts, "-o", tmp_path / "m").code == 0
    assert digests(tmp_path / "m") == digests(tmp_path / "one")


REFUSALS = {
    "no index": (("add", "{new}", "-i", "nowhere"), 3, "no index at nowhere"),
    "no file": (("add", "nowhere.smi", "-i", "{index}"), 3, "nowhere.smi"),
    "other encoder": (("add", "{new}", "-i", "{index}", "--encoder", "{other}"), 5, "made by"),
    "no ids": (("drop", "--ids", "nowhere.txt", "-i", "{index}"), 3, "nowhere.txt"),
    "bad shard": (("{new}", "-o", "x", "--shard", "3"), 2, "is not i/n"),
    "shard 0": (("{new}", "-o", "x", "--shard", "0/4"), 2, "counted from 1/n"),
    "one to merge": (("merge", "{index}", "-o", "x"), 2, "two indexes or more"),
    "an index added": (("add", "{index}", "-i", "{index}"), 2, "is an index"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_requests_that_cannot_work_are_one_line(molsearch, world, new, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments, code, match = REFUSALS[name]
    places = {"{new}": new, "{index}": world.index, "{other}": world.other_encoder}
    given = [places.get(one, one) for one in arguments]
    if "--encoder" not in given and given[0] == "add":
        given += ["--encoder", world.encoder]
    result = molsearch("index", *given)
    assert result.code == code, result.err
    assert match in result.line
    assert open_index(world.index).manifest.generation == 1


def test_an_index_in_the_cache_is_not_changed(grow, new, tmp_path, monkeypatch):
    monkeypatch.setattr("molsearch.service.growing.cache_root", lambda: tmp_path)
    result = grow("add", new)
    assert result.code == 2
    assert "is kept for screen -l" in result.line


def test_a_change_is_repeated_from_its_record(grow, molsearch, new, tmp_path):
    grow("add", new)
    record = tmp_path / "i" / "generations" / "000002" / "run.json"
    result = molsearch("run", record)
    assert result.code == 0, result.err
    assert "nothing is done" in result.err


def test_the_query_of_a_grown_index_is_still_marked(grow, screen, new, tmp_path):
    grow("add", new)
    hits = screen("-i", tmp_path / "i", "-o", "-", "--quiet", query=ASPIRIN, index=False)
    marked = [line for line in hits.out.splitlines() if ",True," in line]
    assert len(marked) >= 2


def test_facts_of_a_grown_index_are_computed_once(grow, new, tmp_path):
    grow("add", new)
    first = grow("facts", "qed,rings", "-n", 1, "--json")
    assert first.code == 0, first.err
    assert json.loads(first.out)["n_computed"] == 13
    assert json.loads(grow("facts", "qed", "-n", 1, "--json").out)["n_computed"] == 0
    unknown = grow("facts", "beauty")
    assert unknown.code == 2
    assert "beauty" in unknown.line


def test_compact_storage_says_that_it_is_approximate(molsearch, world, tmp_path):
    result = molsearch(
        "index", world.prepared, "-o", tmp_path / "c", "--encoder", world.encoder,
        "--storage", "compact", "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert "scores are approximate" in result.err
    assert 0 < json.loads(result.out)["recall"] <= 1
    hits = molsearch(
        "screen", "-q", ASPIRIN, "-i", tmp_path / "c", "-o", "-", "--encoder", world.encoder
    )
    assert "scores are approximate" in hits.err
    assert hits.out.splitlines()[1].startswith("1,")
    assert "aspirin" in hits.out.splitlines()[1]
