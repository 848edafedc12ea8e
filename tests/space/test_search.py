"""A small space searched: products, routes, limits; compared with its enumeration."""

from __future__ import annotations

from itertools import product as combinations

import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator, rdSynthonSpaceSearch
from spaces import ACIDS, AMINES, write_space

from molsearch.errors import UsageError
from molsearch.space.search import Space, SpaceConfig
from molsearch.space.synthons import read_synthons

QUERY = "O=C(NCc1ccccc1)c1ccc(Cl)cc1"
LOW = SpaceConfig(similarity=0.35)


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    path = write_space(tmp_path_factory.mktemp("space") / "s.txt")
    return Space(read_synthons(str(path)).usable)


def amides() -> dict[str, str]:
    """Every product of the amide reaction, made with plain text, and its route."""
    made = {}
    for (acid, left), (amine, right) in combinations(ACIDS.items(), AMINES.items()):
        text = left.replace("[1*]", "%99").replace("(%99)", "%99") + "." + right.replace(
            "[1*]N1", "N1%99").replace("[1*]N", "N%99")  # fmt: skip
        made[Chem.CanonSmiles(text)] = f"{acid};{amine};amide"
    return made


def similarity(one: str, other: str) -> float:
    made = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [made.GetFingerprint(Chem.MolFromSmiles(smiles)) for smiles in (one, other)]
    return DataStructs.TanimotoSimilarity(*prints)


def test_sizes(space):
    assert (space.n_reactions, space.n_products) == (2, 32)


def test_products_name_their_reagents_and_reaction_and_are_as_similar_as_said(space):
    found = space.search(QUERY, LOW)
    assert found.products[0].route == "a3;b1;amide"
    assert found.products[0].similarity == 1.0
    for one in found.products:
        assert one.similarity == pytest.approx(similarity(QUERY, one.smiles), abs=1e-6)
        assert one.similarity >= 0.35
        assert one.route == ";".join([*(r.synthon_id for r in one.reagents), one.reaction])
    made = amides()
    mine = {one.smiles: one.route for one in found.products if one.reaction == "amide"}
    assert mine
    assert all(made[smiles] == route for smiles, route in mine.items())


def test_the_nearest_of_the_enumerated_products_are_found(space):
    due = {smiles for smiles in amides() if similarity(QUERY, smiles) >= 0.55}
    assert len(due) >= 2
    assert due <= {one.smiles for one in space.search(QUERY, LOW).products}


def test_ids_that_hold_separators_come_back_verbatim(tmp_path):
    path = write_space(tmp_path / "s.txt", "O=C([1*])CC\ta;b c,d\t1\tamide")
    found = Space(read_synthons(str(path)).usable).search("CCC(=O)NCc1ccccc1", LOW)
    assert found.products[0].reagents[0].synthon_id == "a;b c,d"


def test_the_limit_of_products_is_told(space):
    found = space.search(QUERY, SpaceConfig(similarity=0.2, products=2))
    assert len(found.products) <= 2
    assert found.more
    assert not space.search(QUERY, SpaceConfig(similarity=0.99)).more


@pytest.mark.skipif(
    not hasattr(rdSynthonSpaceSearch.SynthonSpace, "RascalSearch"), reason="no Rascal in RDKit"
)
def test_rascal_finds_by_common_substructure(space):
    found = space.search(QUERY, SpaceConfig(mode="rascal", similarity=0.5))
    assert found.products[0].route == "a3;b1;amide"


@pytest.mark.skipif(
    not hasattr(rdSynthonSpaceSearch.SynthonSpace, "ShapeSearch"), reason="no shapes in RDKit"
)
def test_shape_finds_by_geometry(space):
    found = space.search(QUERY, SpaceConfig(mode="shape", similarity=0.6, conformers=4))
    assert "a3;b1;amide" in {one.route for one in found.products}


def test_a_mode_that_the_installed_rdkit_has_not_is_one_line(space, monkeypatch):
    monkeypatch.setitem(Space.search.__globals__["_CALLS"], "shape", "NoSuchSearch")
    with pytest.raises(UsageError, match=r"has no shape search .* use --mode fingerprint"):
        space.search(QUERY, SpaceConfig(mode="shape"))
