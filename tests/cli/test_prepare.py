"""``molsearch prepare``: what it tells, and what it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from command_line import CommandLine, Outcome

LINES = "CCO ethanol\nC1CC broken\nCCN amine\n[Na+].[Cl-] salt\n"


@pytest.fixture
def run(molsearch: CommandLine) -> partial[Outcome]:
    return partial(molsearch, "prepare")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "lib.smi"
    path.write_text(LINES)
    return path


def test_summary_failures_and_json(run: partial[Outcome], library: Path, tmp_path: Path) -> None:
    out, failures = tmp_path / "p", tmp_path / "failures.csv"
    answer = run(library, "-o", out, "-n", 1, "--conformers", 0, "--failures", failures, "--json")
    assert answer.code == 0, answer.err
    summary = json.loads(answer.out)
    assert (summary["n_in"], summary["n_ok"], summary["n_failed"]) == (4, 2, 2)
    assert summary["failed_by_stage"] == {"parse": 1, "standardize": 1}
    assert "2 of 4 molecules prepared" in answer.err
    assert "ring bond 1 is never closed" in answer.err
    assert "lib.smi row 2" in answer.err
    assert str(failures) in answer.err
    assert len(failures.read_text().splitlines()) == 3
    again = run(library, "-o", out, "-n", 1, "--conformers", 0)
    assert again.code == 0
    assert "complete already" in again.err
    assert again.out == ""
    other = run(library, "-o", out, "-n", 1, "--conformers", 0, "--seed", 1)
    assert other.code == 2
    assert other.err.count("\n") == 1
    assert "--overwrite" in other.err


def test_repeated_ids_are_kept_and_told(run: partial[Outcome], tmp_path: Path) -> None:
    path = tmp_path / "lib.smi"
    path.write_text("CCO a\nCCN b\nCCC a\nC1CC b\n")
    answer = run(path, "-o", tmp_path / "p", "-n", 1, "--conformers", 0, "--json")
    assert answer.code == 0, answer.err
    told = "1 id occurs more than once: 'a' (2×); all 2 molecules are kept"
    assert [line[: len(told)] for line in answer.err.splitlines()].count(told) == 1
    found = json.loads(answer.out)
    assert found["repeated_ids"] == {"n_ids": 1, "n_molecules": 2, "first": [["a", 2]]}
    assert found["n_ok"] == 3


def test_standard_input_all_bad(tmp_path: Path) -> None:
    failures = tmp_path / "failures.csv"
    command = [sys.executable, "-m", "molsearch", "prepare", "-", "-o", str(tmp_path / "p"), "-q"]
    answer = subprocess.run(
        [*command, "--failures", str(failures)],
        input="C1CC a\nC* b\n", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 3
    assert answer.stderr.count("\n") == 1
    assert "none of 2 records in standard input" in answer.stderr
    assert len(failures.read_text().splitlines()) == 3


def test_quiet_says_nothing(run: partial[Outcome], library: Path, tmp_path: Path) -> None:
    answer = run(library, "-o", tmp_path / "p", "-n", 1, "--conformers", 0, "-q")
    assert (answer.code, answer.out, answer.err) == (0, "", "")


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x02\x01\x01\x00\x00\x00" * 50])
def test_useless_files_are_one_line_and_leave_nothing(
    run: partial[Outcome], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "bad.smi"
    path.write_bytes(content)
    answer = run(path, "-o", tmp_path / "p", "-q")
    assert answer.code == 3
    assert answer.err.count("\n") == 1
    assert "bad.smi" in answer.err
    assert not (tmp_path / "p").exists()


def test_help_names_the_options(run: partial[Outcome]) -> None:
    answer = run("-h")
    assert answer.code == 0
    assert "--conformers" in answer.out
