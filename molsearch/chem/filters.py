"""Substructures that hits must or must not contain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase

from molsearch.chem.substructures import Bits, probes
from molsearch.errors import UsageError


class SmartsFilter:
    """Tests parents against SMARTS patterns.

    Parameters
    ----------
    include
        Patterns that must all occur.
    exclude
        Patterns of which none may occur.

    Raises
    ------
    UsageError
        A pattern is not SMARTS.

    Examples
    --------
    >>> phenols = SmartsFilter(include=["c[OH]"], exclude=["[N+](=O)[O-]"])
    >>> phenols.passes("Oc1ccccc1"), phenols.passes("CCO")
    (True, False)
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = [_compiled("--include-smarts", text) for text in include]
        self._exclude = [_compiled("--exclude-smarts", text) for text in exclude]

    @cached_property
    def probes(self) -> tuple[list[Bits], list[Bits]]:
        """What each included and each excluded pattern demands of a molecule's bits.

        See `molsearch.chem.substructures.probes`.
        """
        return [*map(probes, self._include)], [*map(probes, self._exclude)]

    def __bool__(self) -> bool:
        return bool(self._include or self._exclude)

    def passes(self, parent_smiles: str) -> bool:
        """Whether a parent contains every included pattern and no excluded one.

        A structure that cannot be read passes only where nothing is asked of it.
        """
        if not self:
            return True
        with rdBase.BlockLogs():
            mol = Chem.MolFromSmiles(parent_smiles)
        if mol is None:
            return False
        return all(mol.HasSubstructMatch(pattern) for pattern in self._include) and not any(
            mol.HasSubstructMatch(pattern) for pattern in self._exclude
        )


def is_smarts(text: str) -> bool:
    """Whether a text is a SMARTS pattern of an atom or more."""
    return _pattern(text) is not None


def matching(smarts: str, parents: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which parents, given by their SMILES, contain a pattern: ``[n]``.

    Raises
    ------
    UsageError
        The pattern is not SMARTS.
    """
    asked = SmartsFilter(include=[smarts])
    return np.array([asked.passes(parent) for parent in parents], dtype=bool)


def _pattern(text: str) -> Any:
    with rdBase.BlockLogs():
        pattern = Chem.MolFromSmarts(text)
    return pattern if pattern is not None and pattern.GetNumAtoms() else None


def _compiled(option: str, text: str) -> Any:
    pattern = _pattern(text)
    if pattern is None:
        raise UsageError(f"{option} {text[:80]!r} is not a SMARTS pattern; check its brackets")
    return pattern
