"""Substructures against RDKit's bits and loops over atoms; what changes a number is pinned."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from molecules import SMILES
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.chem.counters import Buckets
from molsearch.chem.features import Features, bag_of, features, features_of
from molsearch.io.hashing import sha256_bytes

BUCKETS = Buckets(16_381, 8_192, 16_384)


def _split(found: Features) -> tuple[Counter[int], Counter[int], Counter[int]]:
    """Counts by bucket of the three kinds."""
    kinds: tuple[Counter[int], Counter[int], Counter[int]] = (Counter(), Counter(), Counter())
    ends = (1 + BUCKETS.environments, 1 + BUCKETS.environments + BUCKETS.torsions)
    for row, count in zip(found.bag.tolist(), found.counts.tolist(), strict=True):
        assert row > 0, "row 0 is none"
        kind = 0 if row < ends[0] else 1 if row < ends[1] else 2
        kinds[kind][row - (1, *ends)[kind]] = count
    return kinds


@pytest.mark.parametrize("smiles", SMILES)
def test_circular_environments_are_those_of_each_atom(smiles: str) -> None:
    found = features(smiles, BUCKETS)
    atoms = Counter(int(e) - 1 for e in found.environments.ravel() if e)
    assert _split(found)[0] == atoms


@pytest.mark.parametrize("smiles", SMILES)
def test_pairs_are_counted_up_to_twelve_bonds(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    distance = Chem.GetDistanceMatrix(mol)
    near = sum(distance[i, j] <= 12 for i, j in combinations(range(mol.GetNumAtoms()), 2))
    assert sum(_split(features(smiles, BUCKETS))[2].values()) == near


def test_far_pairs_are_left_out() -> None:
    chain = "C" * 20
    n = sum(1 for i, j in combinations(range(20), 2) if j - i <= 12)
    assert sum(_split(features(chain, BUCKETS))[2].values()) == n


@pytest.mark.parametrize("smiles", SMILES)
def test_torsions_are_rdkits(smiles: str) -> None:
    generator = rdFingerprintGenerator.GetTopologicalTorsionGenerator(
        fpSize=BUCKETS.torsions, countSimulation=False
    )
    bits = generator.GetCountFingerprint(Chem.MolFromSmiles(smiles)).GetNonzeroElements()
    assert dict(_split(features(smiles, BUCKETS))[1]) == bits


def test_bag_alone_is_the_bag_of_the_graph() -> None:
    mol = Chem.MolFromSmiles(SMILES[1])
    whole, bag = features_of(mol, BUCKETS), features_of(mol, BUCKETS, graph=False)
    assert np.array_equal(whole.bag, bag.bag)
    assert np.array_equal(whole.counts, bag.counts)
    assert bag.atoms.shape == (0, whole.atoms.shape[1])
    assert len(bag.environments) == len(bag.bonds) == 0


def test_counts_beyond_a_byte_stay_at_its_end() -> None:
    bag, counts = bag_of(Chem.MolFromSmiles("C" * 290), BUCKETS)
    assert counts.max() == 255
    assert len(bag) == len(counts) == len(set(bag.tolist()))


def test_version_follows_the_kinds() -> None:
    assert Buckets(509).version == "features-1"
    assert Buckets(509, 0, 67).version == Buckets(509, 53).version == "features-2"
    assert Buckets(509, 53, 67).n_rows == 1 + 509 + 53 + 67
    assert str(Buckets(16381, class_pairs=5)) == "16,381 of environments, 5 of class pairs"
    further = [Buckets(509, 53, classes=5), Buckets(509, class_pairs=5), Buckets(509, wide=5)]
    assert {one.version for one in further} == {"features-3"}
    assert Buckets(509, 53, 67, 11, 13, 17).n_rows == 1 + 509 + 53 + 67 + 11 + 13 + 17


def test_numbers_of_this_version_stand() -> None:
    """A change here is a new version: encoders and indexes made before must be refused."""
    parts = [features(smiles, BUCKETS) for smiles in SMILES]
    assert all((np.diff(part.bag.astype(int)) > 0).all() for part in parts)
    content = b"".join(part.bag.tobytes() + part.counts.tobytes() for part in parts)
    assert sha256_bytes(content)[:16] == "79e0a586487ae390"


def further_by_hand(mol: Chem.Mol, buckets: Buckets) -> dict[int, int]:
    """Count feature classes and wide environments, these by RDKit's unfolded hashes."""
    made = rdFingerprintGenerator
    kinds = made.GetMorganFeatureAtomInvGen()
    found: Counter[int] = Counter()
    start = buckets.n_rows - buckets.n_further
    circles = [
        (start, buckets.classes, {"radius": 2, "atomInvariantsGenerator": kinds}, (0, 1, 2)),
        (
            buckets.n_rows - buckets.wide,
            buckets.wide,
            {"radius": 3, "includeChirality": True},
            (3,),
        ),
    ]
    for first, size, how, radii in circles:
        told = made.AdditionalOutput()
        told.AllocateBitInfoMap()
        made.GetMorganGenerator(**how).GetSparseCountFingerprint(mol, additionalOutput=told)
        for key, places in told.GetBitInfoMap().items():
            found[first + key % size] += sum(radius in radii for _, radius in places)
    pairs = made.GetAtomPairGenerator(
        maxDistance=12, countSimulation=False, fpSize=buckets.class_pairs,
        atomInvariantsGenerator=kinds,
    )  # fmt: skip
    for key, n in pairs.GetCountFingerprint(mol).GetNonzeroElements().items():
        found[start + buckets.classes + key] += n
    return {key: n for key, n in found.items() if n}


@pytest.mark.parametrize("smiles", SMILES)
def test_classes_and_wide_environments_are_those_that_rdkit_hashes(smiles: str) -> None:
    mol, buckets = Chem.MolFromSmiles(smiles), Buckets(509, 53, 67, 101, 97, 89)
    bag, counts = bag_of(mol, buckets)
    mine = {int(key): int(n) for key, n in zip(bag, counts, strict=True) if key >= 1 + 629}
    assert mine == further_by_hand(mol, buckets)
    rest, _ = bag_of(mol, Buckets(509, 53, 67))
    assert np.array_equal(rest, bag[bag < 1 + 629])


def test_classes_do_not_tell_elements_of_one_role_apart() -> None:
    one, two = (Chem.MolFromSmiles(text) for text in ("CCCCCl", "CCCCBr"))
    same = Buckets(1, classes=997, class_pairs=997)
    assert np.array_equal(bag_of(one, same)[0], bag_of(two, same)[0])
    assert not np.array_equal(bag_of(one, Buckets(997))[0], bag_of(two, Buckets(997))[0])


def test_unreadable_parent_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a readable parent"):
        features("C1CC", BUCKETS)
