"""Substructures and the atoms that hold them, against RDKit's own way and by molecules cut."""

from __future__ import annotations

import numpy as np
import pytest
from molecules import SMILES
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.chem.counters import Buckets
from molsearch.chem.features import bag_of
from molsearch.chem.fingerprints import ecfp4, packed_of
from molsearch.chem.occlusion import (
    HIDEABLE,
    bag_holders,
    bags_without,
    bits_without,
    print_holders,
)

MORE = [
    "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1", "C1CC1C1CC1", "C", "[Na+]", "[2H]C([2H])O",
    "C[C@H](N)C(=O)O", "c1ccccc1", "CCCCCCCCCCCCCCCCCCCC", "F/C=C/F",
]  # fmt: skip
BUCKETS = [
    Buckets(16381, 8192, 16384), Buckets(16381), Buckets(61, 31, 0), Buckets(61, 0, 17),
    Buckets(16381, 8192, 16384, 8191, 8192, 8191), Buckets(61, classes=13), Buckets(61, 31, wide=7),
]  # fmt: skip


@pytest.mark.parametrize("smiles", [*SMILES, *MORE])
@pytest.mark.parametrize("buckets", BUCKETS)
def test_holders_count_what_the_encoder_counts(smiles, buckets):
    mol = Chem.MolFromSmiles(smiles)
    holders = bag_holders(mol, buckets)
    bag, counts = bag_of(mol, buckets)
    assert dict(zip(holders.keys.tolist(), holders.counts.tolist(), strict=True)) == dict(
        zip(bag.tolist(), counts.tolist(), strict=True)
    )
    assert holders.atoms.shape == (counts.sum(), mol.GetNumAtoms())
    assert holders.atoms.any(axis=1).all()
    nothing, everything = np.zeros(mol.GetNumAtoms(), bool), np.ones(mol.GetNumAtoms(), bool)
    left = holders.without(np.stack([nothing, everything]))
    np.testing.assert_array_equal(left, [counts, np.zeros(len(bag))])


def by_hand(mol, atom, buckets):
    """Count torsions and pairs that RDKit finds when it is told to ignore an atom."""
    kinds = [
        rdFingerprintGenerator.GetTopologicalTorsionGenerator(
            fpSize=buckets.torsions, countSimulation=False
        ),
        rdFingerprintGenerator.GetAtomPairGenerator(
            maxDistance=12, fpSize=buckets.pairs, countSimulation=False
        ),
    ]
    found = {}
    for start, made in zip((0, buckets.torsions), kinds, strict=True):
        counts = made.GetCountFingerprint(mol, ignoreAtoms=[atom]).GetNonzeroElements()
        found |= {1 + buckets.environments + start + key: n for key, n in counts.items()}
    return found


@pytest.mark.parametrize("smiles", [*SMILES[:4], MORE[0], "CC(C)Cc1ccc(cc1)C(C)C(=O)O"])
def test_torsions_and_pairs_without_an_atom_are_those_that_rdkit_finds_without_it(smiles):
    buckets = BUCKETS[0]
    mol = Chem.MolFromSmiles(smiles)
    bags, counts = bags_without(bag_holders(mol, buckets), np.eye(mol.GetNumAtoms()) > 0)
    assert len(bags) == mol.GetNumAtoms()
    for atom in range(mol.GetNumAtoms()):
        mine = dict(zip(bags[atom].tolist(), counts[atom].tolist(), strict=True))
        mine = {key: n for key, n in mine.items() if key > buckets.environments}
        assert mine == by_hand(mol, atom, buckets)


def test_environments_without_an_atom_are_those_beyond_its_reach():
    """Of a chain cut in the middle what is left are environments that end before the cut."""
    mol = Chem.MolFromSmiles("FCCCCCCCCO")
    holders = print_holders(mol, "ecfp4")
    for atom in range(mol.GetNumAtoms()):
        told = rdFingerprintGenerator.AdditionalOutput()
        told.AllocateBitInfoMap()
        made = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
        made.GetFingerprint(mol, additionalOutput=told)
        due = {
            bit
            for bit, places in told.GetBitInfoMap().items()
            if any(atom not in environment_atoms(mol, centre, radius) for centre, radius in places)
        }
        packed = bits_without(holders, np.eye(mol.GetNumAtoms()) > 0, "ecfp4")[atom]
        assert set(np.flatnonzero(np.unpackbits(packed)).tolist()) == due


def environment_atoms(mol, centre, radius):
    """Atoms of an environment as RDKit finds them, bond by bond."""
    bonds = Chem.FindAtomEnvironmentOfRadiusN(mol, radius, centre, enforceSize=False)
    found = {centre}
    for number in bonds:
        bond = mol.GetBondWithIdx(number)
        found |= {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}
    return found


@pytest.mark.parametrize("smiles", [*SMILES, *MORE])
def test_all_bits_have_holders_and_hiding_takes_bits_away_alone(smiles):
    mol = Chem.MolFromSmiles(smiles)
    holders = print_holders(mol, "ecfp4")
    whole = np.unpackbits(np.frombuffer(ecfp4(mol), np.uint8))
    assert np.flatnonzero(whole).tolist() == holders.keys.tolist()
    left = np.unpackbits(bits_without(holders, np.eye(mol.GetNumAtoms()) > 0, "ecfp4"), axis=1)
    assert left.shape == (mol.GetNumAtoms(), 2048)
    assert (left <= whole).all()


@pytest.mark.parametrize("smiles", [*SMILES, *MORE])
@pytest.mark.parametrize("name", HIDEABLE)
def test_with_nothing_hidden_the_bits_are_the_fingerprints(smiles, name):
    mol = Chem.MolFromSmiles(smiles)
    nothing, everything = np.zeros(mol.GetNumAtoms(), bool), np.ones(mol.GetNumAtoms(), bool)
    found = bits_without(print_holders(mol, name), np.stack([nothing, everything]), name)
    np.testing.assert_array_equal(found[0], packed_of(name, [smiles])[0])
    assert not found[1].any()


@pytest.mark.parametrize("name", ["torsion", "atom-pair"])
def test_bits_of_counts_are_those_of_rdkit_without_the_atom(name):
    mol = Chem.MolFromSmiles(MORE[0])
    made = {
        "torsion": rdFingerprintGenerator.GetTopologicalTorsionGenerator(fpSize=2048),
        "atom-pair": rdFingerprintGenerator.GetAtomPairGenerator(fpSize=2048),
    }[name]
    each = np.eye(mol.GetNumAtoms()) > 0
    found = np.unpackbits(bits_without(print_holders(mol, name), each, name), axis=1)
    for atom in range(mol.GetNumAtoms()):
        due = made.GetFingerprintAsNumPy(mol, ignoreAtoms=[atom])
        np.testing.assert_array_equal(found[atom], due)


def test_bits_of_paths_without_an_atom_are_those_of_what_is_left():
    """Cut in the middle, a chain keeps the paths of its two halves."""
    mol, cut = Chem.MolFromSmiles("FCCCSCCCCl"), 4
    hidden = np.zeros((1, mol.GetNumAtoms()), bool)
    hidden[0, cut] = True
    found = bits_without(print_holders(mol, "path"), hidden, "path")[0]
    due = packed_of("path", ["FCCC", "CCCCl"])
    np.testing.assert_array_equal(found, due[0] | due[1])
