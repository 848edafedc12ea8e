"""A committee's similarity is the mean of its towers', whole and by prefixes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from molecules import CONFIGS, SMALL, SMILES, store_of

from molsearch.chem.counters import Buckets
from molsearch.config import ModelConfig
from molsearch.data.graph import collate
from molsearch.data.store import GraphStore
from molsearch.errors import UsageError
from molsearch.nn.committee import Committee, column_order, joined, network_of
from molsearch.nn.network import Network
from molsearch.nn.weights import load_encoder, save_encoder

EVERY = np.arange(len(SMILES))
CONFIG = CONFIGS["paths"].model_copy(update={"matryoshka": (4, 8, 16)})


@pytest.fixture(scope="module")
def paths() -> GraphStore:
    return store_of(SMILES, [None] * len(SMILES), Buckets.of(CONFIG))


@pytest.fixture
def networks() -> list[Network]:
    torch.manual_seed(1)
    return [Network(CONFIG).eval() for _ in range(2)]


@torch.no_grad()
def _embed(network: Network, store: GraphStore) -> torch.Tensor:
    return network(collate(store, EVERY))


def _cosines(z: torch.Tensor, width: int) -> torch.Tensor:
    part = torch.nn.functional.normalize(z[:, :width], dim=1)
    return part @ part.T


@pytest.mark.parametrize("width", [4, 8])
def test_similarity_is_the_mean_of_the_parts(
    networks: list[Network], paths: GraphStore, width: int
) -> None:
    whole = joined(networks, 16).eval()
    mean = sum(_cosines(_embed(n, paths), 8) for n in networks) / 2
    z = _embed(whole, paths)
    assert torch.allclose(z @ z.T, mean, atol=1e-5)
    assert torch.allclose(z.norm(dim=1), torch.ones(len(z)), atol=1e-5)


def test_prefixes_are_made_of_the_parts_prefixes(
    networks: list[Network], paths: GraphStore
) -> None:
    whole = joined(networks, 16).eval()
    assert whole.config.matryoshka == (8, 16)
    one, two = (torch.nn.functional.normalize(_embed(n, paths)[:, :8], dim=1) for n in networks)
    side_by_side = torch.cat([one[:, :4], two[:, :4]], dim=1) / 2**0.5
    assert torch.allclose(_embed(whole, paths)[:, :8], side_by_side, atol=1e-5)


def test_each_column_stands_once() -> None:
    assert sorted(column_order((64, 128), 3)) == list(range(384))


def test_bad_committees_are_refused(networks: list[Network]) -> None:
    other = Network(CONFIG.model_copy(update={"width": 16}))
    for parts, dim, word in (
        (networks[:1], 16, "two encoders"),
        ([networks[0], other], 16, "differ"),
        ([joined(networks, 16)] * 2, 16, "single encoders"),
        (networks, 20, "set model.embedding_dim to one of"),
        (networks, 15, "prefixes"),
    ):
        with pytest.raises(UsageError, match=word):
            joined(parts, dim)
    with pytest.raises(ValueError, match="divide by 3 towers"):
        ModelConfig(**SMALL, matryoshka=(8, 16), towers=3)


def test_committee_comes_back_from_disk_in_bytes(
    networks: list[Network], paths: GraphStore, tmp_path: Path
) -> None:
    whole = joined(networks, 16).eval()
    save_encoder(tmp_path / "c", whole, {"name": "committee"})
    loaded = load_encoder(tmp_path / "c", device="cpu")
    assert isinstance(loaded.network, Committee)
    assert loaded.card["int8"] == [f"towers.{n}.environments.table.weight" for n in (0, 1)]
    # Rounding of the tables moves an embedding, but hardly turns it.
    cosine = (_embed(loaded.network, paths) * _embed(whole, paths)).sum(1)
    assert cosine.min() > 0.999
    size = (tmp_path / "c" / "encoder.safetensors").stat().st_size
    assert size < 1.6 * 2 * Buckets.of(CONFIG).n_rows * CONFIG.width


def test_one_network_stays_one() -> None:
    assert type(network_of(CONFIG)) is Network


def test_molecules_without_any_substructure_are_embedded(
    networks: list[Network], paths: GraphStore
) -> None:
    none = np.zeros(0, np.uint16)
    bare = replace(paths, bag_start=0 * paths.bag_start, bag=none, counts=none.astype(np.uint8))
    assert torch.isfinite(_embed(joined(networks, 16).eval(), bare)).all()
