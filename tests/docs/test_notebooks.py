"""The notebooks of the documentation run, from the first cell to the last."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_it_promises(path, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    # What is committed holds no outputs: they would be out of date, and large.
    assert not any(cell.outputs for cell in code)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [
        data
        for cell in code
        for output in cell.outputs
        for data in (output.get("data", {}).get("text/html", ""), output.get("text", ""))
    ]
    assert any("<svg" in text for text in shown)  # hits draw themselves
    assert any("<progress" in text for text in shown)  # and what takes a while says how far it is
    assert not any("Traceback" in text for text in shown)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == [
        "first-screen", "rdkit-in-and-out", "several-actives",
    ]  # fmt: skip
