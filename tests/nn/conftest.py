"""Fixtures of the network's tests."""

from __future__ import annotations

import pytest
import torch
from molecules import CONFIGS, SMILES, conformer, store_of

from molsearch.data.store import GraphStore
from molsearch.nn.committee import network_of
from molsearch.nn.network import Network


@pytest.fixture(scope="session")
def store() -> GraphStore:
    """All molecules with conformers; the last two without."""
    coords = [conformer(s) for s in SMILES[:-2]]
    return store_of(SMILES, [*coords, None, None])


@pytest.fixture(params=list(CONFIGS))
def network(request: pytest.FixtureRequest) -> Network:
    """An untrained network of each kind, in evaluation mode."""
    torch.manual_seed(3)
    return network_of(CONFIGS[request.param]).eval()
