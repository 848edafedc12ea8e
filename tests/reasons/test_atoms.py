"""Atom maps, against a naive reference that hides one atom at a time in one molecule at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fakes import unit_rows
from molecules import SMILES
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator as generators

from molsearch.chem.fingerprints import ecfp4_of_smiles, packed_of, tanimoto
from molsearch.chem.occlusion import HIDEABLE
from molsearch.chem.prepare import prepare_in_process
from molsearch.config import ModelConfig, PrepareConfig
from molsearch.data.prepared_table import table_of
from molsearch.data.store import bag_store
from molsearch.errors import InputError, UsageError
from molsearch.index.rarity import Reference
from molsearch.nn.committee import network_of
from molsearch.nn.encoder import Encoder
from molsearch.reasons.atoms import AtomExplainer
from molsearch.reasons.weights import Weights
from molsearch.schema import Record
from molsearch.scoring.series import series_of

QUERY = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1"
HITS = ["C#Cc1cccc(Nc2ncnc3cc(OCCOC)c(OCCOC)cc23)c1", "C[C@H](N)Cc1ccccc1", "CCO", *SMILES[:3]]


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(4)
    config = ModelConfig(
        n_buckets=509, n_torsions=257, n_pairs=263, use_geometry=False, width=32, embedding_dim=32,
        matryoshka=(16, 32), towers=2,
    )  # fmt: skip
    return Encoder(network_of(config), identity="i", card={}, batch_size=7)


def naive_bag(mol, encoder, atom=None):
    """Count substructures occurrence by occurrence; those that hold the atom are left out."""
    buckets = encoder.buckets
    found = {}

    def count(key, atoms):
        if atom is None or atom not in atoms:
            found[key] = found.get(key, 0) + 1

    def told(made):
        output = generators.AdditionalOutput()
        output.AllocateBitInfoMap()
        output.AllocateBitPaths()
        made.GetCountFingerprint(mol, additionalOutput=output)
        return output

    circles = generators.GetMorganGenerator(
        radius=2, includeChirality=True, fpSize=buckets.environments
    )
    for key, places in told(circles).GetBitInfoMap().items():
        for centre, radius in places:
            bonds = Chem.FindAtomEnvironmentOfRadiusN(mol, radius, centre, enforceSize=False)
            ends = [mol.GetBondWithIdx(bond) for bond in bonds]
            atoms = {
                centre,
                *(b.GetBeginAtomIdx() for b in ends),
                *(b.GetEndAtomIdx() for b in ends),
            }
            count(1 + key, atoms)
    torsions = generators.GetTopologicalTorsionGenerator(
        fpSize=buckets.torsions, countSimulation=False
    )
    for key, paths in told(torsions).GetBitPaths().items():
        for path in paths:
            count(1 + buckets.environments + key, set(path))
    pairs = generators.GetAtomPairGenerator(
        maxDistance=12, fpSize=buckets.pairs, countSimulation=False
    )
    for key, places in told(pairs).GetBitInfoMap().items():
        for place in places:
            count(1 + buckets.environments + buckets.torsions + key, set(place))
    return found


def naive_vector(found, encoder):
    keys = sorted(found)
    bag = np.array(keys, np.uint16)
    counts = np.array([found[key] for key in keys], np.uint8)
    return encoder.encode_store(bag_store([bag], [counts]))[0].astype(float)


def kept(vector):
    """As an index keeps the embedding of a hit."""
    return vector.astype(np.float16).astype(float)


def naive_bits(mol, atom=None):
    output = generators.AdditionalOutput()
    output.AllocateBitInfoMap()
    made = generators.GetMorganGenerator(radius=2, fpSize=2048)
    made.GetFingerprint(mol, additionalOutput=output)
    near = Chem.GetDistanceMatrix(mol)
    return {
        bit
        for bit, places in output.GetBitInfoMap().items()
        if any(atom is None or near[centre][atom] > radius for centre, radius in places)
    }


def jaccard(one, other):
    return len(one & other) / len(one | other)


@pytest.mark.parametrize("weights", [Weights(1, 0), Weights(0, 1), Weights(1, 2), Weights(0.5, 3)])
def test_contributions_are_those_of_hiding_one_atom_at_a_time(encoder, weights):
    found = list(AtomExplainer(encoder, weights, [QUERY]).maps(HITS))
    for smiles, atoms in zip(HITS, found, strict=True):
        query, hit = Chem.MolFromSmiles(QUERY), Chem.MolFromSmiles(smiles)

        def score(q_atom=None, h_atom=None, query=query, hit=hit):
            of_query = naive_vector(naive_bag(query, encoder, q_atom), encoder)
            cosine = of_query @ kept(naive_vector(naive_bag(hit, encoder, h_atom), encoder))
            alike = jaccard(naive_bits(query, q_atom), naive_bits(hit, h_atom))
            return weights.embedding * cosine + weights.ecfp4 * alike

        assert atoms.score == pytest.approx(score(), abs=1e-5)
        assert atoms.query_score == pytest.approx(atoms.score, abs=1e-9)
        due = [score() - score(h_atom=i) for i in range(hit.GetNumAtoms())]
        np.testing.assert_allclose(atoms.hit, due, atol=2e-5)
        due = [score() - score(q_atom=i) for i in range(0, query.GetNumAtoms(), 5)]
        np.testing.assert_allclose(atoms.query[::5], due, atol=2e-5)


@pytest.fixture(scope="module")
def background():
    rng = np.random.default_rng(7)
    found = rng.standard_normal((60, 32))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)


def naive_ranked(encoder, background, weights, hidden_hit, hidden_query=(None, None)):
    """Add what ranks of one hit, component by component, with one atom left out."""
    smiles, atom = hidden_hit
    mols = [Chem.MolFromSmiles(one) for one in QUERIES]
    atoms = [hidden_query[1] if hidden_query[0] == i else None for i in range(len(mols))]
    vectors = np.stack(
        [
            naive_vector(naive_bag(mol, encoder, one), encoder)
            for mol, one in zip(mols, atoms, strict=True)
        ]
    )
    against = np.stack(
        [naive_vector(naive_bag(Chem.MolFromSmiles(one), encoder), encoder) for one in INACTIVE]
    )
    hit = Chem.MolFromSmiles(smiles)
    vector = kept(naive_vector(naive_bag(hit, encoder, atom), encoder))
    bits = naive_bits(hit, atom)
    cosines = sorted(vectors @ vector)
    alike = [jaccard(naive_bits(mol, one), bits) for mol, one in zip(mols, atoms, strict=True)]
    model = series_of(vectors, against, background.astype(float))
    return {
        "each": weights.embedding * (vectors @ vector) + weights.ecfp4 * np.array(alike),
        "molsearch": weights.embedding * (cosines[-1] + cosines[-2]) / 2,
        "ecfp4": weights.ecfp4 * max(alike),
        "inactives": -weights.inactives * max(against @ vector),
        "series": weights.series * (model @ vector),
        "rarity": weights.rarity * float(REFERENCE.rarity(vector[None])[0]),
    }


QUERIES = [QUERY, "COc1cc2ncnc(Nc3cccc(Br)c3)c2cc1OC", "Nc1ccccc1Br"]
INACTIVE = ["CCOC(=O)c1ccccc1", "COc1cc2ncnc(N)c2cc1OC"]
REFERENCE = Reference(unit_rows(300, 32, seed=2))
OF_SEVERAL = (("molsearch", "top2"), ("ecfp4", "max"))


# A byte a dimension tells rarity: an embedding's last bits may become a step of it.
@pytest.mark.parametrize(
    ("counted", "off"),
    [
        ({"series": 0.7}, 1e-5),
        ({"inactives": 0.5}, 1e-5),
        ({}, 1e-5),
        ({"rarity": 1.0}, 1e-4),
        ({"rarity": 0.6, "inactives": 0.5}, 1e-4),
        ({"rarity": 0.6, "series": 0.7}, 1e-4),
    ],
)
def test_every_component_that_ranks_is_hidden_from_and_fused_as_it_ranks(
    encoder, background, counted, off
):
    weights = Weights(1, 2, **counted, fusions=OF_SEVERAL)
    explainer = AtomExplainer(encoder, weights, QUERIES, INACTIVE, background, REFERENCE)
    hits = HITS[:2]
    found = list(explainer.maps(hits))
    for smiles, atoms in zip(hits, found, strict=True):
        names = ("molsearch", "ecfp4", *counted)

        def of(atom=None, query=None, number=0, smiles=smiles):
            return naive_ranked(encoder, background, weights, (smiles, atom), (number, query))

        def total(parts, names=names):
            return sum(parts[name] for name in names)

        whole, number = of(), atoms.nearest
        assert number == int(whole["each"].argmax())
        assert dict(atoms.parts) == pytest.approx({n: whole[n] for n in names}, abs=2 * off)
        assert atoms.score == pytest.approx(sum(value for _, value in atoms.parts), abs=1e-9)
        due = [total(whole) - total(of(i)) for i in range(len(atoms.hit))]
        np.testing.assert_allclose(atoms.hit, due, atol=3 * off)
        if "rarity" in counted:  # an atom that is hidden changes it
            alike = [of(i)["rarity"] - whole["rarity"] for i in range(len(atoms.hit))]
            assert np.abs(alike).max() > 10 * off

        def alone(parts, number=number):
            return parts["each"][number] + sum(parts[name] for name in counted)

        assert atoms.query_score == pytest.approx(alone(whole), abs=2 * off)
        rows = range(0, len(atoms.query), 4)
        due = [alone(whole) - alone(of(query=i, number=number)) for i in rows]
        np.testing.assert_allclose(atoms.query[::4], due, atol=3e-5)
    np.testing.assert_allclose(explainer.ranked(hits), [one.score for one in found], atol=1e-5)


def test_the_series_model_changes_what_atoms_say_of_hit_and_query(encoder, background):
    made = [
        AtomExplainer(
            encoder, Weights(1, 2, series=weight, fusions=OF_SEVERAL), QUERIES, INACTIVE, background
        )
        for weight in (0.0, 1.0)
    ]
    (without,), (with_it,) = (one.maps(HITS[:1]) for one in made)
    assert np.abs(with_it.hit - without.hit).max() > 0.005
    assert np.abs(with_it.query - without.query).max() > 0.001


def test_known_inactives_that_count_are_needed(encoder):
    for weights in (Weights(1, 1, series=1.0), Weights(1, 1, inactives=1.0)):
        with pytest.raises(ValueError, match="known inactives"):
            AtomExplainer(encoder, weights, QUERIES)


def test_the_score_is_that_of_prepared_and_embedded_molecules(encoder):
    records = [Record(i, "t", i, str(i), smiles=smiles) for i, smiles in enumerate([QUERY, *HITS])]
    prepared, _ = prepare_in_process(records, PrepareConfig(n_conformers=0), ())
    vectors = encoder.embed_table(table_of(prepared)).astype(float)
    explainer = AtomExplainer(encoder, Weights(1, 2), [prepared[0].parent_smiles])
    parents = [row.parent_smiles for row in prepared[1:]]
    found = list(explainer.maps(parents))
    for number, atoms in enumerate(found):
        alike = tanimoto(ecfp4_of_smiles(QUERY), ecfp4_of_smiles(HITS[number])[None])[0]
        assert atoms.cosine == pytest.approx(vectors[0] @ kept(vectors[number + 1]), abs=1e-5)
        assert atoms.similarity == pytest.approx(alike, abs=1e-6)
        assert atoms.score == pytest.approx(atoms.cosine + 2 * atoms.similarity, abs=1e-6)
    scores = explainer.scores(HITS)
    np.testing.assert_allclose(scores[:, 0], [one.score for one in found], atol=1e-5)


def test_a_batch_changes_nothing(encoder):
    explainer = AtomExplainer(encoder, Weights(1, 1), [QUERY])
    many = list(explainer.maps([HITS[i % len(HITS)] for i in range(70)]))
    for place in (0, 5, 63, 64, 69):
        (alone,) = explainer.maps([HITS[place % len(HITS)]])
        np.testing.assert_allclose(many[place].hit, alone.hit, atol=1e-5)
        np.testing.assert_allclose(many[place].query, alone.query, atol=1e-5)


def test_what_a_hit_shares_with_an_inactive_counts_against_it(encoder):
    free = AtomExplainer(encoder, Weights(1, 0), [QUERY])
    held = AtomExplainer(encoder, Weights(1, 0, inactives=0.5), [QUERY], HITS[:1])
    (plain,), (lowered,) = free.maps(HITS[:1]), held.maps(HITS[:1])
    (own,) = AtomExplainer(encoder, Weights(1, 0), HITS[:1]).maps(HITS[:1])
    assert lowered.score == pytest.approx(plain.score - 0.5, abs=1e-5)
    np.testing.assert_allclose(lowered.hit, plain.hit - 0.5 * own.hit, atol=1e-5)
    np.testing.assert_allclose(lowered.query, plain.query, atol=1e-5)


def test_pieces_are_hidden_as_a_whole(encoder):
    (atoms,) = AtomExplainer(encoder, Weights(0, 1), ["c1ccccc1CCO"]).maps(["c1ccccc1CCN"])
    shares = {piece.smiles: piece.share for piece in atoms.pieces}
    assert set(shares) == {"c1ccccc1", "CCN"}
    assert atoms.best.smiles == "c1ccccc1"
    assert atoms.best.share <= atoms.score
    assert atoms.worst.share == shares["CCN"]


def test_an_encoder_of_geometry_is_refused_with_what_can_be_explained():
    config = ModelConfig(n_buckets=61, width=16, embedding_dim=16, matryoshka=(16,))
    sees = Encoder(network_of(config), identity="i", card={})
    with pytest.raises(UsageError, match=r"looks at geometry.*--rank ecfp4"):
        AtomExplainer(sees, Weights(1, 1), ["CCO"])
    (atoms,) = AtomExplainer(sees, Weights(0, 1), ["CCO"]).maps(["CCN"])
    assert len(atoms.hit) == 3
    assert np.isnan(atoms.cosine)


def test_no_structure_is_an_error_of_input(encoder):
    with pytest.raises(InputError, match=r"cannot read SMILES 'C1CC'"):
        list(AtomExplainer(encoder, Weights(), ["CCO"]).maps(["C1CC"]))


@pytest.mark.parametrize("name", HIDEABLE[1:])
def test_further_fingerprints_that_rank_count_too(encoder, name):
    weights = Weights(1, 1, others=((name, 0.5),))
    alone_weights = Weights(0, 0, others=((name, 0.5),))
    (atoms,) = AtomExplainer(encoder, weights, [QUERY]).maps(HITS[:1])
    (plain,) = AtomExplainer(encoder, Weights(1, 1), [QUERY]).maps(HITS[:1])
    (alone,) = AtomExplainer(None, alone_weights, [QUERY]).maps(HITS[:1])
    one, other = packed_of(name, [QUERY]), packed_of(name, HITS[:1])
    assert alone.score == pytest.approx(0.5 * tanimoto(one[0], other)[0], abs=1e-6)
    assert atoms.score == pytest.approx(plain.score + alone.score, abs=1e-6)
    np.testing.assert_allclose(atoms.hit, plain.hit + alone.hit, atol=1e-6)
    np.testing.assert_allclose(atoms.query, plain.query + alone.query, atol=1e-6)
    assert np.abs(alone.hit).max() > 0
    scores = AtomExplainer(encoder, weights, [QUERY]).scores(HITS[:1])
    assert scores[0, 0] == pytest.approx(atoms.score, abs=1e-5)


def test_rarity_needs_compounds_and_an_encoder(encoder):
    with pytest.raises(ValueError, match="reference compounds"):
        AtomExplainer(encoder, Weights(1, 1, rarity=1.0), [QUERY])
    with pytest.raises(ValueError, match="pass their encoder"):
        AtomExplainer(None, Weights(0, 1, rarity=1.0), [QUERY], reference=REFERENCE)


def test_rarity_is_the_same_for_every_query(encoder):
    explainer = AtomExplainer(
        encoder, Weights(1, 1, rarity=1.0, fusions=OF_SEVERAL), QUERIES, reference=REFERENCE
    )
    without = AtomExplainer(encoder, Weights(1, 1, fusions=OF_SEVERAL), QUERIES)
    np.testing.assert_array_equal(explainer.scores(HITS), without.scores(HITS))
    told = explainer.ranked(HITS) - without.ranked(HITS)
    due = [dict(one.parts)["rarity"] for one in explainer.maps(HITS)]
    np.testing.assert_allclose(told, due, atol=1e-4)
