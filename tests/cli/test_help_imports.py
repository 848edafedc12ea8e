"""The overview of verbs answers at once: nothing heavy is imported for it, on any machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from molsearch.cli.growing import WORDS
from molsearch.cli.main import VERBS

_HEAVY = {"torch", "rdkit", "numpy", "pandas", "pyarrow", "scipy", "streamlit", "pydantic"}
_CODE = """
import sys
from molsearch.cli.main import main
sys.argv = ["molsearch", *sys.argv[1:]]
try:
    main()
except SystemExit as stop:
    print("\\n", stop.code, *sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
@pytest.mark.parametrize("variables", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "HOME": "/nowhere"}])
def test_the_overview_imports_nothing_heavy(arguments, variables) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *arguments],
        capture_output=True, text=True, env={**os.environ, **variables}, check=True,
    )  # fmt: skip
    imported = set(done.stdout.splitlines()[-1].split())
    assert "molsearch" in imported
    assert not imported & _HEAVY
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [*([verb] for verb in VERBS), *(["index", word] for word in WORDS)], ids=" ".join
)
def test_the_help_of_a_verb_imports_no_more_than_its_options_need(words) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, *words, "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = set(done.stdout.splitlines()[-1].split())
    assert "molsearch" in imported
    assert not imported & (_HEAVY - {"pydantic"})
