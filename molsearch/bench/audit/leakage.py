"""The leakage audit: how far a benchmark's actives are already known, and what chance explains.

Everything here is about the data, not about any method: the same tiers are laid over every
method's ranking, the fingerprint's included, because a tier that is easy for ECFP4 is no
evidence for an encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from molsearch.bench.audit.training import TrainingSet
from molsearch.bench.benchmarks.task import Task
from molsearch.bench.evaluate import Mask, rounded
from molsearch.bench.molecules import Molecules
from molsearch.bench.similarity import Neighbourhood
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.metrics.bias import ave_bias, property_auroc
from molsearch.view.hit import NEW_BELOW

# Tiers of an active's ECFP4 similarity to its nearest training molecule: lower bounds.
TIERS = {"≥ 0.9": 0.9, "0.6–0.9": 0.6, "0.4–0.6": 0.4, "< 0.4": 0.0}
SCAFFOLD_NOVEL = "new scaffold"
NOVEL_TO_QUERY = NEW_BELOW
QUERY_NOVEL = f"query: < {NOVEL_TO_QUERY}"
ANALOGUE = 0.6
_SAMPLE = 500


@dataclass(frozen=True)
class Audit:
    """What the audit found for one target.

    Attributes
    ----------
    subsets
        Tiers as masks over the pool, ``[q, n]``: the tier's actives and all inactives.
    findings
        Numbers for the report.
    """

    subsets: dict[str, Mask]
    findings: dict[str, Any]


def own_rows(task: Task, queries: Molecules, pool: Molecules) -> Mask:
    """Where a pool molecule is the query itself, by skeleton, ``[q, n]``.

    Only actives are compared by InChIKey; any molecule counts as the query where its parent is
    the same without stereo, a salt or another charge state of it too.
    """
    asked = _query_skeletons(task, queries)
    skeletons = active_skeletons(task, pool)
    own = np.zeros((len(task.queries), len(task.pool)), dtype=bool)
    own[:, task.is_active] = asked[:, None] == skeletons[None, :]
    own &= (asked != "")[:, None]
    parents = queries["parent"]
    same = (parents[:, None] == pool["parent"][None, :]) & (parents != "")[:, None]
    return own | same


def _query_skeletons(task: Task, queries: Molecules) -> npt.NDArray[np.str_]:
    given = [query.inchikey[:14] for query in task.queries]
    return np.array(given if all(given) else queries["skeleton"].tolist(), dtype=str)


def active_skeletons(task: Task, pool: Molecules) -> npt.NDArray[np.str_]:
    """First InChIKey blocks of the pool's actives; computed where the source gives none."""
    labels = task.is_active
    given = task.pool["inchikey"].to_numpy()[labels].astype(str)
    if all(given):
        return np.array([key[:14] for key in given], dtype=str)
    actives = Molecules([pool.smiles[row] for row in np.flatnonzero(labels)])
    return np.array(actives["skeleton"].tolist(), dtype=str)


def audit(
    task: Task, queries: Molecules, pool: Molecules, trainings: Sequence[TrainingSet]
) -> Audit:
    """Audit one target.

    Parameters
    ----------
    task, queries, pool
        The target and its molecules.
    trainings
        Training sets that tiers are laid by. The subsets of one are named ``<its name>: ≥ 0.9``
        and so on.
    """
    labels = task.is_active
    actives = Molecules([pool.smiles[row] for row in np.flatnonzero(labels)])
    actives.need(["ecfp4", "scaffold"])
    pool.need(["ecfp4", "parent"])
    to_query = tanimoto_matrix(queries["ecfp4"], actives["ecfp4"])
    subsets = {QUERY_NOVEL: _mask(labels, to_query < NOVEL_TO_QUERY)}
    findings: dict[str, Any] = {
        "n_actives": int(labels.sum()),
        "n_inactives": int((~labels).sum()),
        **_analogues(actives),
        **_bias(task, pool),
        **_repeats(task, queries, pool),
    }
    for origin in sorted({o for o in task.pool["origin"].unique() if o}):
        from_there = np.asarray(task.pool["origin"] == origin) | labels
        subsets[f"decoys: {origin}"] = np.tile(from_there, (len(queries), 1))
    findings["training"] = {}
    for training in trainings:
        nearest = training.neighbourhood.nearest(actives["ecfp4"])
        new = ~training.knows_scaffold(actives["scaffold"].tolist())
        for name, members in {**_tiers(nearest), SCAFFOLD_NOVEL: new}.items():
            tier = _mask(labels, np.tile(members, (len(queries), 1)))
            subsets[f"{training.name}: {name}"] = tier
        found = _overlap(task, queries, pool, training, nearest, new)
        findings["training"][training.name] = found
    return Audit(subsets, findings)


def _mask(labels: Mask, members: Mask) -> Mask:
    """Widen a mask over actives, ``[q, n_actives]``, to the pool; all inactives belong."""
    found = np.tile(~labels, (len(members), 1))
    found[:, labels] = members
    return found


def _tiers(nearest: npt.NDArray[np.float32]) -> dict[str, Mask]:
    upper = np.inf
    found = {}
    for name, lower in TIERS.items():
        found[name] = (nearest >= lower) & (nearest < upper)
        upper = lower
    return found


def _overlap(
    task: Task,
    queries: Molecules,
    pool: Molecules,
    training: TrainingSet,
    nearest: npt.NDArray[np.float32],
    new: Mask,
) -> dict[str, Any]:
    """Count what training has seen of a target."""
    known = np.array([s in training.skeletons for s in active_skeletons(task, pool)], dtype=bool)
    asked = [s in training.skeletons for s in _query_skeletons(task, queries)]
    tiers = {name: int(members.sum()) for name, members in _tiers(nearest).items()}
    return {
        "actives_in_training": int(known.sum()),
        "queries_in_training": int(sum(asked)),
        "target_in_training": task.uniprot in training.targets if task.uniprot else None,
        "identity": training.homology.tier(task.uniprot)
        if training.homology is not None and task.uniprot
        else None,
        "tiers": {**tiers, SCAFFOLD_NOVEL: int(new.sum())},
        "median_nearest": rounded(float(np.median(nearest))) if nearest.size else None,
    }


def _analogues(actives: Molecules) -> dict[str, Any]:
    """How much the actives resemble each other: analogue series make any similarity look good."""
    n = len(actives)
    if n < 2:
        return {"nearest_active": None, "share_with_analogue": None, "n_scaffolds": n}
    similar = tanimoto_matrix(actives["ecfp4"], actives["ecfp4"])
    np.fill_diagonal(similar, 0.0)
    nearest = similar.max(axis=1)
    return {
        "nearest_active": rounded(float(nearest.mean())),
        "share_with_analogue": rounded(float((nearest >= ANALOGUE).mean())),
        "n_scaffolds": len(set(actives["scaffold"].tolist())),
    }


def _bias(task: Task, pool: Molecules) -> dict[str, Any]:
    """AVE bias of the split (or of random halves) and the AUROC of properties alone.

    Inactives beyond a few thousand are sampled: both are means over molecules.
    """
    labels = task.is_active
    generator = np.random.default_rng(0)
    inactive = np.flatnonzero(~labels)
    sample = np.sort(generator.permutation(inactive)[: 2 * _SAMPLE])
    active = np.flatnonzero(labels)
    split = task.pool["split"].to_numpy().astype(str)
    if {"T", "V"} <= set(split[active]) and {"T", "V"} <= set(split[inactive]):
        parts, basis = (split[active] == "T", split[sample] == "T"), "T to V split"
    else:
        parts = tuple(generator.permutation(rows.size) % 2 == 0 for rows in (active, sample))
        basis = "random halves"
    prints = pool["ecfp4"]
    chosen = np.r_[active, sample]
    described = Molecules([pool.smiles[row] for row in chosen])
    return {
        "ave_bias": rounded(_ave(prints[active], prints[sample], *parts)),
        "ave_basis": basis,
        "property_auroc": rounded(property_auroc(described["properties"], labels[chosen])),
    }


def _ave(
    active: npt.NDArray[np.uint8],
    inactive: npt.NDArray[np.uint8],
    active_trains: Mask,
    inactive_trains: Mask,
) -> float:
    if min(active_trains.sum(), inactive_trains.sum()) == 0:
        return float("nan")
    near_active = Neighbourhood.of(active[active_trains])
    near_inactive = Neighbourhood.of(inactive[inactive_trains])
    held_active, held_inactive = active[~active_trains], inactive[~inactive_trains]
    return ave_bias(
        near_active.nearest(held_active),
        near_inactive.nearest(held_active),
        near_inactive.nearest(held_inactive),
        near_active.nearest(held_inactive),
    )


def _repeats(task: Task, queries: Molecules, pool: Molecules) -> dict[str, Any]:
    """Count parents that occur twice (stereo left aside), across splits, under both labels."""
    frame = task.pool.loc[pool.readable, ["is_active", "split"]].copy()
    frame["name"] = pool["parent"][pool.readable]
    grouped = frame.groupby("name")
    asked = set(queries["parent"].tolist()) - {""}
    return {
        "repeats": int(frame["name"].duplicated().sum()),
        "both_labels": int((grouped["is_active"].nunique() > 1).sum()),
        "across_splits": int((grouped["split"].nunique() > 1).sum()),
        "queries_among_actives": len(asked & set(frame.loc[frame["is_active"], "name"])),
        "unreadable": int((~pool.readable).sum()),
    }
