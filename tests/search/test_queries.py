"""Queries: what users type, files, conformers, and clear refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEncoder
from rdkit import Chem
from rdkit.Chem import AllChem

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import InputError
from molsearch.search.queries import embed_queries, read_queries

FLAT = PrepareConfig(n_conformers=0)


def read(*texts, config=FLAT):
    return read_queries(texts, ReadConfig(), config)


def embedded(smiles: str, seed: int) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(mol, randomSeed=seed)
    return mol


def sdf(path: Path, mols: list[tuple[str, Chem.Mol]]) -> Path:
    with Chem.SDWriter(str(path)) as writer:
        for title, mol in mols:
            mol.SetProp("_Name", title)
            writer.write(mol)
    return path


def test_smiles_with_and_without_a_name_and_inchi():
    queries = read("CCO", "c1ccccc1 benzene ring", "InChI=1S/CH4/h1H4")
    assert [query.query_id for query in queries] == ["CCO", "benzene ring", "InChI=1S/CH4/h1H4"]
    assert [query.first.parent_smiles for query in queries] == ["CCO", "c1ccccc1", "C"]
    assert queries[0].skeleton == queries[0].first.inchikey[:14]
    assert queries[0].fingerprint.shape == (256,)


def test_a_typed_query_is_read_like_a_line_of_a_smi_file():
    queries = read("CCO\tethanol", "C[C@H](N)C(=O)O |&1:1| ala")
    assert [query.query_id for query in queries] == ["ethanol", "ala"]
    assert queries[1].first.smiles == "C[C@H](N)C(=O)O |&1:1|"
    with pytest.raises(InputError, match="empty query"):
        read("   ")


def test_a_salt_is_searched_by_its_parent():
    (query,) = read("CC(=O)[O-].[Na+]")
    assert query.first.parent_smiles == "CC(=O)O"


def test_files_may_hold_several_queries(tmp_path):
    (tmp_path / "q.csv").write_text("name,smiles\nfirst,CCO\nsecond,CCN\n")
    (tmp_path / "q.smi").write_text("CCC propane\n")
    queries = read(tmp_path / "q.csv", str(tmp_path / "q.smi"), "CCCl")
    assert [query.first.parent_smiles for query in queries] == ["CCO", "CCN", "CCC", "CCCl"]
    assert queries[2].query_id == "propane"


def test_queries_of_one_name_are_told_apart():
    assert [query.query_id for query in read("CCO x", "CCN x", "CCC x")] == ["x", "x (2)", "x (3)"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("C1CC", r"query 'C1CC' is neither a file nor a structure that can be used: "),
        ("hello", r"query 'hello' is neither"),
        ("CN(C)(C)(C)C", r"valence"),
        ("InChI=1S/x", r"'InChI=1S/x' is not a readable InChI"),
        ("actives.sdf", r"no query file actives\.sdf; check the path"),
        ("folder/actives.smi.gz", r"no query file"),
        ("", r"an empty query"),
        ("x" * 5000, r"neither"),
        ("C\0C", r"neither"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(text, match):
    with pytest.raises(InputError, match=match) as caught:
        read(text)
    assert len(str(caught.value)) < 300


def test_a_bad_row_of_a_query_file_is_named_not_left_out(tmp_path):
    (tmp_path / "q.smi").write_text("CCO a\nC1CC b\nCCC c\n")
    with pytest.raises(
        InputError, match=r"q\.smi:2: this query cannot be used: .*; mend or remove"
    ):
        read(tmp_path / "q.smi")


def test_no_query_at_all():
    with pytest.raises(InputError, match="no query given"):
        read()


def test_given_geometries_of_one_molecule_are_its_conformers(tmp_path):
    aspirin = "CC(=O)Oc1ccccc1C(=O)O"
    path = sdf(
        tmp_path / "q.sdf",
        [
            *[("aspirin", embedded(aspirin, seed)) for seed in (1, 2, 3)],
            ("other", embedded("CCCCO", 1)),
            ("aspirin", embedded(aspirin, 4)),
        ],
    )
    config = PrepareConfig(use_input_3d=True)
    queries = read(path, config=config)
    assert [len(query.conformers) for query in queries] == [3, 1, 1]
    assert [query.query_id for query in queries] == ["aspirin", "other", "aspirin (2)"]
    assert len({row.coords for row in queries[0].conformers}) == 3
    vectors = embed_queries(queries, FakeEncoder())
    assert vectors.groups.tolist() == [0, 0, 0, 1, 2]
    # Without their geometries the rows are one molecule, embedded once.
    assert [len(query.conformers) for query in read(path)] == [1, 1, 1]


def test_several_embedded_conformers_are_rows_of_one_query():
    queries = read("CCCCCO", "CCO", config=PrepareConfig(n_conformers=4))
    vectors = embed_queries(queries, FakeEncoder(), fusion="mean", conformer_fusion="max")
    n = [query.first.n_conformers for query in queries]
    assert vectors.groups.tolist() == [0] * n[0] + [1] * n[1]
    assert n[0] > 1
    assert (vectors.fusion, vectors.conformer_fusion) == ("mean", "max")


def test_a_query_without_an_embedding_is_refused_by_name():
    class Broken(FakeEncoder):
        def embed_conformers(self, table):
            vectors, owner = super().embed_conformers(table)
            vectors[1] = np.nan
            return vectors, owner

    with pytest.raises(InputError, match=r"query 'second': the encoder gives it no embedding"):
        embed_queries(read("CCO first", "CCN second"), Broken())


def test_every_bad_row_of_a_query_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "q.smi"
    path.write_text("CCO a\nC1CC b\nCCN c\nCCX d\n")
    with pytest.raises(InputError, match=r"2 rows cannot be used as query: row 2: .*; row 4: "):
        read_queries([path], ReadConfig(), PrepareConfig(n_conformers=0))


@pytest.mark.parametrize("raw", [b"CCO \xe9thanol", "CCO éthanol".encode()])
def test_a_name_in_another_encoding_than_the_terminals_is_text(raw):
    (query,) = read(raw.decode("ascii", "surrogateescape"))
    assert query.query_id == "éthanol"
    assert query.query_id.encode()


def test_half_a_character_is_no_name_that_breaks_a_table():
    (query,) = read("CCO a\ud800b")
    assert query.query_id.encode() == b"a?b"
