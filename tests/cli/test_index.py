"""``molsearch index``: from raw files and prepared sets; every refusal one line."""

from __future__ import annotations

import gzip
import json
import shutil

import pytest
from command_line import make_library

from molsearch.data.prepared import PreparedSet
from molsearch.index.reader import open_index


def test_a_prepared_set_is_indexed(molsearch, world, tmp_path):
    result = molsearch("index", world.prepared, "-o", tmp_path / "i", "--encoder", world.encoder)
    assert result.code == 0
    assert "11 molecules indexed in" in result.err
    assert "1 record failed" in result.err
    reader = open_index(tmp_path / "i")
    assert (reader.manifest.n_in, reader.n_rows, reader.manifest.n_failed) == (12, 11, 1)
    account = json.loads((tmp_path / "i" / "run.json").read_text())
    assert account["encoder"] == reader.identity
    assert account["n_ok"] == 11


def test_raw_files_are_prepared_inside_the_index_and_a_repeat_does_nothing(
    molsearch, world, tmp_path
):
    library = make_library(tmp_path / "mine.csv")
    arguments = ("index", library, "-o", tmp_path / "i", "--encoder", world.encoder, "-n", 1)
    result = molsearch(*arguments, "--json", "--conformers", 0)
    assert result.code == 0
    summary = json.loads(result.out)
    assert (summary["n_in"], summary["n_ok"], summary["n_failed"]) == (12, 11, 1)
    assert "1 of 12 records could not be used; first: " in result.err
    assert summary["reading"][0]["structure"] in result.err
    assert PreparedSet.open(tmp_path / "i" / "prepared").n_ok == 11
    told = json.loads(molsearch("info", tmp_path / "i", "--json").out)
    assert 0 < told["bytes_prepared"] < told["bytes"]
    before = (tmp_path / "i" / "manifest.json").stat().st_mtime_ns
    again = molsearch(*arguments, "--conformers", 0)
    assert again.code == 0
    assert f"{tmp_path / 'i'} was up to date: 11 molecules, 1 record failed" in again.err
    assert "indexed in" in result.err
    assert "indexed in" not in again.err
    assert (tmp_path / "i" / "manifest.json").stat().st_mtime_ns == before

    # Another preparation is another run: refused, and replaced on request.
    refused = molsearch(*arguments)
    assert refused.code == 2
    assert "n_conformers=0 (now 1)" in refused.line
    assert "--overwrite" in refused.line
    library.write_text(library.read_text() + "CCCCCCCC,octane,9\n")
    changed = molsearch(*arguments, "--conformers", 0)
    assert changed.code == 2
    assert "since changed input" in changed.line
    assert open_index(tmp_path / "i").n_rows == 11
    assert molsearch(*arguments, "--conformers", 0, "--overwrite").code == 0
    assert open_index(tmp_path / "i").n_rows == 12


def test_a_new_encoder_replaces_the_index_but_keeps_the_prepared_set(molsearch, world, tmp_path):
    library = make_library(tmp_path / "mine.csv")
    arguments = ("index", library, "-o", tmp_path / "i", "-n", 1, "--conformers", 0, "--encoder")
    assert molsearch(*arguments, world.encoder).code == 0
    run_file = tmp_path / "i" / "prepared" / "run.json"
    before = run_file.stat().st_mtime_ns
    refused = molsearch(*arguments, world.other_encoder)
    assert refused.code == 2
    assert "index of another encoder" in refused.line
    assert molsearch(*arguments, world.other_encoder, "--overwrite").code == 0
    assert open_index(tmp_path / "i").manifest.generation == 2
    assert run_file.stat().st_mtime_ns == before


def broken_inputs(folder):
    truncated = gzip.compress("".join(f"{'C' * n} m{n}\n" for n in range(1, 60)).encode(), mtime=0)[
        :-12
    ]
    return {
        "empty.smi": (b"", "is empty"),
        "all_bad.smi": (b"C1CC a\nnope b\n", "record"),
        "binary.smi": (b"\x7fELF\x02\x00\x00" + bytes(range(256)) * 20, "binary data"),
        "renamed.sdf": (b"PK\x03\x04" + b"\0" * 400, "zip data"),
        "cut.smi.gz": (truncated, "gz"),
        "no_smiles.csv": (b"name,price\na,1\nb,2\n", "column"),
        "header_only.csv": (b"smiles,name\n", "no molecule"),
    }


@pytest.mark.parametrize("name", broken_inputs(None))
def test_input_that_cannot_be_used_is_one_line_and_leaves_no_index(
    molsearch, world, tmp_path, name
):
    content, match = broken_inputs(tmp_path)[name]
    (tmp_path / name).write_bytes(content)
    result = molsearch(
        "index", tmp_path / name, "-o", tmp_path / "i", "--encoder", world.encoder, "-n", 1
    )
    assert result.code == 3, result.err
    assert name in result.line
    assert match in result.line
    assert not (tmp_path / "i" / "manifest.json").exists()
    assert not (tmp_path / "i" / "generations").exists()


def test_a_mended_file_is_indexed_where_all_rows_had_failed(molsearch, world, tmp_path):
    arguments = ("index", tmp_path / "l.smi", "-o", tmp_path / "i", "--encoder", world.encoder)
    (tmp_path / "l.smi").write_text("C1CC a\n")
    assert molsearch(*arguments, "-n", 1).code == 3
    assert not (tmp_path / "i").exists()
    (tmp_path / "l.smi").write_text("CCO a\n")
    assert molsearch(*arguments, "-n", 1).code == 0


def refusals(world, tmp_path):
    (tmp_path / "folder").mkdir(exist_ok=True)
    (tmp_path / "folder" / "mine.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    base = ("--encoder", world.encoder)
    return {
        "missing file": (("nowhere.smi", "-o", tmp_path / "i", *base), 3, "no such file"),
        "foreign folder": (
            (world.prepared, "-o", tmp_path / "folder", *base),
            2,
            "choose another output",
        ),
        "a file": ((world.prepared, "-o", tmp_path / "file", *base), 2, "is a file"),
        "two sets": ((world.prepared, world.library, "-o", tmp_path / "i", *base), 2, "by itself"),
        "option of raw files": (
            (world.prepared, "-o", tmp_path / "i", "--conformers", 5, *base),
            2,
            "--conformers has no effect",
        ),
        "no encoder": (
            (world.prepared, "-o", tmp_path / "i", "--encoder", tmp_path / "none"),
            3,
            "no encoder here",
        ),
        "no device": (
            (world.prepared, "-o", tmp_path / "i", "--device", "abacus", *base),
            2,
            "no such device",
        ),
        "missing column": (
            (world.library, "-o", tmp_path / "i", "-s", "structure", *base),
            3,
            "structure",
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        "missing file",
        "foreign folder",
        "a file",
        "two sets",
        "option of raw files",
        "no encoder",
        "no device",
        "missing column",
    ],
)
def test_requests_that_cannot_work_are_one_line_with_their_exit_code(
    molsearch, world, tmp_path, name
):
    arguments, code, match = refusals(world, tmp_path)[name]
    result = molsearch("index", *arguments)
    assert result.code == code, result.err
    assert match in result.line
    assert not (tmp_path / "i").exists()
    assert (tmp_path / "folder" / "mine.txt").exists()


def test_options_typer_refuses_are_usage_errors(molsearch, world, tmp_path):
    assert molsearch("index").code == 2
    assert molsearch("index", world.prepared).code == 2
    assert molsearch("index", world.prepared, "-o", tmp_path / "i", "-b", 0).code == 2
    assert molsearch("index", world.prepared, "-o", tmp_path / "i", "--nonsense").code == 2


def test_a_damaged_prepared_set_is_exit_4(molsearch, world, tmp_path):
    shutil.copytree(world.prepared, tmp_path / "p")
    (tmp_path / "p" / "shards" / "records-00000.parquet").write_bytes(b"PAR1")
    result = molsearch("index", tmp_path / "p", "-o", tmp_path / "i", "--encoder", world.encoder)
    assert result.code == 4
    assert "records-00000.parquet" in result.line


def test_what_could_not_be_used_is_told_and_written_on_a_repeated_run_too(
    molsearch, world, tmp_path
):
    library = make_library(tmp_path / "mine.csv")
    arguments = ("index", library, "-o", tmp_path / "i", "--encoder", world.encoder, "-n", 1)
    for table in (tmp_path / "a.csv", tmp_path / "b.csv"):
        result = molsearch(*arguments, "--conformers", 0, "--failures", table)
        assert result.code == 0
        assert f"all: {table}" in result.err
        assert len(table.read_text().splitlines()) == 2
