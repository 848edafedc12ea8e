from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LINES = "CCO ethanol\nC1CC broken\nCCN amine\n[Na+].[Cl-] salt\n"


def run(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "molsearch", "prepare", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, check=False)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "lib.smi"
    path.write_text(LINES)
    return path


def test_summary_failures_and_json(library: Path, tmp_path: Path) -> None:
    out, failures = tmp_path / "p", tmp_path / "failures.csv"
    answer = run(library, "-o", out, "-n", 1, "--conformers", 0, "--failures", failures, "--json")
    assert answer.returncode == 0, answer.stderr
    summary = json.loads(answer.stdout)
    assert (summary["n_in"], summary["n_ok"], summary["n_failed"]) == (4, 2, 2)
    assert summary["failed_by_stage"] == {"parse": 1, "standardize": 1}
    assert "2 of 4 molecules prepared" in answer.stderr
    assert "ring bond 1 is never closed" in answer.stderr
    assert "lib.smi row 2" in answer.stderr
    assert str(failures) in answer.stderr
    assert len(failures.read_text().splitlines()) == 3
    again = run(library, "-o", out, "-n", 1, "--conformers", 0)
    assert again.returncode == 0
    assert "complete already" in again.stderr
    assert again.stdout == ""
    other = run(library, "-o", out, "-n", 1, "--conformers", 0, "--seed", 1)
    assert other.returncode == 2
    assert other.stderr.count("\n") == 1
    assert "--overwrite" in other.stderr


def test_repeated_ids_are_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "lib.smi"
    path.write_text("CCO a\nCCN b\nCCC a\nC1CC b\n")
    answer = run(path, "-o", tmp_path / "p", "-n", 1, "--conformers", 0, "--json")
    assert answer.returncode == 0, answer.stderr
    told = "1 id occurs more than once: 'a' (2×); all 2 molecules are kept"
    assert [line[: len(told)] for line in answer.stderr.splitlines()].count(told) == 1
    found = json.loads(answer.stdout)
    assert found["repeated_ids"] == {"n_ids": 1, "n_molecules": 2, "first": [["a", 2]]}
    assert found["n_ok"] == 3


def test_standard_input_all_bad(tmp_path: Path) -> None:
    failures = tmp_path / "failures.csv"
    answer = run("-", "-o", tmp_path / "p", "-q", "--failures", failures, stdin="C1CC a\nC* b\n")
    assert answer.returncode == 3
    assert answer.stderr.count("\n") == 1
    assert "none of 2 records in standard input" in answer.stderr
    assert len(failures.read_text().splitlines()) == 3


def test_quiet_says_nothing(library: Path, tmp_path: Path) -> None:
    answer = run(library, "-o", tmp_path / "p", "-n", 1, "--conformers", 0, "-q")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x02\x01\x01\x00\x00\x00" * 50])
def test_useless_files_are_one_line_and_leave_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.smi"
    path.write_bytes(content)
    answer = run(path, "-o", tmp_path / "p", "-q")
    assert answer.returncode == 3
    assert answer.stderr.count("\n") == 1
    assert "bad.smi" in answer.stderr
    assert not (tmp_path / "p").exists()


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['molsearch', 'prepare', '-h']\n"
        "from molsearch.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'rdkit', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules)\n"
        "print('heavy:', sorted(heavy))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "--conformers" in answer.stdout
    assert "heavy: []" in answer.stdout
