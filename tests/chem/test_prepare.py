from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from molsearch.chem.conformers import unpack
from molsearch.chem.prepare import prepare_in_process, prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import PROPERTIES, Failure, Prepared, Record

FAST = PrepareConfig()
FLAT = PrepareConfig(n_conformers=0)
GIVEN = PrepareConfig(use_input_3d=True)


def record(smiles: str, **more: object) -> Record:
    return Record(7, "lib.smi", 9, "id 1", smiles, **more)  # type: ignore[arg-type]


def prepared(one: Record, config: PrepareConfig) -> Prepared:
    outcome = prepare_record(one, config)
    assert isinstance(outcome, Prepared), outcome
    return outcome


def block_3d(smiles: str, *, hydrogens: bool = True) -> str:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert AllChem.EmbedMolecule(mol, randomSeed=11) == 0
    return str(Chem.MolToMolBlock(mol if hydrogens else Chem.RemoveHs(mol)))


def test_one_molecule_whole() -> None:
    one = record("C[C@H](N)C(=O)[O-].[Na+]", extra={"Assay": "x", "IC50 (µM)": "1,5"})
    found = prepared(one, FAST)
    assert found.molecule_id == "id 1"
    assert (found.record_number, found.source, found.row) == (7, "lib.smi", 9)
    assert found.smiles == one.smiles
    assert found.parent_smiles == "C[C@H](N)C(=O)O"
    assert found.inchikey == "QNAYBMKLOCPYGJ-REOHCLBHSA-N"
    assert found.user == {"Assay": "x", "IC50 (µM)": "1,5"}
    assert (found.geometry, found.n_conformers, found.n_atoms) == ("embedded", 1, 6)
    assert len(found.ecfp4) == 256
    assert unpack(found.coords, 1, 6).std() > 0.5
    assert all(hasattr(found, name) for name in PROPERTIES)


def test_unreadable_rows_stay_read_failures() -> None:
    outcome = prepare_record(Record(1, "a", 1, "m", error="no structure"), FAST)
    assert isinstance(outcome, Failure)
    assert (outcome.stage, outcome.reason) == ("read", "no structure")


def test_no_conformers_means_no_geometry() -> None:
    found = prepared(record("CCO"), FLAT)
    assert (found.geometry, found.n_conformers, found.coords) == ("none", 0, b"")
    assert found.n_atoms == 3


def test_too_large_for_3d_is_kept_and_flagged() -> None:
    config = PrepareConfig(max_heavy_atoms_3d=5)
    assert prepared(record("CCCCC"), config).geometry == "embedded"
    large = prepared(record("CCCCCC"), config)
    assert (large.geometry, large.n_conformers) == ("none", 0)


def test_unembeddable_is_a_conformer_failure() -> None:
    outcome = prepare_record(record("F[C@]12CC[C@@](Cl)(CC1)C2"), FAST)
    assert isinstance(outcome, Failure)
    assert outcome.stage == "conformer"
    assert isinstance(prepare_record(record("F[C@]12CC[C@@](Cl)(CC1)C2"), FLAT), Prepared)


def test_deuterium_counts_among_the_atoms_of_coordinates() -> None:
    found = prepared(record("[2H]C([2H])([2H])Oc1ccccc1"), FAST)
    mol = Chem.MolFromSmiles(found.parent_smiles)
    assert found.parent_smiles.count("[2H]") == 3
    assert found.n_atoms == mol.GetNumAtoms() == 11
    assert found.heavy_atoms == 8


@pytest.mark.parametrize("hydrogens", [True, False])
@pytest.mark.parametrize(
    "smiles",
    ["C[C@H](N)C(=O)[O-].[Na+]", "CC[S@](C)=O", "[2H]C([2H])([2H])O", "CC(C)(C)c1ccc(C)cc1"],
)
def test_input_geometry_follows_its_atoms(smiles: str, hydrogens: bool) -> None:
    block = block_3d(smiles, hydrogens=hydrogens)
    found = prepared(Record(1, "a.sdf", 1, "m", molblock=block), GIVEN)
    assert found.geometry == "input"
    coords = unpack(found.coords, 1, found.n_atoms)[0]
    parent = Chem.MolFromSmiles(found.parent_smiles)
    given = Chem.MolFromMolBlock(block)
    positions = given.GetConformer().GetPositions()
    # Each parent atom sits where an input atom of the same element sat.
    offset = None
    for perm in given.GetSubstructMatches(_shape_of(parent), uniquify=False, maxMatches=5000):
        shift = positions[list(perm)] - coords
        if np.abs(shift - shift.mean(axis=0)).max() < 2e-3:
            offset = shift.mean(axis=0)
            break
    assert offset is not None


def _shape_of(parent: Chem.Mol) -> Chem.Mol:
    """The parent as a pattern of elements and bonds without orders or charges."""
    pattern = Chem.RWMol()
    for atom in parent.GetAtoms():
        pattern.AddAtom(Chem.AtomFromSmarts(f"[#{atom.GetAtomicNum()}]"))
    for bond in parent.GetBonds():
        pattern.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), Chem.BondType.ZERO)
        index = pattern.GetNumBonds() - 1
        pattern.ReplaceBond(index, Chem.BondFromSmarts("~"))
    return pattern.GetMol()


def test_input_geometry_only_on_request() -> None:
    one = Record(1, "a.sdf", 1, "m", molblock=block_3d("CCCO"))
    assert prepared(one, FAST).geometry == "embedded"


@pytest.mark.parametrize("factor", [[1, 1, 0], [0, 0, 0]])
def test_flat_or_zero_input_is_embedded_instead(factor: list[int]) -> None:
    mol = Chem.MolFromMolBlock(block_3d("CC(O)CN"))
    conformer = mol.GetConformer()
    conformer.SetPositions(conformer.GetPositions() * factor)
    one = Record(1, "a.sdf", 1, "m", molblock=Chem.MolToMolBlock(mol))
    assert prepared(one, GIVEN).geometry == "embedded"


@pytest.mark.parametrize("smiles", ["CCO", "CCC", "C=O", "C1CC1", "CO", "C#N.CC"])
@pytest.mark.parametrize("dimension", ["2D", "3D"])
def test_a_flat_drawing_is_no_geometry_at_any_size(smiles: str, dimension: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    AllChem.Compute2DCoords(mol)
    block = Chem.MolToMolBlock(mol).replace("  2D", f"  {dimension}")
    found = prepared(Record(1, "a.sdf", 1, "m", molblock=block), GIVEN)
    assert found.geometry == "embedded"


def test_hydrogens_tell_a_geometry_in_the_plane_of_the_paper_from_a_drawing() -> None:
    mol = Chem.MolFromMolBlock(block_3d("CCO", hydrogens=True), removeHs=False)
    positions = mol.GetConformer().GetPositions()
    heavy = positions[:3] - positions[0]
    first = heavy[1] / np.linalg.norm(heavy[1])
    third = np.cross(heavy[1], heavy[2])
    third /= np.linalg.norm(third)
    axes = np.stack([first, np.cross(third, first), third])
    mol.GetConformer().SetPositions((positions - positions[0]) @ axes.T)
    block = Chem.MolToMolBlock(mol)
    assert np.abs(Chem.MolFromMolBlock(block).GetConformer().GetPositions()[:, 2]).max() == 0
    assert prepared(Record(1, "a.sdf", 1, "m", molblock=block), GIVEN).geometry == "input"


def test_mol_block_input_is_shown_as_smiles() -> None:
    found = prepared(Record(1, "a.sdf", 1, "m", molblock=block_3d("CC(=O)[O-].[Na+]")), FLAT)
    assert Chem.CanonSmiles(found.smiles) == "CC(=O)[O-].[Na+]"
    assert found.parent_smiles == "CC(=O)O"


def test_r_and_s_and_e_and_z_are_different_molecules() -> None:
    for pair in (("C[C@H](O)CC", "C[C@@H](O)CC"), ("C/C=C/CO", r"C/C=C\CO")):
        one, other = (prepared(record(smiles), FLAT) for smiles in pair)
        assert one.parent_smiles != other.parent_smiles
        assert one.inchikey != other.inchikey
        assert one.inchikey[:14] == other.inchikey[:14]


def test_a_few_records_in_process_keep_their_order() -> None:
    rows = [dataclasses.replace(record(s), number=i) for i, s in enumerate(["CCO", "x", "CN"], 1)]
    good, bad = prepare_in_process(rows, FLAT)
    assert [one.record_number for one in good] == [1, 3]
    assert [one.record_number for one in bad] == [2]
    assert len(bad[0].input) > 0


@pytest.mark.parametrize(
    "smiles", ["[" * 100_000, "C" + "(" * 100_000, "C1" * 5_000, "[C" + "+" * 999]
)
def test_monstrous_text_is_a_failure(smiles: str) -> None:
    outcome = prepare_record(record(smiles), FLAT)
    assert isinstance(outcome, Failure)
    assert len(outcome.input) <= 500
    assert "\n" not in outcome.reason


def test_an_inchi_is_read_and_shown_as_smiles() -> None:
    inchi = Chem.MolToInchi(Chem.MolFromSmiles("C[C@H](N)C(=O)O"))
    one = prepared(record(inchi), FLAT)
    assert (one.parent_smiles, one.smiles) == ("C[C@H](N)C(=O)O",) * 2
    failure = prepare_record(record(inchi[:-5] + "q"), FLAT)
    assert isinstance(failure, Failure)
    assert (failure.stage, "not a readable InChI" in failure.reason) == ("parse", True)
