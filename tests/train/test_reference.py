"""Compounds by which a trained encoder tells rarity: as many of each kind, the same at each run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from families import OTHERS, family_table
from molecules import SMALL

from molsearch.chem.counters import Buckets
from molsearch.config import ModelConfig, TrainConfig
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.train import material as gathered
from molsearch.train import reference
from molsearch.train.material import Featuriser, Material, gather
from molsearch.train.reference import reference_vectors, shortened


@pytest.fixture
def encoder() -> Encoder:
    torch.manual_seed(1)
    config = ModelConfig(**SMALL, use_geometry=False, matryoshka=(8, 16))
    return Encoder(Network(config), identity="", card={})


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "N_LIGANDS", 3)
    monkeypatch.setattr(reference, "N_REFERENCE", 8)
    monkeypatch.setattr(gathered, "N_SCREENING", 5)


def material_of(folder: Path, encoder: Encoder, unlabelled: str = "u.csv") -> Material:
    family_table().to_csv(folder / "a.csv", index=False)
    content = {"method": "supervised", "activities": "a.csv", "development": "", "conformers": ""}
    soft = {"unlabelled": unlabelled}
    config = TrainConfig.model_validate({**content, "soft": soft})
    featuriser = Featuriser(Buckets.of(encoder.network.config), folder / "cache", 1, lambda _: None)
    return gather(config, folder, featuriser)


def test_some_are_ligands_and_the_others_screening_compounds(
    tmp_path: Path, encoder: Encoder
) -> None:
    pd.DataFrame({"smiles": OTHERS}).to_csv(tmp_path / "u.csv", index=False)
    material = material_of(tmp_path, encoder)
    assert material.unlabelled is None  # nothing is trained on them by this method
    assert material.screening is not None
    found = reference_vectors(encoder, material, 5)
    assert (found.dtype, found.shape) == (np.float16, (8, encoder.dim))
    ligands = encoder.encode_ensembles(material.store).astype(np.float16)
    others = encoder.encode_ensembles(material.screening).astype(np.float16)
    assert _n_among(found[:3], ligands) == 3
    assert _n_among(found[3:], others) == 5
    np.testing.assert_array_equal(found, reference_vectors(encoder, material, 5))
    assert not np.array_equal(found, reference_vectors(encoder, material, 6))


@pytest.mark.parametrize("unlabelled", ["", "absent.csv"])
def test_without_a_table_of_screening_compounds_all_are_ligands(
    tmp_path: Path, encoder: Encoder, unlabelled: str
) -> None:
    material = material_of(tmp_path, encoder, unlabelled)
    assert material.screening is None
    found = reference_vectors(encoder, material, 5)
    assert found.shape == (8, encoder.dim)
    ligands = encoder.encode_ensembles(material.store).astype(np.float16)
    assert _n_among(found, ligands) == 8
    np.testing.assert_allclose(np.linalg.norm(found.astype(float), axis=1), 1, atol=1e-3)


def _n_among(rows: np.ndarray, others: np.ndarray) -> int:
    near = np.abs(rows[:, None].astype(float) - others[None].astype(float)).max(axis=2)
    return int((near.min(axis=1) < 2e-3).sum())


def test_a_prefix_is_kept_where_it_is_an_embedding_of_its_own() -> None:
    vectors = np.random.default_rng(1).standard_normal((9, 256)).astype(np.float32)
    found = shortened(vectors, (64, 128, 256))
    assert (found.dtype, found.shape) == (np.float16, (9, 128))
    np.testing.assert_allclose(np.linalg.norm(found.astype(float), axis=1), 1, atol=1e-3)
    cosines = (found.astype(float) * vectors[:, :128]).sum(1)
    np.testing.assert_allclose(cosines, np.linalg.norm(vectors[:, :128], axis=1), rtol=1e-3)
    assert shortened(vectors, (64, 256)).shape == (9, 256)
