"""A server of one small library, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest
from command_line import make_library
from processes import ending

import molsearch as ms


@contextmanager
def serving(*arguments, environment=None):
    """Start a server on a free port; yields its address and its process."""
    run = [sys.executable, "-m", "molsearch", "serve", *map(str, arguments), "--port", "0"]
    process = subprocess.Popen(
        run, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    with ending(process):
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("serving "), line + process.stderr.read()
        # Nothing may fill the pipe and hold the server up.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield line.split()[1], process


@pytest.fixture(scope="session")
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    make_library(folder / "library.csv")
    ms.Index.build(folder / "library.csv", out=folder / "lib", workers=1, device="cpu")
    return folder


@pytest.fixture(scope="session")
def address(roots):
    limits = ("--limit", "k_at_once=50", "--limit", "body_bytes=20000", "--limit", "queries=5")
    with serving(roots, *limits) as (found, _):
        yield found


@pytest.fixture(scope="session")
def client(address):
    with httpx.Client(base_url=address, timeout=120) as found:
        yield found
