"""What maps point at is edited, and the score falls: on the bundled library, with its encoder."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from molsearch.bundled import example
from molsearch.nn.weights import load_encoder
from molsearch.reasons.atoms import AtomExplainer
from molsearch.reasons.faithfulness import faithful, trial
from molsearch.reasons.weights import Weights


def smiles_of(name):
    mols = map(Chem.MolFromSmiles, pd.read_csv(example() / name).smiles.dropna())
    return [Chem.MolToSmiles(mol) for mol in mols if mol is not None]


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("small", device="cpu")


def test_scores_fall_more_where_the_map_points_than_elsewhere(encoder):
    """The command for 500 pairs of development targets is benchmarks/explanations.py."""
    queries, library = smiles_of("queries.csv"), smiles_of("library.csv")
    rng = np.random.default_rng(0)
    scores = AtomExplainer(encoder, Weights(1, 1), queries).scores(library)
    each = {query: AtomExplainer(encoder, Weights(1, 1), [query]) for query in queries}
    pairs = []
    for number, query in enumerate(queries):
        order = np.argsort(-scores[:, number])
        near = [row for row in order if scores[row, number] < 1.9][:12]
        pairs += [(query, library[row]) for row in near]
    maps = [atoms for query, hit in pairs for atoms in each[query].maps([hit])]

    def score(first, second):
        return np.array([each[q].ranked([h])[0] for q, h in zip(first, second, strict=True)])

    trials, asked = [], []
    for (query, hit), atoms in zip(pairs, maps, strict=True):
        made = trial(hit, atoms.hit, rng)
        if made is not None:
            trials.append(made)
            asked.append(query)
    assert len(trials) >= 30
    assert faithful(trials, asked, score).mean() >= 0.8


def test_shares_choose_the_edit_and_chance_the_other():
    rng = np.random.default_rng(1)
    mol = Chem.MolFromSmiles("NCCc1ccc(F)cc1")
    fluorine = next(atom.GetIdx() for atom in mol.GetAtoms() if atom.GetSymbol() == "F")
    shares = np.eye(mol.GetNumAtoms())[fluorine]
    found = {trial("NCCc1ccc(F)cc1", shares, rng) for _ in range(40)}
    assert {one.pointed for one in found} <= {"NCCc1ccccc1", "Cc1ccc(CCN)cc1"}
    assert len({one.random for one in found}) > 1
    assert all(one.random != one.pointed for one in found)


def test_a_molecule_with_one_edit_alone_is_no_trial():
    assert trial("c1ccccc1", np.ones(6), np.random.default_rng(0)) is None


def test_maps_of_several_queries_and_a_series_model_point_at_what_ranks(encoder):
    """What an edit does to the score by all that ranks, of queries and inactives of one series."""
    library = smiles_of("library.csv")
    queries, inactives = smiles_of("queries.csv"), library[-8:]
    weights = Weights(1, 2, series=1, fusions=(("molsearch", "top2"), ("ecfp4", "max")))
    explainer = AtomExplainer(encoder, weights, queries, inactives, encoder.background)
    scores = explainer.ranked(library)
    hits = [library[row] for row in np.argsort(-scores) if scores[row] < 3.5][:60]
    rng = np.random.default_rng(0)
    trials = [
        trial(hit, atoms.hit, rng) for hit, atoms in zip(hits, explainer.maps(hits), strict=True)
    ]
    made = [one for one in trials if one is not None]
    assert len(made) >= 30
    won = faithful(made, [""] * len(made), lambda _, molecules: explainer.ranked(molecules))
    assert won.mean() >= 0.8
