"""What maps point at is edited, and the score falls: on the bundled library, with its encoder."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from molsearch.bundled import example
from molsearch.nn.weights import load_encoder
from molsearch.reasons.atoms import AtomExplainer, Weights
from molsearch.reasons.faithfulness import faithful, trial


def smiles_of(name):
    mols = map(Chem.MolFromSmiles, pd.read_csv(example() / name).smiles.dropna())
    return [Chem.MolToSmiles(mol) for mol in mols if mol is not None]


@pytest.fixture(scope="module")
def explainer():
    return AtomExplainer(load_encoder("small", device="cpu"), Weights(1, 1))


def test_scores_fall_more_where_the_map_points_than_elsewhere(explainer):
    """The command for 500 pairs of development targets is benchmarks/explanations.py."""
    queries, library = smiles_of("queries.csv"), smiles_of("library.csv")
    rng = np.random.default_rng(0)
    scores = explainer.scores(queries, library)
    pairs = []
    for number, query in enumerate(queries):
        order = np.argsort(-scores[:, number])
        near = [row for row in order if scores[row, number] < 1.9][:12]
        pairs += [(query, library[row]) for row in near]
    maps = explainer.maps([query for query, _ in pairs], [hit for _, hit in pairs])

    def score(first, second):
        return np.array(
            [explainer.scores([q], [h])[0, 0] for q, h in zip(first, second, strict=True)]
        )

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
