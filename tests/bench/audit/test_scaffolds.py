from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molsearch.bench.audit.features import (
    fingerprint_chunk,
    read_checked,
    read_trusted,
    reader,
    scaffold_chunk,
    spread_over,
)
from molsearch.bench.audit.scaffolds import ScaffoldIndex, core_keys, elements_of, scaffold_hashes
from molsearch.bench.molecules import Molecules
from molsearch.chem.scaffold import scaffold

WRITTEN = [
    Chem.CanonSmiles(smiles)
    for smiles in (
        "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1",
        "C[C@H](N)C(=O)O",
        "O=C(Nc1ccc(Br)cc1)c1ccc[nH]1",
        "O=S1(=O)CCC(=C)C1c1cscc1[N+](=O)[O-]",
        "[13CH3]c1ccccc1C1(C)CC2CCC1C2",
        "[2H]c1ccccc1.OC1CC1",
        "CC(=O)[O-]",
        "CCCCCCCCO",
    )
]


def test_reading_what_rdkit_wrote_gives_the_same_features():
    whole = Molecules(WRITTEN)
    prints, keys = fingerprint_chunk(WRITTEN)
    assert reader(WRITTEN) is read_trusted
    np.testing.assert_array_equal(prints, whole["ecfp4"])
    np.testing.assert_array_equal(
        scaffold_chunk(WRITTEN), scaffold_hashes(whole["scaffold"].tolist())
    )
    assert [key == 0 for key in keys] == [not s for s in whole["scaffold"]]


def test_other_spellings_are_read_in_full():
    kekule = ["C1=CC=CC=C1O", "C1=CC=CC=C1N"]
    assert reader(kekule) is read_checked
    prints, _ = fingerprint_chunk([*kekule, "nonsense"])
    np.testing.assert_array_equal(prints, Molecules([*kekule, "nonsense"])["ecfp4"])


@pytest.mark.parametrize("smiles", WRITTEN)
def test_a_molecule_and_its_scaffold_have_one_key(smiles):
    mol = Chem.MolFromSmiles(smiles)
    core = scaffold(mol)
    found = core_keys([smiles, core], [mol, Chem.MolFromSmiles(core)])
    assert found[0] == found[1]
    assert elements_of(smiles, mol) == [atom.GetAtomicNum() for atom in mol.GetAtoms()]


def test_only_molecules_that_could_match_are_looked_at(tmp_path):
    asked = []

    def work(some):
        asked.append(list(some))
        return scaffold_chunk(list(some))

    _, keys = fingerprint_chunk(WRITTEN)
    inside = np.array([True] * 7 + [False])
    path = tmp_path / "scaffolds.npy"
    index = ScaffoldIndex(WRITTEN, keys, inside, path, work)
    cores = Molecules(WRITTEN)["scaffold"].tolist()
    assert index.known([cores[2], "c1ccc2ccccc2c1", cores[2]]).tolist() == [True, False, True]
    assert asked == [[WRITTEN[2]]]
    again = ScaffoldIndex(WRITTEN, keys, inside, path, work)
    assert again.known([cores[2]]).all()
    assert len(asked) == 1
    outside = ScaffoldIndex(WRITTEN, keys, ~inside, tmp_path / "other.npy", work)
    assert not outside.known(cores[:6]).any()


def test_worker_processes_keep_the_order():
    chunks = [WRITTEN[:3], WRITTEN[3:6], WRITTEN[6:]]
    here = [prints for prints, _ in spread_over(fingerprint_chunk, chunks, 1)]
    there = [prints for prints, _ in spread_over(fingerprint_chunk, chunks, 2)]
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one, other)
