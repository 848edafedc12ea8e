"""Whether atom maps tell the truth: what they point at is edited, and the score must fall.

The substituent or heteroatom with the highest share of a hit's score is cut off or made carbon,
the molecule is written, read and embedded anew, and its score is compared with that after a
random edit of as many atoms. No substructure is hidden here: an edited molecule is a molecule like
any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molsearch.chem.edits import Edit, edited, single_edits


@dataclass(frozen=True)
class Trial:
    """A hit, edited where its map points and at random.

    Attributes
    ----------
    kind, other_kind
        Of the edit that the map chose and of the random one: ``cut`` or ``carbon``.
    n_atoms
        Atoms that each edit touches.
    pointed, random
        The edited molecules, as SMILES.
    """

    kind: str
    other_kind: str
    n_atoms: int
    pointed: str
    random: str


def trial(smiles: str, shares: NDArray[np.float64], rng: np.random.Generator) -> Trial | None:
    """Edit a hit where its atoms have the highest share, and at random.

    Of all edits to which there is another of as many atoms, that with the highest share is made;
    the random one is drawn from the others of its size.

    Parameters
    ----------
    shares
        What each atom contributes, ``[n_atoms]``.

    Returns
    -------
    None where no two edits are of one size and give different molecules.
    """
    mol = Chem.MolFromSmiles(smiles)
    outcome = {edit: edited(mol, [edit]) for edit in single_edits(mol)}
    for best in sorted(outcome, key=lambda edit: -_share(edit, shares)):
        others = [
            edit
            for edit in outcome
            if len(edit.atoms) == len(best.atoms) and outcome[edit] != outcome[best]
        ]
        if others:
            other = others[int(rng.integers(len(others)))]
            pointed, random = outcome[best], outcome[other]
            assert pointed is not None
            assert random is not None
            return Trial(best.kind, other.kind, len(best.atoms), pointed, random)
    return None


def _share(edit: Edit, shares: NDArray[np.float64]) -> float:
    return float(shares[list(edit.atoms)].sum())


def faithful(
    trials: Sequence[Trial],
    queries: Sequence[str],
    score: Callable[[Sequence[str], Sequence[str]], NDArray[np.float64]],
) -> NDArray[np.bool_]:
    """Say of each trial whether the edit that the map chose lowers the score more.

    Parameters
    ----------
    score
        Scores molecules for the queries beside them, each read and embedded anew.
    """
    pointed = score(queries, [one.pointed for one in trials])
    random = score(queries, [one.random for one in trials])
    return np.asarray(pointed < random)
