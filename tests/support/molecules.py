"""A handful of drug-like molecules with conformers, and small networks to embed them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from molsearch.chem.counters import Buckets
from molsearch.chem.features import features
from molsearch.config import ModelConfig
from molsearch.data.store import GraphStore, build_store

SMILES = [
    "CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O",
    "CN1CCC[C@H]1c1cccnc1",
    "CC(=O)Nc1ccc(O)cc1",
    "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
    "OC(=O)/C=C/c1ccccc1",
    "NS(=O)(=O)c1ccc(Cl)cc1",
    "C",
    "CCO",
]

SMALL = {"n_buckets": 997, "width": 32, "graph_width": 24, "embedding_dim": 16, "n_neighbours": 6}
CONFIGS = {
    "small": ModelConfig(**SMALL, matryoshka=(8, 16)),
    "attention": ModelConfig(**SMALL, attention=True, n_heads=4, n_layers=3, matryoshka=(16,)),
    "graph only": ModelConfig(**SMALL, use_substructure=False, matryoshka=(16,)),
    "substructure only": ModelConfig(**SMALL, use_geometry=False, matryoshka=(16,)),
    "paths": ModelConfig(
        **SMALL, n_torsions=211, n_pairs=307, use_geometry=False, matryoshka=(16,)
    ),
    "committee": ModelConfig(
        **SMALL, n_torsions=211, n_pairs=307, use_geometry=False, matryoshka=(8, 16), towers=2
    ),
}


def conformer(smiles: str, seed: int = 7) -> NDArray[np.int16]:
    """Heavy-atom coordinates in thousandths of an Å, centred."""
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=seed) == 0
    heavy = [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() > 1]
    xyz = mol.GetConformer().GetPositions()[heavy]
    return np.round(1000 * (xyz - xyz.mean(0))).astype(np.int16)


def store_of(
    smiles: list[str],
    coords: list[NDArray[np.int16] | None],
    buckets: Buckets = Buckets(SMALL["n_buckets"]),  # noqa: B008  frozen
) -> GraphStore:
    """Featurise into a store with the small hash space."""
    return build_store([features(s, buckets) for s in smiles], coords)
