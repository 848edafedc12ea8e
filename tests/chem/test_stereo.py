"""AND/OR groups and hindered bonds: kept in structure, key, count, geometry and mol block."""

from __future__ import annotations

import random
import re

import pytest
from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from molsearch.chem.atropisomers import keeps_atropisomers
from molsearch.chem.conformers import unpack
from molsearch.chem.molblock import mol_block
from molsearch.chem.prepare import prepare_record
from molsearch.chem.stereo import extension, n_relative, ordered_smiles, parent_key, stereo_smiles
from molsearch.config import PrepareConfig
from molsearch.schema import Prepared, Record

FLAT = PrepareConfig(n_conformers=0)
BUTANOL = """butan-2-ol
  hand

  0  0  0     0  0            999 V3000
M  V30 BEGIN CTAB
M  V30 COUNTS 5 4 0 0 0
M  V30 BEGIN ATOM
M  V30 1 C 0 0 0 0
M  V30 2 C 1.3 0.75 0 0
M  V30 3 O 1.3 2.25 0 0
M  V30 4 C 2.6 0 0 0
M  V30 5 C 3.9 0.75 0 0
M  V30 END ATOM
M  V30 BEGIN BOND
M  V30 1 1 1 2
M  V30 2 1 2 3 CFG=1
M  V30 3 1 2 4
M  V30 4 1 4 5
M  V30 END BOND
{collection}M  V30 END CTAB
M  END
"""
WEDGED = "M  V30 2 1 2 3 CFG=1"


def butanol(group: str = "", *, hashed: bool = False) -> str:
    lines = "M  V30 BEGIN COLLECTION\nM  V30 MDLV30/{} ATOMS=(1 2)\nM  V30 END COLLECTION\n"
    block = BUTANOL.format(collection=lines.format(group) if group else "")
    return block.replace("CFG=1", "CFG=3") if hashed else block


def prepared(text: str, config: PrepareConfig = FLAT) -> Prepared:
    given = {"molblock": text} if "\n" in text else {"smiles": text}
    found = prepare_record(Record(1, "t", 1, "m", **given), config)
    assert isinstance(found, Prepared), found
    return found


def key(text: str) -> str:
    found = prepared(text)
    return parent_key(found.inchikey, found.parent_smiles)


def test_four_substances_of_one_drawing() -> None:
    names = ["", "STEABS", "STEREL1", "STERAC1"]
    one, absolute, either, racemate = (prepared(butanol(name)) for name in names)
    assert one.parent_smiles == absolute.parent_smiles == "CC[C@@H](C)O"
    assert either.parent_smiles == "CC[C@H](C)O |o1:2|"
    assert racemate.parent_smiles == "CC[C@H](C)O |&1:2|"
    assert len({key(butanol(name)) for name in names}) == 3
    assert [x.n_unspecified_stereo for x in (one, absolute, either, racemate)] == [0, 0, 1, 1]
    assert racemate.smiles == "CC[C@H](C)O |&1:2|"
    assert one.ecfp4 == racemate.ecfp4
    assert "|" not in one.smiles


def test_what_is_drawn_of_a_racemate_does_not_matter() -> None:
    for group in ("STEREL1", "STERAC1", "STERAC7"):
        assert key(butanol(group)) == key(butanol(group, hashed=True))
    assert key(butanol()) != key(butanol(hashed=True))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("CC[C@H](C)O |o5:2| ", "CC[C@H](C)O |o1:2|"),
        ("C[C@@H](N)C(=O)[O-].[Na+] |&1:1|", "C[C@H](N)C(=O)O |&1:1|"),
        ("C[C@H](O)C[C@H](O)C |&1:1,4|", "C[C@H](O)C[C@@H](C)O"),
        ("C[C@H](O)C[C@@H](O)C |&1:1,4|", "C[C@H](O)C[C@H](C)O |&1:1,4|"),
        ("CC[C@H](O)C[C@H](C)F |a:2,5|", "CC[C@H](O)C[C@H](C)F"),
        ("CC(O)CC |o1:1|", "CCC(C)O"),
    ],
)
def test_parents(given: str, expected: str) -> None:
    found = prepared(given)
    assert found.parent_smiles == expected
    assert prepared(expected).parent_smiles == expected


def test_mixtures_of_four_two_and_one() -> None:
    body = "C[C@H](O)CC[C@@H](F)C"
    tails = ["", " |&1:1,5|", " |&1:1,&2:5|", " |o1:1,o2:5|", " |o1:1|", " |&1:5|", " |o1:1,&1:5|"]
    assert len({key(body + tail) for tail in tails}) == len(tails)
    counts = [prepared(body + tail).n_unspecified_stereo for tail in tails]
    assert counts == [0, 2, 2, 2, 1, 1, 2]


BIARYLS = [
    "Cc1cccc(I)c1-c1c(Cl)cccc1Br |wU:7.7|",
    "Cc1cccc(I)c1-c1c(Cl)cccc1Br |wD:7.7|",
    "Cc1cccc(I)c1-c1c(Cl)cccc1Br |wU:7.7,&1:7|",
    "Cc1cccc(I)c1-c1c(Cl)cccc1Br |wU:7.7,o1:7|",
    "C[C@H](F)Cc1cccc(I)c1-c1c(Cl)cccc1Br |wU:10.10|",
    "C[C@H](F)Cc1cccc(I)c1-c1c(Cl)cccc1Br |wD:10.10|",
    "C[C@H](F)Cc1cccc(I)c1-c1c(Cl)cccc1Br |wU:10.10,o1:1|",
    "C[C@H](F)Cc1cccc(I)c1-c1c(Cl)cccc1Br |wU:10.10,o1:10|",
    "C[C@H](F)Cc1cccc(I)c1-c1c(Cl)cccc1Br |wU:10.10,o1:1,10|",
    "C[C@H](F)Cc1cccc(I)c1-c1c(Cl)cccc1Br |wD:10.10,o1:1,10|",
    "O=C(O)c1ccc2ccccc2c1-c1c(C(=O)O)ccc2ccccc12 |wU:12.12|",
    "Cc1cccc(I)c1-c1c(C)c(F)c(-c2c(C)cccc2I)c(F)c1C |wU:7.7,wD:13.13|",
    "Cc1cccc(I)c1-c1c(C)c(F)c(-c2c(C)cccc2I)c(F)c1C |wU:7.7,13.13|",
    "Cc1cccc(I)c1-c1c(F)ccc(-c2c(C)cccc2I)c1Br |wU:7.7|",
    "CC[C@H](O)C[C@@H](F)C |o2:2,&1:5|",
    "C[C@H](O)C[C@@H](F)[C@H](Cl)C |o1:1,4|",
]


def test_all_these_are_different() -> None:
    assert len({key(smiles) for smiles in BIARYLS}) == len(BIARYLS)


@pytest.mark.parametrize("smiles", BIARYLS)
def test_the_order_of_atoms_does_not_matter(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    AllChem.Compute2DCoords(mol)
    block = Chem.MolToV3KMolBlock(mol)
    found = {stereo_smiles(Chem.MolFromMolBlock(shuffled(block, seed))) for seed in range(12)}
    assert found == {stereo_smiles(mol)}
    text = found.pop()
    assert stereo_smiles(Chem.MolFromSmiles(text)) == text
    assert extension(text)
    assert n_relative(Chem.MolFromSmiles(text)) == n_relative(mol)


@pytest.mark.parametrize("smiles", BIARYLS)
def test_the_order_of_the_text_is_that_of_the_atoms(smiles: str) -> None:
    """Flipped or not, each atom of the text stands for one of the same element and degree."""
    mol = Chem.MolFromSmiles(smiles)
    text, order = ordered_smiles(mol)
    read = Chem.MolFromSmiles(text)
    assert sorted(order) == list(range(mol.GetNumAtoms()))
    for bond in read.GetBonds():
        assert mol.GetBondBetweenAtoms(order[bond.GetBeginAtomIdx()], order[bond.GetEndAtomIdx()])
    for atom in read.GetAtoms():
        assert atom.GetAtomicNum() == mol.GetAtomWithIdx(order[atom.GetIdx()]).GetAtomicNum()


def shuffled(block: str, seed: int) -> str:
    """A V3000 block whose atoms and bonds come in another order."""
    chance = random.Random(seed)
    lines = block.split("\n")
    parts = {}
    for kind in ("ATOM", "BOND"):
        first, last = (lines.index(f"M  V30 {end} {kind}") for end in ("BEGIN", "END"))
        count = last - first - 1
        parts[kind] = (
            first + 1,
            dict(zip(range(1, count + 1), chance.sample(range(1, count + 1), count), strict=True)),
        )
    (atoms_at, atom), (bonds_at, bond) = parts["ATOM"], parts["BOND"]
    moved = list(lines)
    for at, numbers in parts.values():
        for old, new in numbers.items():
            words = lines[at + old - 1].split()
            words[2] = str(new)
            if at == bonds_at:
                words[4:6] = [str(atom[int(word)]) for word in words[4:6]]
            moved[at + new - 1] = "M  V30 " + " ".join(words[2:])

    def renumbered(match: re.Match[str]) -> str:
        count, *members = match[2].split()
        return f"{match[1]}=({count} {' '.join(str(atom[int(one)]) for one in members)})"

    assert atoms_at < bonds_at
    assert bond
    return re.sub(r"(ATOMS)=\(([\d ]+)\)", renumbered, "\n".join(moved))


@pytest.mark.parametrize("smiles", BIARYLS[:2])
def test_geometry_is_turned_as_the_structure_says(smiles: str) -> None:
    found = prepared(smiles, PrepareConfig())
    mol = Chem.MolFromSmiles(found.parent_smiles)
    geometry = Chem.Conformer(found.n_atoms)
    geometry.SetPositions(unpack(found.coords, 1, found.n_atoms)[0].astype(float))
    mol.AddConformer(geometry)
    assert keeps_atropisomers(mol)
    mirror = geometry.GetPositions() * [1, 1, -1]
    mol.GetConformer().SetPositions(mirror)
    assert not keeps_atropisomers(mol)


@pytest.mark.parametrize("smiles", [*BIARYLS, "CC[C@H](C)O |&1:2|"])
@pytest.mark.parametrize("flat", [True, False])
def test_mol_blocks_hold_it(smiles: str, flat: bool) -> None:
    found = prepared(smiles, PrepareConfig())
    coords = (
        None if flat else (unpack(found.coords, 1, found.n_atoms)[0] * 1000).round().astype("i2")
    )
    block = mol_block(found.parent_smiles, coords, "m")
    with rdBase.BlockLogs():
        assert prepared(block).parent_smiles == found.parent_smiles
    grouped = bool(Chem.MolFromSmiles(found.parent_smiles).GetStereoGroups())
    assert ("V3000" in block) == grouped


def test_given_geometry_of_a_hindered_biaryl_is_kept() -> None:
    found = prepared(BIARYLS[0], PrepareConfig())
    coords = (unpack(found.coords, 1, found.n_atoms)[0] * 1000).round().astype("i2")
    again = prepared(mol_block(found.parent_smiles, coords, "m"), PrepareConfig(use_input_3d=True))
    assert again.geometry == "input"
    assert again.parent_smiles == found.parent_smiles


def test_a_key_without_inchikey_is_the_structure() -> None:
    assert parent_key("", "CC[C@H](C)O |o1:2|") == "CC[C@H](C)O |o1:2|"
    assert parent_key("K", "CCO") == "K"
    assert parent_key("K", "CC[C@H](C)O |o1:2|") == "K |o1:2|"
