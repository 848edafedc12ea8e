"""Settings of every test: one numeric thread a process, numbers as IEEE 754 has them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skips import (  # noqa: F401  hooks of every test
    pytest_runtest_setup,
    pytest_sessionfinish,
    pytest_unconfigure,
)

if TYPE_CHECKING:
    from command_line import CommandLine

# Before numpy and torch are imported: two test processes with two threads each would spend
# their time waiting for one another at barriers. Subprocesses of tests inherit this.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


@pytest.fixture
def shared_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of real activity records and benchmarks: MOLSEARCH_DATA, or beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("MOLSEARCH_DATA") or beside).resolve()
    if not (folder / "dude").is_dir():
        pytest.skip("no real data: MOLSEARCH_DATA names no folder that holds dude/")
    monkeypatch.setenv("MOLSEARCH_DATA", str(folder))
    return folder


@pytest.fixture
def molsearch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line, within the test's own process."""
    from command_line import CommandLine

    return CommandLine(capsys, monkeypatch)


@pytest.fixture(autouse=True)
def _denormal_numbers() -> Iterator[None]:
    """Let no test inherit the flushing of denormal numbers that choosing a device switches on.

    Hypothesis refuses to draw floats in a process that flushes them.
    """
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
