"""Folders whose names look like addresses, or are no text at all, are folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import make_encoder, make_library


@pytest.mark.parametrize("name", [b"EGFR:1", b"s3:x", b"hdfs:", b"a b\xff\xfe", b"#?%20"])
def test_the_whole_way_in_a_folder_of_any_name(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    make_library(folder / "library.csv")
    make_encoder(folder / "e")

    def molsearch(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run(
            [sys.executable, "-m", "molsearch", *arguments],
            capture_output=True,
            cwd=folder.parent,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        assert done.returncode == 0, done.stderr
        return done

    inner = os.fsdecode(name)
    prepared, index = f"{inner}/p", f"{inner}/i"
    failures = f"{inner}/failures.csv"
    molsearch("prepare", f"{inner}/library.csv", "-o", prepared, "--failures", failures, "-n", "1")
    molsearch("index", prepared, "-o", index, "--encoder", f"{inner}/e")
    for hits in ("hits.csv", "hits.parquet", "hits.sdf"):
        molsearch(
            *("screen", "-q", "CCO", "-i", index, "-o", f"{inner}/{hits}"),
            *("--encoder", f"{inner}/e", "-k", "5", "--quiet"),
        )
        assert (folder / hits).stat().st_size > 100
    for verb in ("verify", "info"):
        molsearch(verb, index)
    # Names are printed as the bytes that they are.
    assert name in molsearch("info", index).stdout
    facts = json.loads(molsearch("info", prepared, "--json").stdout)
    assert facts["n_ok"] == 11
