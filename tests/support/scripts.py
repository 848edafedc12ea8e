"""Scripts beside the package, as modules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script(*place: str) -> ModuleType:
    """Import a file of the checkout, with its neighbours within reach as when it is run.

    Its main part is not run.
    """
    path = ROOT.joinpath(*place)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(path.parent)
        patch.setitem(sys.modules, path.stem, made)  # where dataclasses look
        spec.loader.exec_module(made)
    return made
