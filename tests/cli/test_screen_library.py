"""``molsearch screen -l``: a library that is indexed once, and kept in the cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack

from command_line import ASPIRIN

from molsearch.cli.telling import Terminal
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.nn.weights import load_encoder
from molsearch.service.events import Waiting
from molsearch.service.library import cache_place, making


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


def test_enrichment_is_foretold_where_one_per_cent_are_several_molecules(
    molsearch, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def told(n: int) -> str:
        rows = (f"{'C' * (1 + i % 20)}OCCN{'C' * (1 + i // 20)} m{i}" for i in range(n))
        library = tmp_path / f"{n}.smi"
        library.write_text("\n".join(rows) + "\n")
        hits = tmp_path / f"{n}.csv"
        query = ("-q", "CC(=O)Nc1ccc(O)cc1", "-k", 5, "--base-rate", 0.01)
        result = molsearch("screen", *query, "-l", library, "-n", 1, "-o", hits)
        assert result.code == 0, result.err
        assert "active_probability" in hits.read_text()
        return result.err

    few = told(60)
    assert "no enrichment can be foretold: the library has 60 molecules" in few
    assert "to expect among" not in few
    assert "to expect among the first 1 %" in told(500)
