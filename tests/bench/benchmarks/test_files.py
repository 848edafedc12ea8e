from __future__ import annotations

import gzip

import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from molsearch.bench.benchmarks.files import read_mol2_query, read_sdf, read_smiles
from molsearch.errors import InputError

# Benzamide with its SYBYL types, as a DUD-E crystal ligand comes.
BENZAMIDE = """@<TRIPOS>MOLECULE
LIG
 9 9 1 0 0
SMALL
NO_CHARGES

@<TRIPOS>ATOM
      1 C1   0.0000  1.3900  0.1000 C.ar 1 LIG 0.0
      2 C2   1.2038  0.6950  0.0000 C.ar 1 LIG 0.0
      3 C3   1.2038 -0.6950  0.0000 C.ar 1 LIG 0.0
      4 C4   0.0000 -1.3900  0.0000 C.ar 1 LIG 0.0
      5 C5  -1.2038 -0.6950  0.0000 C.ar 1 LIG 0.0
      6 C6  -1.2038  0.6950  0.0000 C.ar 1 LIG 0.0
      7 C7   0.0000  2.8900  0.3000 C.2  1 LIG 0.0
      8 O1   1.0400  3.5200  0.5000 O.2  1 LIG 0.0
      9 N1  -1.1700  3.5200  0.2000 N.am 1 LIG 0.0
@<TRIPOS>BOND
     1 1 2 ar
     2 2 3 ar
     3 3 4 ar
     4 4 5 ar
     5 5 6 ar
     6 6 1 ar
     7 1 7 1
     8 7 8 2
     9 7 9 am
"""


def sdf_text(smiles):
    blocks = []
    for number, one in enumerate(smiles, start=1):
        mol = Chem.MolFromSmiles(one)
        AllChem.Compute2DCoords(mol)
        mol.SetProp("_Name", f"BDB{number}")
        blocks.append(Chem.MolToMolBlock(mol) + "> <source>\nx\n\n$$$$\n")
    return "".join(blocks)


def test_ism_with_three_columns_two_and_one(tmp_path):
    path = tmp_path / "actives_final.ism"
    path.write_text("CCO 12 CHEMBL1\r\nc1ccccc1 ZINC2\n\nCN\n")
    smiles, ids = read_smiles(path)
    assert smiles == ["CCO", "c1ccccc1", "CN"]
    assert ids == ["CHEMBL1", "ZINC2", "actives_final-4"]
    zipped = tmp_path / "a.ism.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    assert read_smiles(zipped)[0] == smiles


def test_lists_that_cannot_be_read(tmp_path):
    (tmp_path / "empty.smi").write_text("\n\n")
    with pytest.raises(InputError, match="holds no molecules"):
        read_smiles(tmp_path / "empty.smi")
    with pytest.raises(InputError, match="cannot read"):
        read_smiles(tmp_path / "absent.smi")
    (tmp_path / "binary.smi").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot read"):
        read_smiles(tmp_path / "binary.smi")
    (tmp_path / "cut.smi.gz").write_bytes(gzip.compress(b"CCO x\n" * 5000)[:40])
    with pytest.raises(InputError, match="download it again"):
        read_smiles(tmp_path / "cut.smi.gz")


def test_sdf_gz_keeps_bad_records_in_place(tmp_path):
    text = sdf_text(["CCO", "c1ccccc1C", "CN"])
    broken = text.replace("BDB2", "BDB2").split("$$$$\n")
    lines = broken[1].splitlines()
    lines[3] = "  x" + lines[3][3:]
    broken[1] = "\n".join(lines) + "\n"
    path = tmp_path / "ACE.sdf.gz"
    path.write_bytes(gzip.compress("$$$$\n".join(broken).encode()))
    smiles, ids = read_sdf(path)
    assert smiles == ["CCO", "", "CN"]
    assert ids == ["BDB1", "ACE-2", "BDB3"]


def test_truncated_sdf_gz(tmp_path):
    path = tmp_path / "cut.sdf.gz"
    whole = gzip.compress(sdf_text(["CCO", "CCN", "CCC"] * 300).encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="breaks off after record"):
        read_sdf(path)


def test_mol2_keeps_the_crystal_geometry(tmp_path):
    path = tmp_path / "crystal_ligand.mol2"
    path.write_text(BENZAMIDE)
    query = read_mol2_query(path)
    assert query.smiles == "NC(=O)c1ccccc1"
    assert query.query_id == "crystal_ligand"
    mol = Chem.MolFromMolBlock(query.molblock)
    assert mol.GetConformer().Is3D()
    assert mol.GetConformer().GetPositions()[6].round(2).tolist() == [0.0, 2.89, 0.3]


def test_mol2_with_wrong_bonds_takes_the_structure_beside_it(tmp_path):
    path = tmp_path / "3gqy_ligand.mol2"
    path.write_text(BENZAMIDE.replace("8 7 8 2", "8 7 8 1").replace(" ar\n", " 1\n"))
    assert read_mol2_query(path).smiles != "NC(=O)c1ccccc1"
    (tmp_path / "3gqy_ligand.smi").write_text("NC(=O)c1ccccc1 3gqy\n")
    query = read_mol2_query(path, "3gqy")
    assert (query.query_id, query.smiles) == ("3gqy", "NC(=O)c1ccccc1")
    assert Chem.MolFromMolBlock(query.molblock).GetConformer().Is3D()


@pytest.mark.parametrize("text", ["", "@<TRIPOS>MOLECULE\nLIG\n", "CCO\n"])
def test_mol2_without_a_molecule(tmp_path, text):
    path = tmp_path / "x.mol2"
    path.write_text(text)
    with pytest.raises(InputError, match="holds no molecule that RDKit accepts"):
        read_mol2_query(path)
