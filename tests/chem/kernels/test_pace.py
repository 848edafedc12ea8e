"""Loops are loaded where they pay, and compiled where that pays."""

from __future__ import annotations

import pytest

from molsearch.chem.kernels import pace
from molsearch.chem.kernels.pace import COMPILING, LOADING, Pace


@pytest.mark.parametrize(
    ("expected", "there", "due"),
    [
        *((LOADING - 1, True, False), (LOADING, True, True), (LOADING, False, False)),
        *((COMPILING - 1, False, False), (COMPILING, False, True)),
    ],
)
def test_by_what_is_expected(
    expected: int, there: bool, due: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "is_compiled", lambda: there)
    assert Pace().compiled(expected, 1) is due


def test_as_many_may_come_as_have_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "is_compiled", lambda: True)
    mine = Pace()
    assert not mine.compiled(0, LOADING - 1)
    assert not mine.compiled(0, 1)
    assert mine.compiled(0, 1)


def test_what_is_there_is_used() -> None:
    assert Pace(loaded=True).compiled(0, 1)


def test_without_numba_arrays_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def refuse(name: str) -> None:
        tried.append(name)
        raise ImportError("Numba needs NumPy 2.4 or less")

    monkeypatch.setattr(pace, "import_module", refuse)
    mine = Pace()
    assert not mine.compiled(COMPILING, 1)
    assert not mine.compiled(COMPILING, 1)
    assert len(tried) == 1
