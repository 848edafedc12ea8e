"""Loops are compiled with those that they call, and known where they have been compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from molsearch.chem.kernels import compiling


@compiling.inner
def _twice(value: int) -> int:
    return 2 * value


def _made(value: int) -> int:
    return _twice(value) + 1


_COUNT = """
from molsearch.chem.block import prepare_block
from molsearch.chem.kernels.compiling import is_compiled
from molsearch.config import PrepareConfig
from molsearch.schema import Record
print(is_compiled())
one = [Record(1, "", 1, "", "CCCCCO")]
prepare_block(one, PrepareConfig(n_conformers=0), (8, 8, 8), compiled=True)
print(is_compiled())
"""


def test_a_loop_is_compiled_with_what_it_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiling.outer(_made)(3) == 7


@pytest.mark.slow
def test_they_are_known_once_they_have_counted(tmp_path: Path) -> None:
    """By the name that Numba gives the file, which changes where `counting.count_all` does."""
    told = subprocess.run(
        [sys.executable, "-c", _COUNT],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told.split() == ["False", "True"]
