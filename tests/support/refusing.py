"""A disk that refuses: the calls by which an index is written fail from a chosen use on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from molsearch.index.npy import RowWriter

PLACES: dict[str, tuple[Any, str]] = {
    "fsync": (os, "fsync"),
    "rename": (Path, "replace"),
    "rows": (RowWriter, "append"),
    "manifest": (Path, "write_bytes"),
}


class Failing:
    """Stands for a call that fails from its n-th use on."""

    def __init__(self, original: Any, n: int, code: int) -> None:
        self.original, self.left, self.code = original, n, code

    def __get__(self, instance: Any, owner: Any) -> Any:
        return lambda *arguments: self(instance, *arguments)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self.left == 0:
            raise OSError(self.code, os.strerror(self.code), "some/file")
        self.left -= 1
        return self.original(*arguments, **named)


def refuse(monkeypatch: pytest.MonkeyPatch, place: str, n: int, code: int) -> None:
    """Let the calls at one of `PLACES` succeed `n` times, and fail from then on."""
    owner, name = PLACES[place]
    monkeypatch.setattr(owner, name, Failing(getattr(owner, name), n, code))
