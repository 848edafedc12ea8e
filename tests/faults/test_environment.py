"""Where and how a process runs changes nothing of what it makes; a missing home is one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from command_line import make_encoder, make_library

from molsearch.api.tables import file_of
from molsearch.cache import user_cache
from molsearch.errors import MolSearchError

SCREEN = (
    *("screen", "-q", "CCO éthanol", "--encoder", "e", "-n", "2", "-k", "20", "--conformers", "1"),
    *("--quiet",),
)

TURKISH = {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}

# Several commands, one start: what comes of the place where a process runs is the same for all.
SEVERAL = """
import json, sys
from molsearch.cli.main import main
for line in json.loads(sys.argv[1]):
    sys.argv = ["molsearch", *line]
    try:
        main()
    except SystemExit as stop:
        if stop.code:
            raise
"""


def molsearch(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return started(folder, "-m", "molsearch", *arguments, **variables)


def started(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LC_", "LANG", "TZ", "XDG_", "PYTHONHASHSEED"))
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**environment, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make_library(folder / "library.csv")
    make_encoder(folder / "e")
    times = pd.to_datetime(["2026-01-02 23:30", "2026-07-01 00:30", None])
    rows = pd.DataFrame(
        {
            "smiles": ["CCO", "CCN", "CCOC"],
            "id": ["Äpfel", "ы", "I"],
            "measured": times.tz_localize("Europe/Berlin"),
            "price": [1.5, -2.0, None],
        }
    )
    rows.to_parquet(folder / "times.parquet")
    return folder


def made(world: Path, folder: Path, **variables: str) -> dict[str, bytes]:
    """Every output of a screen from files, by name."""
    folder.mkdir()
    outputs = ("hits.csv", "hits.parquet")
    more = ("--failures", str(folder / "failures.csv"), "--overwrite")
    commands = [
        (*SCREEN, "-l", "library.csv", "-l", "times.parquet", "-o", str(folder / name), *more)
        for name in outputs
    ]
    done = started(
        world,
        *("-c", SEVERAL, json.dumps(commands)),
        XDG_CACHE_HOME=str(folder / "cache"),
        MOLSEARCH_KEEP_ALLOCATOR="1",
        **variables,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    files = [*outputs, "failures.csv"]
    vectors = sorted((folder / "cache").rglob("embeddings.npy"))
    assert len(vectors) == 1
    return {
        **{name: (folder / name).read_bytes() for name in files},
        "embeddings": vectors[0].read_bytes(),
    }


@pytest.fixture(scope="module")
def usual(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return made(world, tmp_path_factory.mktemp("usual") / "o", TZ="UTC", PYTHONHASHSEED="0")


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables",
    [
        {"TZ": "America/St_Johns", "PYTHONHASHSEED": "4294967295", "LC_ALL": "C"},
        {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "PYTHONUTF8": "0", **TURKISH},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=str,
)
def test_time_zone_hash_seed_and_locale_change_no_byte(world, usual, tmp_path, variables) -> None:
    found = made(world, tmp_path / "o", **variables)
    assert [name for name in usual if found[name] != usual[name]] == []
    text = found["hits.csv"].decode()
    assert "Äpfel" in text
    assert "ы" in text
    assert "2026-01-02 23:30:00+01:00" in text


@pytest.mark.parametrize("home", ["/proc/nowhere", "library.csv"])
def test_without_a_home_that_can_be_written_a_line_says_what_to_set(world, tmp_path, home) -> None:
    place = str(world / home)
    done = molsearch(
        world, *SCREEN, "-l", "library.csv", "-o", str(tmp_path / "hits.csv"), HOME=place
    )
    assert done.returncode == 1
    (line,) = [one for one in done.stderr.splitlines() if "cannot keep" in one]
    assert f"{place}/.cache/molsearch" in line
    assert "set XDG_CACHE_HOME to a folder that can be written" in line
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "hits.csv").exists()


def test_a_read_only_home_is_in_nobodys_way_where_places_are_named(world, tmp_path) -> None:
    home = {"HOME": "/proc/nowhere"}
    index = str(tmp_path / "i")
    options = ("--encoder", "e", "-n", "1", "--conformers", "0", "-q")
    done = molsearch(world, "index", "library.csv", "-o", index, *options, **home)
    assert done.returncode == 0, done.stderr
    commands = (
        ("screen", "-q", "CCO", "-i", index, "--encoder", "e", "-o", str(tmp_path / "h.csv")),
        ("verify", index),
        ("info", index),
        ("--help",),
    )
    done = started(world, "-c", SEVERAL, json.dumps(commands), MOLSEARCH_KEEP_ALLOCATOR="1", **home)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "h.csv").is_file()
    assert "Usage" in done.stdout  # to the last of them


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no file system can be mounted here")
def test_a_really_read_only_home(world: Path, tmp_path: Path) -> None:
    tried = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs -o ro none /mnt"],
        capture_output=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip("no file system can be mounted here")
    command = f"{sys.executable} -m molsearch screen -q CCO -l library.csv --encoder e --quiet"
    script = f"mount -t tmpfs -o ro none /mnt && HOME=/mnt {command} -o {tmp_path / 'hits.csv'}"
    environment = {name: v for name, v in os.environ.items() if not name.startswith("XDG_")}
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script],
        cwd=world,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "(Read-only file system); set XDG_CACHE_HOME" in done.stderr.splitlines()[-1]


def test_an_account_without_a_home_gets_no_folder_called_tilde(monkeypatch) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: f"~/.cache/{name}")
    with pytest.raises(MolSearchError, match="no home folder for a cache; set XDG_CACHE_HOME"):
        user_cache()


def test_a_table_given_by_such_an_account_gets_none_either(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: f"~/.cache/{name}")
    with pytest.raises(MolSearchError, match="set XDG_CACHE_HOME"):
        file_of(pd.DataFrame({"smiles": ["CCO"]}))
    assert not list(tmp_path.iterdir())
