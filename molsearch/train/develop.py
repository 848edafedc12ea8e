"""Development screens: the only targets on which checkpoints and settings are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from molsearch.chem.fingerprints import ecfp4, tanimoto
from molsearch.data.training_tables import read_table
from molsearch.errors import InputError
from molsearch.metrics.enrichment import auroc as auroc_of
from molsearch.metrics.enrichment import bedroc
from molsearch.metrics.ranking import products, rank
from molsearch.schema import NEW_BELOW
from molsearch.scoring.added import added, fused_of
from molsearch.scoring.default import RARITY, balanced
from molsearch.scoring.fusion import fuse
from molsearch.scoring.ranking import MOLSEARCH
from molsearch.words import some_of

_ACTIVE, _OTHERS = "active", ("decoy", "inactive")
_ECFP4 = "ecfp4"
NOVEL = NEW_BELOW  # an active is novel to a query below this ECFP4 similarity


@dataclass(frozen=True, slots=True)
class Screens:
    """Development screens over M distinct molecules.

    Attributes
    ----------
    smiles
        The M molecules.
    ecfp4
        uint8 ``[M, 256]``.
    rows, is_active, is_query
        Per target: int64 rows into the molecules, and bool labels of them.
    """

    smiles: list[str]
    ecfp4: NDArray[np.uint8]
    rows: dict[str, NDArray[np.int64]]
    is_active: dict[str, NDArray[np.bool_]]
    is_query: dict[str, NDArray[np.bool_]]


def load_screens(path: Path, *, lite: bool) -> Screens:
    """Read the development screens; `lite` keeps the small ones.

    Raises
    ------
    InputError
        If the file is absent or damaged, a molecule cannot be read, a label is neither active nor
        decoy, or a target has nothing to ask with or to find.
    """
    table = read_table(path, "development screens", ("smiles", "target", "label", "is_query"))
    if lite and "lite" in table:
        table = table[table["lite"]]
    if table.empty:
        raise InputError(f"{path}: holds no development screen; name another file, or none")
    _check_labels(path, table)
    number, smiles = pd.factorize(table["smiles"])
    table = table.assign(molecule=number)
    groups = {str(name): group for name, group in table.groupby("target")}
    screens = Screens(
        smiles=list(smiles),
        ecfp4=_prints(path, table, smiles.tolist()),
        rows={t: g["molecule"].to_numpy(np.int64) for t, g in groups.items()},
        is_active={t: (g["label"] == _ACTIVE).to_numpy() for t, g in groups.items()},
        is_query={t: g["is_query"].to_numpy(bool) for t, g in groups.items()},
    )
    _check_targets(path, screens)
    return screens


def _check_labels(path: Path, table: pd.DataFrame) -> None:
    wrong = ~table["label"].isin((_ACTIVE, *_OTHERS)).to_numpy()
    if wrong.any():
        row = int(table.index[int(wrong.argmax())])
        found, known = table.loc[row, "label"], " nor ".join((_ACTIVE, *_OTHERS))
        raise InputError(f"{path}: record {row + 1}: label is {found!r}, neither {known}")


def _prints(path: Path, table: pd.DataFrame, smiles: Sequence[str]) -> NDArray[np.uint8]:
    found = []
    with rdBase.BlockLogs():
        for number, text in enumerate(smiles):
            mol = Chem.MolFromSmiles(text) if text else None
            if mol is None:
                row = int(table.index[int((table["molecule"] == number).argmax())])
                raise InputError(
                    f"{path}: record {row + 1}: {text!r} is no molecule that RDKit can read; "
                    "correct it or leave it out"
                )
            found.append(np.frombuffer(ecfp4(mol), dtype=np.uint8))
    return np.stack(found)


def _check_targets(path: Path, screens: Screens) -> None:
    wrong = []
    for target, active in screens.is_active.items():
        query = screens.is_query[target]
        lacks = (
            "no query" if not query.any()
            else "no active to find" if active.sum() < 1 + (query & active).any()
            else "no decoy" if active.all()
            else ""
        )  # fmt: skip
        if lacks:
            wrong.append(f"{target} has {lacks}")
    if wrong:
        raise InputError(f"{path}: {some_of(wrong, 3)}; complete the screens or leave them out")


def evaluate_screens(
    screens: Screens,
    embeddings: NDArray[np.float32] | None,
    rarity: NDArray[np.float32] | None = None,
) -> pd.DataFrame:
    """Screen each query alone against its target's other actives and decoys.

    Parameters
    ----------
    embeddings
        float32 ``[M, dim]`` unit vectors; None scores by ECFP4 similarity.
    rarity
        float32 ``[M]``, by the same encoder (`molsearch.index.rarity`); None: it is not told.

    Returns
    -------
    DataFrame
        One row a target, means over its queries: ``auroc``, ``bedroc_80p5``, and
        ``novel_bedroc_80p5`` over actives below `NOVEL` ECFP4 similarity to the query; where
        embeddings are given, also ``blend_bedroc_80p5`` (z-scores of both added). A target with
        two queries and another active has ``several_bedroc_80p5`` (all its queries at once, by the
        nearest of them) and, where embeddings are given, ``several_blend_bedroc_80p5`` (mean of
        the two best cosines and twice the nearest Tanimoto). With rarities there are
        ``ranked_bedroc_80p5`` and ``several_ranked_bedroc_80p5`` too: the default ranking.
    """
    results: list[dict[Any, Any]] = []
    for target, rows in screens.rows.items():
        queries = np.flatnonzero(screens.is_query[target])
        scores = _scores(screens, rows, queries, embeddings, rarity)
        per_query = [_one_query(screens, target, n, int(q), scores) for n, q in enumerate(queries)]
        means = pd.DataFrame(per_query).mean()  # a query without novel actives counts nowhere
        several = _several_queries(screens, target, scores)
        results.append({"target": target, "n": len(rows), **means.to_dict(), **several})
    return pd.DataFrame(results)


def _scores(
    screens: Screens,
    rows: NDArray[np.int64],
    queries: NDArray[np.intp],
    embeddings: NDArray[np.float32] | None,
    rarity: NDArray[np.float32] | None,
) -> dict[str, NDArray[np.float32]]:
    """Score a target's n molecules by each of its queries: float32 ``[q, n]`` a component."""
    prints = screens.ecfp4[rows]
    found = {_ECFP4: np.stack([tanimoto(prints[q], prints) for q in queries])}
    if embeddings is not None:
        own = embeddings[rows]
        found[MOLSEARCH] = np.stack([products(own, own[q]) for q in queries])
        if rarity is not None:
            found[RARITY] = np.broadcast_to(rarity[rows], found[MOLSEARCH].shape)
    return found


def _one_query(
    screens: Screens,
    target: str,
    number: int,
    query: int,
    every: Mapping[str, NDArray[np.float32]],
) -> dict[str, float]:
    others = np.arange(len(screens.rows[target])) != query
    active = screens.is_active[target][others]
    similarity = every[_ECFP4][number, others]
    scores = every[MOLSEARCH][number, others] if MOLSEARCH in every else similarity
    ranking = rank(scores, active)
    found = {"auroc": auroc_of(ranking), "bedroc_80p5": bedroc(ranking, 80.5)}
    novel = ~active | (similarity < NOVEL)
    found["novel_bedroc_80p5"] = (
        bedroc(rank(scores[novel], active[novel]), 80.5) if active[novel].any() else np.nan
    )
    if MOLSEARCH in every:
        blend = _standardised(scores) + _standardised(similarity)
        found["blend_bedroc_80p5"] = bedroc(rank(blend, active), 80.5)
    if RARITY in every:
        found["ranked_bedroc_80p5"] = _by_default(every, np.array([number]), others, active)
    return found


def _several_queries(
    screens: Screens, target: str, every: Mapping[str, NDArray[np.float32]]
) -> dict[str, float]:
    """Rank by all queries of a target together; empty where it has too few."""
    is_other = ~screens.is_query[target]
    active = screens.is_active[target][is_other]
    n_queries = len(every[_ECFP4])
    if n_queries < 2 or not active.any():
        return {}
    nearest = fuse(every[_ECFP4][:, is_other].T, "max")
    if MOLSEARCH not in every:
        return {"several_bedroc_80p5": bedroc(rank(nearest, active), 80.5)}
    cosines = every[MOLSEARCH][:, is_other].T
    blend = fuse(cosines, "top2") + 2 * nearest
    found = {
        "several_bedroc_80p5": bedroc(rank(fuse(cosines, "max"), active), 80.5),
        "several_blend_bedroc_80p5": bedroc(rank(blend, active), 80.5),
    }
    if RARITY in every:
        all_of_them = np.arange(n_queries)
        found["several_ranked_bedroc_80p5"] = _by_default(every, all_of_them, is_other, active)
    return found


def _by_default(
    every: Mapping[str, NDArray[np.float32]],
    queries: NDArray[np.int64],
    others: NDArray[np.bool_],
    active: NDArray[np.bool_],
) -> float:
    """Rank by what screens rank by, unless told otherwise."""
    fused = fused_of({name: scores[:, others] for name, scores in every.items()}, queries)
    terms = balanced(len(queries), rarity=True).terms
    return bedroc(rank(added(terms, fused), active), 80.5)


def _standardised(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return (scores - scores.mean()) / max(float(scores.std()), 1e-9)
