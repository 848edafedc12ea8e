"""``molsearch screen``: every refusal is one line, and damage is told from a mistake."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pandas as pd
import pytest
from command_line import ASPIRIN
from fakes import library

from molsearch.index.writer import build_index
from molsearch.nn.weights import load_encoder

REFUSALS = {
    "unknown SMILES": (
        ("-o", "h.csv"),
        "C1CC",
        3,
        "query 'C1CC' is neither a file nor a structure",
    ),
    "missing query file": (("-o", "h.csv"), "actives.sdf", 3, "no query file actives.sdf"),
    "second query bare": (("-o", "h.csv", "CCO"), ASPIRIN, 2, "; write -q before each query ("),
    "no hits": (("-o", "h.csv", "-k", "0"), ASPIRIN, 2, None),
    "negative": (("-o", "h.csv", "-k", "-3"), ASPIRIN, 2, None),
    "no format": (("-o", "h.docx"), ASPIRIN, 2, "does not tell a format"),
    "bad condition": (("-o", "h.csv", "--where", "mw<"), ASPIRIN, 2, "is no condition"),
    "bad column": (("-o", "h.csv", "--where", "weight<5"), ASPIRIN, 2, "no column 'weight'"),
    "close column": (("-o", "h.csv", "--where", "prize<5"), ASPIRIN, 2, "close to it: price;"),
    "no inactives": (("-o", "h.csv", "--inactives-weight", "1"), ASPIRIN, 2, "with --inactives"),
    "weight nan": (
        ("-o", "h.csv", "--inactives", "CCO", "--inactives-weight", "nan"),
        ASPIRIN,
        2,
        None,
    ),
    "bad inactive": (("-o", "h.csv", "--inactives", "C1CC"), ASPIRIN, 3, "inactive 'C1CC' is"),
    "two from stdin": (("-o", "h.csv", "--inactives", "-"), "-", 2, "can be read once"),
    "bad SMARTS": (("-o", "h.csv", "--include-smarts", "["), ASPIRIN, 2, "is not a SMARTS"),
    "json and stdout": (("-o", "-", "--json"), ASPIRIN, 2, "both write to standard output"),
    "raw options": (
        ("-o", "h.csv", "--conformers", "5"),
        ASPIRIN,
        2,
        "is for libraries given by -l",
    ),
    "no device": (("-o", "h.csv", "--device", "cuda:77"), ASPIRIN, 2, "--device cuda:77"),
    "weight of a ranking": (("-o", "h.csv", "--rank", "x*ecfp4"), ASPIRIN, 2, "no positive number"),
    "unknown ranking": (("-o", "h.csv", "--rank", "best"), ASPIRIN, 2, "is called 'best'; choose"),
    "no such fingerprint": (
        ("-o", "h.csv", "--rank", "molsearch+ecfp9"),
        ASPIRIN,
        2,
        "no encoder and no fingerprint is called 'ecfp9'",
    ),
    "shape alone": (("-o", "h.csv", "--rank", "shape"), ASPIRIN, 2, "add it to molsearch"),
    "base rate": (
        ("-o", "h.csv", "--base-rate", "1.5"),
        ASPIRIN,
        2,
        "--base-rate: 1.5 is not less than 1",
    ),
    "unknown fusion": (("-o", "h.csv", "--fusion", "sum"), ASPIRIN, 2, None),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_requests_that_cannot_work_are_one_line_and_write_nothing(
    screen, tmp_path, monkeypatch, name
):
    monkeypatch.chdir(tmp_path)
    options, query, code, match = REFUSALS[name]
    result = screen(*options, query=query)
    assert result.code == code, result.err
    if match is not None:
        assert match in result.line
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_exists_is_refused_before_any_work(screen, tmp_path, monkeypatch):
    (tmp_path / "h.csv").write_text("mine")
    (tmp_path / "h.html").write_text("mine")
    with monkeypatch.context() as patch:
        patch.delattr("molsearch.service.session.load_encoder")
        patch.delattr("molsearch.service.session.open_index")
        result = screen("-o", tmp_path / "h.csv")
        assert (result.code, "exists; pass --overwrite" in result.line) == (2, True)
        result = screen("-o", tmp_path / "new.csv", "--html", tmp_path / "h.html")
        assert (result.code, "h.html exists" in result.line) == (2, True)
    assert (tmp_path / "h.csv").read_text() == "mine"
    assert screen("-o", tmp_path / "h.csv", "--overwrite").code == 0
    assert (tmp_path / "h.csv").read_text().startswith("rank,")


def test_an_output_that_exists_is_refused_before_anything_heavy_is_imported(tmp_path):
    (tmp_path / "h.csv").write_text("mine")
    code = (
        "import sys\n"
        "from molsearch.cli.screen_report import run\n"
        "from molsearch.errors import UsageError\n"
        "from molsearch.service.requests import ScreenRequest\n"
        "try:\n"
        "    run(ScreenRequest(queries=('CCO',), index='i', output=sys.argv[1]))\n"
        "except UsageError as error:\n"
        "    print(error, {'torch', 'rdkit'} & {*sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "h.csv")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip().endswith("h.csv exists; pass --overwrite to replace it set()")


def test_two_outputs_of_one_name_or_below_a_file_are_refused(screen, tmp_path):
    same = screen("-o", tmp_path / "hits.csv", "--html", tmp_path / "hits.csv")
    assert same.code == 2
    assert "two outputs are called" in same.line
    (tmp_path / "file").write_text("")
    below = screen("-o", tmp_path / "file" / "hits.csv")
    assert below.code == 2
    assert "is a file, not a folder" in below.line
    assert not (tmp_path / "hits.csv").exists()


def test_library_must_be_named_once(screen, world, tmp_path):
    for index, more in ((False, ()), (True, ("-l", world.library))):
        result = screen("-o", tmp_path / "h.csv", *more, index=index)
        assert result.code == 2
        assert "name the library once" in result.line


def test_an_index_of_another_encoder_is_exit_5_before_embedding(
    molsearch, world, tmp_path, monkeypatch
):
    monkeypatch.delattr("molsearch.service.screen_given.read_ligands")
    result = molsearch(
        "screen", "-q", ASPIRIN, "-i", world.index, "--encoder", world.other_encoder,
        "-o", tmp_path / "h.csv",
    )  # fmt: skip
    assert result.code == 5
    assert "was made by encoder" in result.line
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_index_is_exit_4_and_a_missing_one_exit_3(molsearch, world, tmp_path):
    shutil.copytree(world.index, tmp_path / "i")
    next((tmp_path / "i").rglob("embeddings.npy")).write_bytes(b"")
    base = ("screen", "-q", ASPIRIN, "--encoder", world.encoder, "-o", tmp_path / "h.csv", "-i")
    result = molsearch(*base, tmp_path / "i")
    assert result.code == 4
    assert "embeddings.npy has 0 bytes" in result.line
    result = molsearch(*base, tmp_path / "nowhere")
    assert result.code == 3
    assert "no index at" in result.line
    result = molsearch(*base, world.library)
    assert result.code == 3
    assert "is not an index" in result.line
    assert not (tmp_path / "h.csv").exists()


def test_a_damaged_head_is_warned_of_and_replaced_by_its_copy(molsearch, world, tmp_path):
    shutil.copytree(world.index, tmp_path / "i")
    (tmp_path / "i" / "manifest.json").write_bytes(b"{")
    base = ("screen", "-q", ASPIRIN, "--encoder", world.encoder, "-i", tmp_path / "i", "--quiet")
    result = molsearch(*base, "-o", tmp_path / "h.csv")
    assert result.code == 0
    assert "molsearch: warning: " in result.err
    assert "its copy in generation 1 is used instead" in result.err
    assert len(pd.read_csv(tmp_path / "h.csv")) == 11


def test_damage_that_opening_cannot_see_is_found_by_the_first_look_and_by_verify(
    molsearch, world, tmp_path
):
    build_index(
        library(tmp_path / "p", 200), load_encoder(world.encoder, device="cpu"), tmp_path / "i"
    )
    path = next((tmp_path / "i").rglob("embeddings.npy"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    base = ("screen", "-q", ASPIRIN, "--encoder", world.encoder, "-i", tmp_path / "i")
    looked = molsearch(*base, "-o", tmp_path / "a.csv")
    assert looked.code == 4
    assert "was altered or damaged since it was written" in looked.line
    result = molsearch(*base, "-o", tmp_path / "h.csv", "--verify")
    assert result.code == 4
    assert "does not match its sha256" in result.line


def test_a_library_from_standard_input_is_pointed_to_index(screen, tmp_path):
    result = screen("-l", "-", "-o", tmp_path / "h.csv", index=False)
    assert result.code == 2
    assert "molsearch index - -o" in result.line
