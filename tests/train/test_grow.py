"""A 3D branch that is added to a trained network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from families import tiny

from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.train.grow import grown
from molsearch.train.learner import encoder_config


@pytest.fixture
def parent() -> Network:
    torch.manual_seed(1)
    flat = tiny()
    flat = flat.model_copy(update={"model": {**flat.model, "use_geometry": False}})
    return Network(encoder_config(flat)).eval()


def _embedded(network: Network, store: GraphStore) -> np.ndarray:
    return Encoder(network.eval(), identity="", card={}).encode_store(store)


def test_a_new_branch_changes_nothing_until_it_learns(parent: Network, pairs: GraphStore) -> None:
    config = tiny(model={"use_geometry": True}, start_from="flat")
    network = grown(config, parent)
    assert network.config.use_geometry
    np.testing.assert_allclose(_embedded(network, pairs), _embedded(parent, pairs), atol=1e-6)
    assert network.fusion is not None
    assert network.fusion.modulate is not None
    torch.nn.init.normal_(network.fusion.modulate.weight, std=0.5)
    assert np.abs(_embedded(network, pairs) - _embedded(parent, pairs)).max() > 1e-3


def test_without_changes_the_parent_goes_on(parent: Network) -> None:
    assert grown(tiny(model={}, start_from="flat"), parent) is parent


def test_a_branch_that_was_trained_is_kept(pairs: GraphStore) -> None:
    torch.manual_seed(2)
    trained = Network(encoder_config(tiny())).eval()
    network = grown(tiny(model={"dropout": 0.3}, start_from="x"), trained)
    assert network.config.dropout == 0.3
    np.testing.assert_allclose(_embedded(network, pairs), _embedded(trained, pairs), atol=1e-6)


@pytest.mark.parametrize("changes", [{"width": 64}, {"n_torsions": 32}, {"embedding_dim": 32}])
def test_other_changes_are_refused_by_name(parent: Network, changes: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=f"start_from: model changes {next(iter(changes))}"):
        grown(tiny(model=changes, start_from="flat"), parent)
