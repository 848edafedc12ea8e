from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molsearch.chem.conformers import embed, pack, unpack
from molsearch.chem.geometry import keeps_stereo, why_not_3d
from molsearch.chem.parse import RejectedError
from molsearch.config import PrepareConfig

FAST = PrepareConfig()
# Many centres, bridged and fused rings, ring double bonds, sugars, peptides, E/Z.
CHIRAL = [
    "C[C@H](N)C(=O)O",
    "C[C@@H](N)C(=O)O",
    "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O",
    "C[C@]12CC[C@H]3[C@@H](CCc4cc(O)ccc43)[C@@H]1CC[C@@H]2O",
    "OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O",
    "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    "C[C@H]1CC[C@H](C)CC1",
    "C[C@H]1CC[C@@H](C)CC1",
    "C/C=C/C(=O)N[C@@H](Cc1ccccc1)C(=O)O",
    r"C/C=C\C(=O)N[C@@H](Cc1ccccc1)C(=O)O",
    "CC[S@@+](C)[O-]",
    "C[C@@H]1CC[C@H]2[C@@H](C)C(=O)O[C@@H]3O[C@@]4(C)CC[C@@H]1[C@]32OO4",
    "CC(C)C[C@H](NC(=O)[C@H](C)N)C(=O)N[C@@H](CO)C(=O)O",
]


def conformer_of(mol: Chem.Mol, positions: np.ndarray) -> Chem.Mol:
    model = Chem.Mol(mol)
    conformer = Chem.Conformer(mol.GetNumAtoms())
    conformer.SetPositions(positions)
    model.AddConformer(conformer)
    return model


def seen_in(mol: Chem.Mol, positions: np.ndarray) -> str:
    """Canonical SMILES with stereo read from the coordinates alone."""
    model = conformer_of(mol, positions)
    Chem.RemoveStereochemistry(model)
    Chem.AssignStereochemistryFrom3D(model)
    return Chem.MolToSmiles(model)


@pytest.mark.parametrize("smiles", CHIRAL)
def test_stereo_of_the_geometry_is_the_parents(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    for positions in embed(mol, PrepareConfig(n_conformers=2)):
        assert seen_in(mol, positions) == Chem.CanonSmiles(smiles)


@pytest.mark.parametrize("smiles", [CHIRAL[0], CHIRAL[8]])
def test_mirror_image_and_flipped_bond_are_noticed(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    positions = embed(mol, FAST)[0]
    assert keeps_stereo(conformer_of(mol, positions))
    assert not keeps_stereo(conformer_of(mol, positions * [1, 1, -1]))


def test_e_geometry_is_not_z() -> None:
    z, e = Chem.MolFromSmiles(r"F/C=C\Cl"), Chem.MolFromSmiles("F/C=C/Cl")
    positions = embed(e, FAST)[0]
    assert keeps_stereo(conformer_of(e, positions))
    assert not keeps_stereo(conformer_of(z, positions))


@pytest.mark.parametrize("quality", ["fast", "full"])
def test_conformers_are_deterministic_and_as_many_as_asked(quality: str) -> None:
    config = PrepareConfig.model_validate({"n_conformers": 3, "quality": quality})
    mol = Chem.MolFromSmiles("CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O")
    first, second = embed(mol, config), embed(mol, config)
    assert len(first) == 3
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert not np.allclose(first[0], first[1])


def test_another_seed_gives_another_geometry() -> None:
    mol = Chem.MolFromSmiles("CCCCCC(=O)NCCc1ccccc1")
    one, other = embed(mol, FAST), embed(mol, PrepareConfig(seed=7))
    assert not np.allclose(one[0], other[0])


def test_impossible_stereo_is_a_reason_not_a_geometry() -> None:
    # Bridgeheads of norbornane can only point outwards.
    assert len(embed(Chem.MolFromSmiles("F[C@]12CC[C@](Cl)(CC1)C2"), FAST)) == 1
    with pytest.raises(RejectedError) as caught:
        embed(Chem.MolFromSmiles("F[C@]12CC[C@@](Cl)(CC1)C2"), FAST)
    assert caught.value.stage == "conformer"


def test_pack_rounds_to_thousandths_and_centres() -> None:
    geometry = np.array([[0.0, 0.0, 0.0], [1.5, 0.25, 3.0004]])
    packed = pack([geometry, geometry + 5.0])
    back = unpack(packed, 2, 2)
    assert len(packed) == 2 * 2 * 3 * 2
    np.testing.assert_allclose(back[0], geometry - geometry.mean(axis=0), atol=5.1e-4)
    np.testing.assert_allclose(back[0], back[1], atol=1e-3)
    with pytest.raises(RejectedError, match="32 Å"):
        pack([geometry * 40])


def test_what_is_not_3d_is_named() -> None:
    mol = Chem.MolFromSmiles("C[C@H](N)C(=O)O")
    good = embed(mol, FAST)[0]
    assert why_not_3d(mol, good) == ""
    assert "finite" in why_not_3d(mol, np.full_like(good, np.nan))
    assert "alike" in why_not_3d(mol, np.zeros_like(good))
    assert "flat" in why_not_3d(mol, good * [1, 1, 0])
    assert "distances" in why_not_3d(mol, good * 10)
    assert "stereo" in why_not_3d(mol, good * [1, 1, -1])


def test_a_tilted_drawing_is_flat_and_a_planar_molecule_is_not() -> None:
    turn = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
    mol = Chem.MolFromSmiles("CC(C)C")
    drawing = np.array([[0.0, 1.5, 0], [0, 0, 0], [1.3, -0.75, 0], [-1.3, -0.75, 0]]) @ turn
    assert "flat" in why_not_3d(mol, drawing)
    ring = Chem.MolFromSmiles("c1ccccc1")
    angle = np.arange(6) * np.pi / 3
    benzene = np.stack([1.39 * np.cos(angle), 1.39 * np.sin(angle), 0 * angle], axis=1)
    assert why_not_3d(ring, benzene @ turn) == ""
    assert "flat" in why_not_3d(ring, benzene)
