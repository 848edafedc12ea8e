"""Stores that many tests read and none changes."""

from __future__ import annotations

import pytest
from families import labelled, unlabelled

from molsearch.data.store import GraphStore


@pytest.fixture(scope="module")
def pairs() -> GraphStore:
    return labelled()


@pytest.fixture(scope="module")
def rest() -> GraphStore:
    return unlabelled()
