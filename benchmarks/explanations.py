"""Whether atom maps tell the truth, and how fast they are made: chemical edits on 500 pairs.

    MOLSEARCH_DATA=… python benchmarks/explanations.py -o results/explanations.json

On development targets, the first hits of a screen by `balanced` with one query are edited where
their maps point (`molsearch.reasons.faithfulness`), written, read, prepared and embedded anew, and
compared with random edits of as many atoms. Beside the map stand a map whose atoms are shuffled,
and the maps of each component alone, judged by the whole score. No benchmark target is looked at.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from molsearch.chem.prepare import prepare_in_process
from molsearch.config import PrepareConfig
from molsearch.io.atomic import write_text
from molsearch.io.runs import processor, versions
from molsearch.metrics.bootstrap import interval
from molsearch.nn.weights import load_encoder
from molsearch.reasons.atoms import AtomExplainer, Weights
from molsearch.reasons.faithfulness import Trial, faithful, trial
from molsearch.schema import Record
from molsearch.scoring.ranking import ranking_of
from molsearch.service.explain_input import weights_of

_SAME = 1.9  # of the 2 that identical molecules score: the query and its twins are no hits
_LONGEST = 200  # characters of a SMILES
_FLAT = PrepareConfig(n_conformers=0)


def main() -> None:
    """Make the pairs, edit them, and write one result file."""
    given = _arguments()
    torch.set_num_threads(1)
    encoder = load_encoder(given.encoder, device="cpu")
    ranking = ranking_of("balanced", 1)
    explainer = AtomExplainer(encoder, weights_of(ranking))
    pairs = _pairs(given.data, explainer, given.pairs)
    queries, hits = [query for _, query, _ in pairs], [hit for _, _, hit in pairs]
    maps = {
        "map": [one.hit for one in explainer.maps(queries, hits)],
        "shuffled": _shuffled(explainer, queries, hits, given.seed),
    }
    for name, weights in (("encoder alone", Weights(1, 0)), ("ecfp4 alone", Weights(0, 1))):
        alone = AtomExplainer(encoder, weights)
        maps[name] = [one.hit for one in alone.maps(queries, hits)]
    record = {
        "format": "molsearch-explanations-1",
        "encoder": {"name": given.encoder, "identity": encoder.identity},
        "ranking": ranking.record(),
        "seed": given.seed,
        "n_pairs": len(pairs),
        "n_targets": len({target for target, _, _ in pairs}),
        "faithful": {
            name: _judged(pairs, shares, explainer, given.seed, given.pairs)
            for name, shares in maps.items()
        },
        "speed": _speed(explainer, queries, hits),
        "processor": processor(),
        "versions": versions(),
    }
    write_text(given.output, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(record["faithful"]["map"]), json.dumps(record["speed"]))


def _pairs(data: Path, explainer: AtomExplainer, n: int) -> list[tuple[str, str, str]]:
    """Target, query and hit: the first hits of each target's query, as many of each target."""
    table = pd.read_parquet(data / "dev_screens.parquet")
    table = table[table.smiles.str.len() <= _LONGEST]
    listed: list[list[tuple[str, str, str]]] = []
    for target, rows in table.groupby("target"):
        query = _parents(rows[rows.is_query].smiles.head(1).tolist())
        pool = _parents(rows[rows.lite].smiles.tolist())
        if not query or not pool:
            continue
        scores = explainer.scores(query, pool)[:, 0]
        order = [row for row in np.argsort(-scores, kind="stable") if scores[row] < _SAME]
        near = dict.fromkeys(pool[row] for row in order)
        listed.append([(str(target), query[0], hit) for hit in near])
        print(f"\r{len(listed)} targets", end="", flush=True)
    print()
    rounds = zip(*(some[: 2 * n // len(listed) + 2] for some in listed), strict=False)
    return [pair for some in rounds for pair in some][: n + n // 5]


def _parents(smiles: Sequence[str]) -> list[str]:
    records = (Record(i, "", i, str(i), smiles=one) for i, one in enumerate(smiles, start=1))
    prepared, _ = prepare_in_process(records, _FLAT, ())
    return [row.parent_smiles for row in prepared]


def _shuffled(
    explainer: AtomExplainer, queries: Sequence[str], hits: Sequence[str], seed: int
) -> list[NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return [rng.permutation(one.hit) for one in explainer.maps(queries, hits)]


def _judged(
    pairs: Sequence[tuple[str, str, str]],
    shares: Sequence[NDArray[np.float64]],
    explainer: AtomExplainer,
    seed: int,
    n: int,
) -> dict[str, object]:
    """Edit `n` pairs and count where the pointed edit costs more."""
    rng = np.random.default_rng(seed)
    trials: list[Trial] = []
    of: list[tuple[str, str, str]] = []
    for pair, some in zip(pairs, shares, strict=True):
        made = trial(pair[2], some, rng)
        if made is not None and len(trials) < n:
            trials.append(made)
            of.append(pair)

    def score(queries: Sequence[str], molecules: Sequence[str]) -> NDArray[np.float64]:
        parents = _parents(molecules)
        assert len(parents) == len(molecules)
        distinct = list(dict.fromkeys(queries))
        scores = explainer.scores(distinct, parents)
        return scores[np.arange(len(parents)), [distinct.index(query) for query in queries]]

    won = faithful(trials, [query for _, query, _ in of], score)
    targets = pd.Series(won).groupby([target for target, _, _ in of]).mean()
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
            for kind in ("cut", "carbon")
        },
        "by_size": {
            str(size): {"n": int((sizes == size).sum()), "share": float(won[sizes == size].mean())}
            for size in np.unique(sizes)
        },
    }


def _speed(
    explainer: AtomExplainer, queries: Sequence[str], hits: Sequence[str]
) -> dict[str, float]:
    """Hits a second of one core, and beside it what plain scores of the same hits cost."""
    list(explainer.maps(queries[:64], hits[:64]))  # warm
    started = time.process_time()
    made = list(explainer.maps(queries, hits))
    explained = time.process_time() - started
    started = time.process_time()
    explainer.scores(queries[:1], hits)
    plain = time.process_time() - started
    return {
        "n_hits": len(made),
        "hits_per_second_of_one_core": len(made) / explained,
        "times_the_cost_of_plain_scores": explained / plain,
        "mean_atoms": float(np.mean([len(one.hit) for one in made])),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--pairs", type=int, default=500)
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
