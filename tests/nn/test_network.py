"""What an embedding must not depend on, and what it must."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from molecules import CONFIGS, SMILES, conformer, store_of
from rdkit import Chem
from scipy.spatial.transform import Rotation

from molsearch.data.graph import collate
from molsearch.data.store import GraphStore
from molsearch.nn.committee import network_of
from molsearch.nn.network import Network
from molsearch.nn.substructure import SubstructureEmbedding

EVERY = np.arange(len(SMILES))


def _embed(network: Network, store: GraphStore, rows: np.ndarray = EVERY) -> torch.Tensor:
    with torch.no_grad():
        return network(collate(store, rows))


def _difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max())


def test_embeddings_are_unit_vectors(network: Network, store: GraphStore) -> None:
    z = _embed(network, store)
    assert z.shape == (len(SMILES), network.config.embedding_dim)
    assert torch.allclose(z.norm(dim=1), torch.ones(len(z)), atol=1e-5)
    with_3d = z[:-2] @ z[:-2].T
    assert (with_3d - torch.eye(len(with_3d))).max() < 1 - 1e-4  # no two alike


def test_rotation_and_translation_change_nothing(network: Network, store: GraphStore) -> None:
    batch = collate(store, EVERY)
    with torch.no_grad():
        before = network(batch)
        turn = torch.from_numpy(Rotation.random(random_state=1).as_matrix()).float()
        batch.pos = batch.pos @ turn.T + torch.tensor([3.0, -2.0, 1.0])
        after = network(batch)
    assert _difference(before, after) < 2e-5


def test_order_of_atoms_changes_nothing(network: Network) -> None:
    smiles = SMILES[0]
    mol = Chem.MolFromSmiles(smiles)
    xyz = conformer(smiles)
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms()).tolist()
    shuffled = Chem.MolToSmiles(Chem.RenumberAtoms(mol, order), canonical=False)
    # The SMILES writer has an order of its own: find it by matching back.
    match = Chem.MolFromSmiles(smiles).GetSubstructMatch(
        Chem.MolFromSmiles(shuffled), useChirality=True
    )
    assert list(match) != list(range(len(match)))
    a = _embed(network, store_of([smiles], [xyz]), np.array([0]))
    b = _embed(network, store_of([shuffled], [xyz[list(match)]]), np.array([0]))
    assert _difference(a, b) < 2e-5


def test_neighbours_in_the_batch_change_nothing(network: Network, store: GraphStore) -> None:
    together = _embed(network, store)
    shuffled = np.random.default_rng(2).permutation(EVERY)
    assert _difference(_embed(network, store, shuffled), together[shuffled]) < 2e-5
    for row in EVERY:
        assert _difference(_embed(network, store, np.array([row])), together[[row]]) < 2e-5


@pytest.mark.parametrize("name", ["small", "attention", "graph only"])
def test_mirror_image_of_the_coordinates_is_told_apart(name: str) -> None:
    # Same SMILES, so every 2D feature agrees: geometry alone must see the difference.
    torch.manual_seed(3)
    network = network_of(CONFIGS[name]).eval()
    xyz = conformer(SMILES[0])
    mirrored = xyz * np.array([-1, 1, 1], np.int16)
    a = _embed(network, store_of(SMILES[:1], [xyz]), np.array([0]))
    b = _embed(network, store_of(SMILES[:1], [mirrored]), np.array([0]))
    turned = store_of(SMILES[:1], [xyz[:, [1, 2, 0]]])  # a proper rotation: noise of rounding
    noise = _difference(a, _embed(network, turned, np.array([0])))
    assert _difference(a, b) > max(20 * noise, 5e-6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
        ("C/C=C/C(=O)O", "C/C=C\\C(=O)O"),
    ],
)
@pytest.mark.parametrize("with_3d", [True, False])
def test_stereoisomers_are_told_apart(one: str, other: str, with_3d: bool) -> None:
    torch.manual_seed(3)
    network = Network(CONFIGS["small"]).eval()
    coords = [conformer(s) if with_3d else None for s in (one, other)]
    z = _embed(network, store_of([one, other], coords), np.array([0, 1]))
    assert _difference(z[0], z[1]) > 1e-4


def test_conformers_of_one_molecule_differ_but_little() -> None:
    torch.manual_seed(3)
    network = Network(CONFIGS["small"]).eval()
    coords = [conformer(SMILES[0], seed) for seed in (1, 2)]
    z = _embed(network, store_of([SMILES[0]] * 2, coords), np.array([0, 1]))
    assert _difference(z[0], z[1]) > 1e-5
    assert float(z[0] @ z[1]) > 0.9


def test_a_molecule_without_geometry_uses_its_substructures_alone(store: GraphStore) -> None:
    torch.manual_seed(3)
    network = Network(CONFIGS["small"]).eval()
    bare = store_of(SMILES, [None] * len(SMILES))
    with_3d, without = _embed(network, store), _embed(network, bare)
    assert _difference(with_3d[-2:], without[-2:]) < 1e-6  # these had none in the first place
    assert (with_3d[:-2] - without[:-2]).abs().amax(1).min() > 1e-4


def test_every_parameter_learns(network: Network, store: GraphStore) -> None:
    network.train()
    torch.manual_seed(0)
    z = network(collate(store, EVERY))
    (z @ torch.randn(z.shape[1])).sum().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_bond_paths_know_the_molecule_but_not_its_shape(store: GraphStore) -> None:
    torch.manual_seed(0)
    config = CONFIGS["small"].model_copy(update={"distances": "paths"})
    network = Network(config).eval()
    batch = collate(store, EVERY)
    with torch.no_grad():
        before = network(batch)
        batch.pos = batch.pos + torch.randn_like(batch.pos)
        moved = network(batch)
        batch.has_geometry = torch.zeros_like(batch.has_geometry)
        hidden = network(batch)
    assert torch.equal(before, moved)
    assert _difference(before, hidden) > 1e-3  # the branch still says something


def test_bags_are_summed_as_a_plain_sum_says_in_training_and_at_use(store: GraphStore) -> None:
    batch = collate(store, EVERY)
    found = SubstructureEmbedding(int(batch.bag.max()) + 1, 8, drop=0.0)
    rows = found.table.weight.detach().double()
    assert not rows[0].any()  # "none" adds nothing, whatever kernel sums
    ends = zip(batch.bag_ptr[:-1].tolist(), batch.bag_ptr[1:].tolist(), strict=True)
    bag, weight = batch.bag.long(), batch.bag_counts.double().sqrt()
    plain = torch.stack([(rows[bag[a:b]] * weight[a:b, None]).sum(0) for a, b in ends])
    for training in (True, False):
        found.train(training)
        got = found(batch.bag, batch.bag_counts, batch.bag_ptr).detach().double()
        assert torch.allclose(got, plain, atol=1e-5)


def test_the_layers_behind_the_branches_are_as_wide_as_set(store: GraphStore) -> None:
    usual = CONFIGS["substructure only"]
    narrow = usual.model_copy(update={"expansion": 2})
    hidden = [Network(one).mlp[1].out_features for one in (usual, narrow)]
    assert hidden == [4 * usual.width, 2 * usual.width]
    z = _embed(Network(narrow).eval(), store)
    assert z.shape == (len(store), usual.embedding_dim)
