"""Reasons as columns of a table, one row a hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from molsearch import schema
from molsearch.reasons.reason import Reason
from molsearch.schema import Prepared

QUERY_SMILES = "query_smiles"
EXPLAINED = "explained_score"
PART = "score_part:"
QUERY_SCORE = "query_score"
COSINE = "cosine"
ATOMS = "atom_contributions"
QUERY_ATOMS = "query_atom_contributions"
BEST_PART = "best_part"
BEST_PART_SHARE = "best_part_contribution"
WORST_PART = "worst_part"
WORST_PART_SHARE = "worst_part_contribution"
COMMON = "common_smarts"
N_COMMON = "common_atoms"
COMMON_COMPLETE = "common_complete"
N_FOR = "n_queries_for"
AGAINST = "queries_against"
SCORE_FOR = "score_for:"
STRUCTURES = (schema.SMILES, schema.PARENT_SMILES, QUERY_SMILES, COMMON, BEST_PART, WORST_PART)
_DIGITS = 4


@dataclass(frozen=True)
class Named:
    """A molecule and what it is called.

    Attributes
    ----------
    smiles
        Its parent.
    """

    name: str
    smiles: str


def reason_frame(
    hits: Sequence[Prepared], queries: Sequence[Named], reasons: Sequence[Reason]
) -> pd.DataFrame:
    """Make the table of reasons: the hit list's own columns as they were, then these.

    Contributions stand in the order of the atoms of ``parent_smiles`` (and of ``query_smiles``),
    separated by spaces; the parts of a score add up to it. Columns of a hit list that reasons
    replace are theirs.
    """
    made = pd.DataFrame(
        [_row(hit, queries, reason) for hit, reason in zip(hits, reasons, strict=True)]
    )
    made[N_COMMON] = made[N_COMMON].astype("Int64")
    made[COMMON_COMPLETE] = made[COMMON_COMPLETE].astype("boolean")
    if len(queries) > 1:
        made[N_FOR] = [len(queries) - len(reason.against) for reason in reasons]
        made[AGAINST] = ["; ".join(queries[i].name for i in one.against) for one in reasons]
        each = {
            SCORE_FOR + query.name: [reason.each[number] for reason in reasons]
            for number, query in enumerate(queries)
        }
        made = pd.concat([made, pd.DataFrame(each)], axis=1)
    names = list(dict.fromkeys(name for hit in hits for name in hit.user))
    own = {
        name: pd.array([hit.user.get(name) for hit in hits], dtype="str")
        for name in names
        if name not in made.columns
    }
    return pd.concat([made.iloc[:, :3], pd.DataFrame(own), made.iloc[:, 3:]], axis=1)


def _row(hit: Prepared, queries: Sequence[Named], reason: Reason) -> dict[str, object]:
    query, atoms, common = queries[reason.query], reason.atoms, reason.common
    return {
        schema.MOLECULE_ID: hit.molecule_id,
        schema.SMILES: hit.smiles,
        schema.PARENT_SMILES: hit.parent_smiles,
        schema.QUERY_ID: query.name,
        QUERY_SMILES: query.smiles,
        EXPLAINED: atoms.score,
        **{PART + name: value for name, value in atoms.parts},
        QUERY_SCORE: atoms.query_score,
        COSINE: atoms.cosine,
        schema.ECFP4_SIMILARITY: atoms.similarity,
        BEST_PART: atoms.best.smiles,
        BEST_PART_SHARE: atoms.best.share,
        WORST_PART: atoms.worst.smiles,
        WORST_PART_SHARE: atoms.worst.share,
        ATOMS: _numbers(atoms.hit),
        QUERY_ATOMS: _numbers(atoms.query),
        COMMON: "" if common is None else common.smarts,
        N_COMMON: None if common is None else len(common),
        COMMON_COMPLETE: None if common is None else common.complete,
    }


def _numbers(values: NDArray[np.float64]) -> str:
    return " ".join(f"{value:.{_DIGITS}f}" for value in values)
