"""The overview of verbs answers at once: nothing heavy is imported for it, on any machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from molsearch.cli.growing import WORDS
from molsearch.cli.main import VERBS

_HEAVY = {"torch", "rdkit", "numpy", "pandas", "pyarrow", "scipy", "streamlit", "pydantic"}
_CODE = """
import json, sys
from molsearch.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["molsearch", *words]
    try:
        main()
    except SystemExit as stop:
        names = sorted({name.split(".")[0] for name in sys.modules})
        print("\\n" + json.dumps([words, stop.code or 0, names]))
"""


def imported(calls, **variables):
    """What is imported after each of several calls in one process: nothing that a call imports
    is missing from what is imported after it."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE, json.dumps(calls)],
        capture_output=True, text=True, env={**os.environ, **variables}, check=True,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[[")]
    assert [words for words, _, _ in told] == calls
    assert all("molsearch" in names for _, _, names in told)
    return told


@pytest.mark.parametrize("variables", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "HOME": "/nowhere"}])
def test_the_overview_imports_nothing_heavy(variables) -> None:
    for words, _, names in imported([["--help"], ["--version"], []], **variables):
        assert not set(names) & _HEAVY, words


def test_the_help_of_a_verb_imports_no_more_than_its_options_need() -> None:
    verbs = [*([verb] for verb in VERBS), *(["index", word] for word in WORDS)]
    for words, code, names in imported([[*verb, "--help"] for verb in verbs]):
        assert code == 0
        assert not set(names) & (_HEAVY - {"pydantic"}), words
