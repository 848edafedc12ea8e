"""Atom maps, against a naive reference that hides one atom at a time in one molecule at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
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
from molsearch.nn.committee import network_of
from molsearch.nn.encoder import Encoder
from molsearch.reasons.atoms import AtomExplainer, Weights
from molsearch.schema import Record

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
    explainer = AtomExplainer(encoder, weights)
    found = list(explainer.maps([QUERY] * len(HITS), HITS))
    for smiles, atoms in zip(HITS, found, strict=True):
        query, hit = Chem.MolFromSmiles(QUERY), Chem.MolFromSmiles(smiles)

        def score(q_atom=None, h_atom=None, query=query, hit=hit):
            cosine = naive_vector(naive_bag(query, encoder, q_atom), encoder) @ naive_vector(
                naive_bag(hit, encoder, h_atom), encoder
            )
            alike = jaccard(naive_bits(query, q_atom), naive_bits(hit, h_atom))
            return weights.embedding * cosine + weights.ecfp4 * alike

        assert atoms.score == pytest.approx(score(), abs=1e-5)
        due = [score() - score(h_atom=i) for i in range(hit.GetNumAtoms())]
        np.testing.assert_allclose(atoms.hit, due, atol=2e-5)
        due = [score() - score(q_atom=i) for i in range(0, query.GetNumAtoms(), 5)]
        np.testing.assert_allclose(atoms.query[::5], due, atol=2e-5)


def test_the_score_is_that_of_prepared_and_embedded_molecules(encoder):
    records = [Record(i, "t", i, str(i), smiles=smiles) for i, smiles in enumerate([QUERY, *HITS])]
    prepared, _ = prepare_in_process(records, PrepareConfig(n_conformers=0), ())
    vectors = encoder.embed_table(table_of(prepared)).astype(float)
    explainer = AtomExplainer(encoder, Weights(1, 2))
    parents = [row.parent_smiles for row in prepared[1:]]
    found = list(explainer.maps([prepared[0].parent_smiles] * len(HITS), parents))
    for number, atoms in enumerate(found):
        alike = tanimoto(ecfp4_of_smiles(QUERY), ecfp4_of_smiles(HITS[number])[None])[0]
        assert atoms.cosine == pytest.approx(vectors[0] @ vectors[number + 1], abs=1e-5)
        assert atoms.similarity == pytest.approx(alike, abs=1e-6)
        assert atoms.score == pytest.approx(atoms.cosine + 2 * atoms.similarity, abs=1e-6)
    scores = explainer.scores([QUERY], HITS)
    np.testing.assert_allclose(scores[:, 0], [one.score for one in found], atol=1e-5)


def test_a_batch_changes_nothing(encoder):
    explainer = AtomExplainer(encoder, Weights(1, 1))
    many = list(explainer.maps([QUERY] * 70, [HITS[i % len(HITS)] for i in range(70)]))
    for place in (0, 5, 63, 64, 69):
        (alone,) = explainer.maps([QUERY], [HITS[place % len(HITS)]])
        np.testing.assert_allclose(many[place].hit, alone.hit, atol=1e-5)
        np.testing.assert_allclose(many[place].query, alone.query, atol=1e-5)


def test_what_a_hit_shares_with_an_inactive_counts_against_it(encoder):
    free = AtomExplainer(encoder, Weights(1, 0))
    held = AtomExplainer(encoder, Weights(1, 0, inactives=0.5))
    (plain,), (lowered,) = free.maps([QUERY], HITS[:1]), held.maps([QUERY], HITS[:1], HITS[:1])
    (own,) = free.maps(HITS[:1], HITS[:1])
    assert lowered.score == pytest.approx(plain.score - 0.5, abs=1e-5)
    np.testing.assert_allclose(lowered.hit, plain.hit - 0.5 * own.hit, atol=1e-5)
    np.testing.assert_allclose(lowered.query, plain.query, atol=1e-5)
    assert held.nearest([*HITS[1:], HITS[0]], HITS[:2]).tolist() == [len(HITS) - 1, 0]


def test_pieces_are_hidden_as_a_whole(encoder):
    explainer = AtomExplainer(encoder, Weights(0, 1))
    (atoms,) = explainer.maps(["c1ccccc1CCO"], ["c1ccccc1CCN"])
    shares = {piece.smiles: piece.share for piece in atoms.pieces}
    assert set(shares) == {"c1ccccc1", "CCN"}
    assert atoms.best.smiles == "c1ccccc1"
    assert atoms.best.share <= atoms.score
    assert atoms.worst.share == shares["CCN"]


def test_an_encoder_of_geometry_is_refused_with_what_can_be_explained():
    config = ModelConfig(n_buckets=61, width=16, embedding_dim=16, matryoshka=(16,))
    sees = Encoder(network_of(config), identity="i", card={})
    with pytest.raises(UsageError, match=r"looks at geometry.*--rank ecfp4"):
        AtomExplainer(sees, Weights(1, 1))
    (atoms,) = AtomExplainer(sees, Weights(0, 1)).maps(["CCO"], ["CCN"])
    assert len(atoms.hit) == 3
    assert np.isnan(atoms.cosine)


def test_no_structure_is_an_error_of_input(encoder):
    with pytest.raises(InputError, match=r"cannot read SMILES 'C1CC'"):
        list(AtomExplainer(encoder, Weights()).maps(["CCO"], ["C1CC"]))


@pytest.mark.parametrize("name", HIDEABLE[1:])
def test_further_fingerprints_that_rank_count_too(encoder, name):
    weights = Weights(1, 1, others=((name, 0.5),))
    (atoms,) = AtomExplainer(encoder, weights).maps([QUERY], HITS[:1])
    (plain,) = AtomExplainer(encoder, Weights(1, 1)).maps([QUERY], HITS[:1])
    (alone,) = AtomExplainer(None, Weights(0, 0, others=((name, 0.5),))).maps([QUERY], HITS[:1])
    one, other = packed_of(name, [QUERY]), packed_of(name, HITS[:1])
    assert alone.score == pytest.approx(0.5 * tanimoto(one[0], other)[0], abs=1e-6)
    assert atoms.score == pytest.approx(plain.score + alone.score, abs=1e-6)
    np.testing.assert_allclose(atoms.hit, plain.hit + alone.hit, atol=1e-6)
    np.testing.assert_allclose(atoms.query, plain.query + alone.query, atol=1e-6)
    assert np.abs(alone.hit).max() > 0
    scores = AtomExplainer(encoder, weights).scores([QUERY], HITS[:1])
    assert scores[0, 0] == pytest.approx(atoms.score, abs=1e-5)
