"""Queries as programs hold them: RDKit molecules, mol blocks, DataFrames, vectors."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from command_line import make_encoder, make_library
from rdkit import Chem

import molsearch as ms
from molsearch.api.given import ligands_of, vectors_of
from molsearch.config import Molecule
from molsearch.errors import InputError, UsageError

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    make_library(folder / "library.csv")
    encoder = ms.load_encoder(make_encoder(folder / "encoder"), device="cpu")
    library = ms.Library.open(folder / "library.csv", id_column="name")
    prepared = library.prepare(folder / "prepared", workers=1, n_conformers=0)
    return ms.Index.build(prepared, encoder, folder / "library.index")


def search(index, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return index.search(*arguments, **options)


def named(smiles: str, name: str) -> Chem.Mol:
    mol = Chem.MolFromSmiles(smiles)
    mol.SetProp("_Name", name)
    return mol


def test_all_ways_to_say_a_molecule_find_the_same(index):
    due = search(index, ASPIRIN, k=5)
    block = Chem.MolToMolBlock(named(ASPIRIN, "asp"))
    for given in (
        named(ASPIRIN, "asp"),
        Chem.AddHs(named(ASPIRIN, "asp")),
        block,
        Molecule(smiles=block),
        [named(ASPIRIN, "asp")],
        pd.DataFrame({"compound": ["asp"], "canonical_smiles": [ASPIRIN]}),
        pd.DataFrame({"ROMol": [named(ASPIRIN, "asp")]}),
    ):
        found = search(index, given, k=5)
        assert found.molecule_id.tolist() == due.molecule_id.tolist()
        assert found.score.tolist() == due.score.tolist()
        assert set(found.nearest_query) == {"asp"}


def test_the_stored_embedding_of_a_molecule_finds_it_first(index):
    vectors = np.array(index.reader.embeddings(0)[[3, 5]], dtype=np.float32)
    found = search(index, vectors=vectors[0], k="all")
    assert len(found) == len(index)
    stored = np.asarray(index.reader.embeddings(0), dtype=np.float64)
    unit = vectors[0].astype(np.float64) / np.linalg.norm(vectors[0].astype(np.float64))
    np.testing.assert_allclose(found.score, np.minimum(np.sort(stored @ unit)[::-1], 1), atol=1e-6)
    assert found.ecfp4_similarity.isna().all()
    assert not found.is_query.any()
    same = search(index, vectors=7.5 * vectors[0], k="all")
    assert same.molecule_id.tolist() == found.molecule_id.tolist()
    both = search(index, vectors=vectors, k=4, rank="molsearch", fusion="max")
    assert set(both.nearest_query) <= {"vector-1", "vector-2"}
    mixed = search(index, ASPIRIN, vectors=vectors, k=4)
    assert mixed.ecfp4_similarity.notna().any() or set(mixed.nearest_query) <= {
        "vector-1",
        "vector-2",
    }


def test_an_index_is_as_many_queries_as_it_has_molecules(index):
    by_object = search(index, index, k=5)
    by_path = search(index, index.path, k=5)
    pd.testing.assert_frame_equal(by_object, by_path)
    assert (by_object.score > 0.999).all()
    with pytest.raises(UsageError, match="give it alone"):
        search(index, [index, "CCO"], k=5)


def test_nothing_like_an_rdkit_molecule_is_a_hit(index):
    every = search(index, ASPIRIN, k="all")
    found = search(
        index, ASPIRIN, k="all", dissimilar_to=[named(ASPIRIN, "asp")], dissimilar_at=0.3
    )
    due = every[every.ecfp4_similarity < 0.3].molecule_id
    assert found.molecule_id.tolist() == due.tolist()
    assert 0 < len(found) < len(every)


def test_a_file_of_vectors_is_a_query(index, tmp_path):
    vectors = np.array(index.reader.embeddings(0)[:2])
    np.save(tmp_path / "mine.npy", vectors)
    found = search(index, tmp_path / "mine.npy", k=3, output=tmp_path / "hits.csv")
    assert set(found.nearest_query) <= {"mine-1", "mine-2"}
    with pytest.warns(UserWarning, match="2 queries are vectors, without a structure"):
        index.search(tmp_path / "mine.npy", k=3)


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.ones((2, 5)), r"'v-1' has 5 numbers, an embedding of this encoder 256"),
        (np.full((1, 256), np.nan), r"'v' .*not finite"),
        (np.zeros((1, 256)), r"all zeros"),
        (np.ones((2, 2, 2)), r"shape \[2, 2, 2\]"),
        (np.array(["a"]), r"no array of real numbers"),
        (np.ones((0, 256)), r"shape \[0, 256\]"),
        (b"PK\x03\x04", r"cannot be read: the file is damaged, or holds something else than num"),
        (b"\x93NUMPY\x01\x00", r"the file is damaged, or holds something else than numbers"),
        (b"\x93NUMPY\x01\x00\x0d\x00{'descr': 'f4\n", r"the file is damaged, or holds something"),
        (b"\x93NUMPY\x01\x00\x0d\x00{(\n        \n", r"the file is damaged, or holds something"),
        (b"no array at all", r"the file is damaged, or holds something else than numbers"),
        (np.array([{}], dtype=object), r"the file is damaged, or holds something else than num"),
        (None, r"cannot be read: No such file"),
    ],
)
def test_vectors_that_are_none_are_one_line(index, tmp_path, array, match):
    path = tmp_path / "v.npy"
    if isinstance(array, bytes):
        path.write_bytes(array)
    elif array is not None:
        np.save(path, array)
    with pytest.raises(InputError, match=match) as caught:
        index.search(path, k=3)
    assert "\n" not in str(caught.value)
    assert "pickle" not in str(caught.value)


def test_a_vector_is_named_by_its_place_wherever_it_comes_from(index, tmp_path):
    vectors = np.ones((3, 256))
    vectors[1, 4] = np.nan
    np.save(tmp_path / "v.npy", vectors)
    with pytest.raises(InputError, match=r"'v-2' \(v\.npy, row 2\) holds"):
        index.search(tmp_path / "v.npy")
    with pytest.raises(InputError, match=r"'vector-2' \(vectors, row 2\) holds"):
        index.search("CCO", vectors=vectors)


def test_a_vector_has_no_fingerprint_to_rank_by(index):
    with pytest.raises(UsageError, match="vector has none of; use --rank molsearch"):
        index.search(vectors=np.ones(256), rank="ecfp4+molsearch")
    with pytest.raises(UsageError, match="vector has none of; use --rank molsearch"):
        index.search(vectors=np.ones(256), rank="fcfp4+molsearch")
    with pytest.raises(UsageError, match="vectors are numbers"):
        vectors_of(np.ones((2, 2, 2)))


def test_an_array_of_texts_is_several_queries():
    assert ligands_of(np.array(["CCO", "CCN b"])) == ["CCO", "CCN b"]
    assert ligands_of(np.array(["CCO", "CCN b"], dtype=object)) == ["CCO", "CCN b"]


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (None, UsageError, "RDKit gives that for what it cannot read"),
        (3, UsageError, "not int"),
        (np.ones(256), UsageError, "give embeddings as vectors="),
        (pd.DataFrame(), InputError, "no rows"),
        (pd.DataFrame({"x": ["1", "2"]}), InputError, "DataFrame holds SMILES; it has 'x': name"),
        (pd.DataFrame({"smiles": ["CCO", None]}), InputError, "row 1 of the DataFrame has no"),
        (Chem.Mol(), InputError, "has no atoms"),
        ([Chem.MolFromSmiles("C"), None], UsageError, "None"),
    ],
)
def test_what_is_no_query_is_one_line(given, error, match):
    with pytest.raises(error, match=match) as caught:
        ligands_of(given)
    assert "\n" not in str(caught.value)


def test_a_damaged_mol_block_is_one_line(index):
    block = Chem.MolToMolBlock(named(ASPIRIN, "asp")).replace(" 13 13", " 99 13")
    with pytest.raises(InputError, match=r"mol block 'asp' cannot be read") as caught:
        index.search(block)
    assert "\n" not in str(caught.value)
