from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

HOME = Path(__file__).resolve().parents[2] / "app" / "Home.py"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """An empty world: nothing of this machine's runs or cache is seen."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("MOLSEARCH_RUNS", str(folder))
    monkeypatch.setenv("MOLSEARCH_ROOTS", str(tmp_path / "indexes"))
    monkeypatch.delenv("MOLSEARCH_APP_SHARED", raising=False)
    monkeypatch.delenv("MOLSEARCH_APP_DRAWS", raising=False)
    return folder


@pytest.fixture
def page(runs):
    """Open a page of the application, with the parameters of its address."""

    def opened(name: str = "screen", **parameters: str) -> AppTest:
        at = AppTest.from_file(str(HOME), default_timeout=120)
        at.run()
        for key, value in parameters.items():
            at.query_params[key] = value
        if name != "screen" or parameters:
            at.switch_page(f"page/{name}.py")
            at.run()
        assert not at.exception, at.exception
        return at

    return opened


def text_of(at: AppTest) -> str:
    """Everything that a page says, in one string."""
    kinds = ("html", "markdown", "caption", "error", "warning", "info", "success", "title",
             "subheader", "code")  # fmt: skip
    return "\n".join(str(one.value if hasattr(one, "value") else one.proto)
                     for kind in kinds for one in at.get(kind))  # fmt: skip
