"""Whether atom maps tell the truth, and how fast they are made: chemical edits on 500 pairs.

    MOLSEARCH_DATA=… python benchmarks/explanations.py -o results/explanations.json
    … python benchmarks/explanations.py --queries 5 --inactives 20 -o …/explanations-five.json

On development targets, the first hits of a screen by `balanced` are edited where their maps point
(`molsearch.reasons.faithfulness`), written, read, prepared and embedded anew, and compared with
random edits of as many atoms. Beside the map stand a map whose atoms are shuffled, and the maps of
each component alone, judged by the whole score. With ``--inactives`` decoys of the target, drawn
once and taken out of its pool, stand for known inactives: they make the series model that such a
screen ranks with, and whether they bind does not matter here. No benchmark target is looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from molsearch.chem.prepare import prepare_in_process
from molsearch.config import PrepareConfig
from molsearch.index.rarity import reference_of
from molsearch.io.atomic import write_text
from molsearch.io.runs import processor, versions
from molsearch.metrics.bootstrap import interval
from molsearch.nn.encoder import Encoder
from molsearch.nn.weights import load_encoder
from molsearch.reasons.atoms import AtomExplainer
from molsearch.reasons.faithfulness import Trial, faithful, trial
from molsearch.reasons.weights import Weights
from molsearch.schema import Record
from molsearch.scoring.ranking import ranking_of
from molsearch.service.explain_input import weights_of

_SAME = 0.95  # ECFP4: queries and their twins are no hits
_A_CALL, _CALLS = 100, 5
_LONGEST = 200  # characters of a SMILES
_FLAT = PrepareConfig(n_conformers=0)


@dataclass(frozen=True)
class Screen:
    """Queries, known inactives and first hits of a target, as parents."""

    queries: tuple[str, ...]
    inactives: tuple[str, ...]
    hits: tuple[str, ...] = ()

    def explainer(self, encoder: Encoder, weights: Weights) -> AtomExplainer:
        """Explain by these weights."""
        return AtomExplainer(
            encoder, weights, self.queries, self.inactives, encoder.background,
            reference_of(encoder),
        )  # fmt: skip


def main() -> None:
    """Make the pairs, edit them, and write one result file."""
    given = _arguments()
    torch.set_num_threads(1)
    encoder = load_encoder(given.encoder, device="cpu")
    ranking = ranking_of(
        "balanced", given.queries, inactives=given.inactives > 0,
        rarity=reference_of(encoder) is not None,
    )  # fmt: skip
    weights = weights_of(ranking)
    screens, pairs = _pairs(given, encoder, weights)
    explainers = {name: one.explainer(encoder, weights) for name, one in screens.items()}
    whole = _maps(pairs, explainers)
    rng = np.random.default_rng(given.seed)
    maps = {"map": whole, "shuffled": [rng.permutation(one) for one in whole]}
    for name, other in _alone(weights).items():
        alone = {target: one.explainer(encoder, other) for target, one in screens.items()}
        maps[name] = _maps(pairs, alone)
    record = {
        "format": "molsearch-explanations-1",
        "encoder": {"name": given.encoder, "identity": encoder.identity},
        "ranking": ranking.record(),
        "n_inactives": given.inactives,
        "seed": given.seed,
        "n_pairs": len(pairs),
        "n_targets": len({target for target, _ in pairs}),
        "faithful": {
            name: _judged(pairs, shares, explainers, given.seed, given.pairs)
            for name, shares in maps.items()
        },
        "speed": _speed(screens, encoder, weights),
        "processor": processor(),
        "versions": versions(),
    }
    write_text(given.output, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(record["faithful"]["map"]), json.dumps(record["speed"]))


def _alone(weights: Weights) -> dict[str, Weights]:
    """Single out parts of what ranks."""
    found = {
        "encoder alone": replace(weights, ecfp4=0.0, series=0.0, rarity=0.0, embedding=1.0),
        "ecfp4 alone": replace(weights, embedding=0.0, series=0.0, rarity=0.0, ecfp4=1.0),
    }
    if weights.series:
        found["without the series model"] = replace(weights, series=0.0)
    if weights.rarity:
        found["without rarity"] = replace(weights, rarity=0.0)
    return found


def _pairs(
    given: argparse.Namespace, encoder: Encoder, weights: Weights
) -> tuple[dict[str, Screen], list[tuple[str, str]]]:
    """Screens by target, and pairs of target and hit: the first hits of each, as many of each."""
    table = pd.read_parquet(given.data / "dev_screens.parquet")
    table = table[table.smiles.str.len() <= _LONGEST]
    rng = np.random.default_rng(given.seed)
    screens: dict[str, Screen] = {}
    listed: list[list[tuple[str, str]]] = []
    for target, rows in table.groupby("target"):
        queries = _parents(rows[rows.is_query].smiles.head(given.queries).tolist())
        decoys = rows[rows.lite & (rows.label == "decoy")].smiles.to_numpy()
        known = set(rng.choice(decoys, given.inactives, replace=False).tolist())
        pool = _parents([one for one in rows[rows.lite].smiles if one not in known])
        if len(queries) < given.queries or not pool:
            continue
        name = str(target)
        screens[name] = Screen(tuple(queries), tuple(_parents(sorted(known))))
        scores = screens[name].explainer(encoder, weights).ranked(pool)
        prints = AtomExplainer(None, Weights(0, 1), queries).scores(pool).max(axis=1)
        order = [row for row in np.argsort(-scores, kind="stable") if prints[row] < _SAME]
        near = dict.fromkeys(pool[row] for row in order)
        screens[name] = replace(screens[name], hits=tuple(near))
        listed.append([(name, hit) for hit in near])
        print(f"\r{len(listed)} targets", end="", flush=True)
        if len(listed) == given.targets:
            break
    print()
    rounds = zip(*(some[: 2 * given.pairs // len(listed) + 2] for some in listed), strict=False)
    return screens, [pair for some in rounds for pair in some][: given.pairs + given.pairs // 5]


def _by_target(pairs: Sequence[tuple[str, str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, (target, _) in enumerate(pairs):
        found.setdefault(target, []).append(place)
    return found


def _maps(
    pairs: Sequence[tuple[str, str]], explainers: Mapping[str, AtomExplainer]
) -> list[NDArray[np.float64]]:
    """Contributions of each hit's atoms, in the order of the pairs."""
    found: dict[int, NDArray[np.float64]] = {}
    for target, places in _by_target(pairs).items():
        some = explainers[target].maps([pairs[place][1] for place in places])
        found |= {place: one.hit for place, one in zip(places, some, strict=True)}
    return [found[place] for place in range(len(pairs))]


def _parents(smiles: Sequence[str]) -> list[str]:
    records = (Record(i, "", i, str(i), smiles=one) for i, one in enumerate(smiles, start=1))
    prepared, _ = prepare_in_process(records, _FLAT, ())
    return [row.parent_smiles for row in prepared]


def _judged(
    pairs: Sequence[tuple[str, str]],
    shares: Sequence[NDArray[np.float64]],
    explainers: Mapping[str, AtomExplainer],
    seed: int,
    n: int,
) -> dict[str, Any]:
    """Edit `n` pairs and count where the pointed edit costs more."""
    rng = np.random.default_rng(seed)
    trials: list[Trial] = []
    of: list[tuple[str, str]] = []
    for pair, some in zip(pairs, shares, strict=True):
        made = trial(pair[1], some, rng)
        if made is not None and len(trials) < n:
            trials.append(made)
            of.append(pair)

    def score(targets: Sequence[str], molecules: Sequence[str]) -> NDArray[np.float64]:
        parents = _parents(molecules)
        assert len(parents) == len(molecules)
        scores = np.empty(len(parents))
        for target, places in _by_target(list(zip(targets, parents, strict=True))).items():
            scores[places] = explainers[target].ranked([parents[place] for place in places])
        return scores

    won = faithful(trials, [target for target, _ in of], score)
    targets = pd.Series(won).groupby([target for target, _ in of]).mean()
    spread = interval(targets.to_numpy())
    kinds = np.array([one.kind for one in trials])
    sizes = np.array([one.n_atoms for one in trials])
    return {
        "n_trials": len(trials),
        "n_without_two_edits_of_a_size": len(pairs) - len(of) if len(trials) < n else None,
        "share": float(won.mean()),
        "mean_over_targets": asdict(spread),
        "by_kind": {
            kind: {"n": int((kinds == kind).sum()), "share": float(won[kinds == kind].mean())}
            for kind in sorted(set(kinds.tolist()))
        },
        "by_size": {
            str(size): {"n": int((sizes == size).sum()), "share": float(won[sizes == size].mean())}
            for size in np.unique(sizes)
        },
    }


def _speed(screens: Mapping[str, Screen], encoder: Encoder, weights: Weights) -> dict[str, float]:
    """Hits a second of one core, and beside it what plain scores of the same hits cost.

    Calls are as `molsearch explain` makes them unless told otherwise, the first 100 hits of a
    list each: queries are embedded, and a series model is made of them, within the time.
    """
    some = [one for one in screens.values() if len(one.hits) >= _A_CALL][:_CALLS]
    list(some[0].explainer(encoder, weights).maps(some[0].hits[:_A_CALL]))  # warm
    started = time.process_time()
    made = [
        atoms for one in some for atoms in one.explainer(encoder, weights).maps(one.hits[:_A_CALL])
    ]
    explained = time.process_time() - started
    started = time.process_time()
    for one in some:
        one.explainer(encoder, weights).ranked(one.hits[:_A_CALL])
    plain = time.process_time() - started
    return {
        "n_hits": len(made),
        "hits_a_call": _A_CALL,
        "hits_per_second_of_one_core": len(made) / explained,
        "times_the_cost_of_plain_scores": explained / plain,
        "mean_atoms": float(np.mean([len(one.hit) for one in made])),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--targets", type=int, help="only the first so many targets")
    parser.add_argument("--queries", type=int, default=1, help="of a target, searched together")
    parser.add_argument("--inactives", type=int, default=0, help="decoys taken for inactive")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--data", type=Path, default=os.environ.get("MOLSEARCH_DATA"))
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    if given.data is None:
        parser.error("name the folder of the data: --data, or MOLSEARCH_DATA")
    given.data = Path(given.data)
    return given


if __name__ == "__main__":
    main()
