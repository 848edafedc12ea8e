"""Fit the enrichment to expect, and the probability of a hit, on the development screens.

    python benchmarks/fit_trust.py -o results/trust.json

Takes a few minutes on one core. Every target that was screened is kept in the cache of `molsearch
benchmark`: an interrupted run goes on, a second one takes seconds. Run it anew for every encoder
that ships: what it says holds for one encoder.
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from molsearch.bench import choice
from molsearch.bench.attach import Attaching
from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.benchmarks.task import Benchmark
from molsearch.bench.conformers import ConformerCache, cache_root
from molsearch.bench.draws import drawn, too_small
from molsearch.bench.molecules import Molecules
from molsearch.bench.trust import (
    LEAST_ACTIVES,
    Draw,
    components,
    fitted_calibration,
    fitted_estimate,
)
from molsearch.config import PrepareConfig
from molsearch.io.atomic import replacing, write_text
from molsearch.io.runs import versions
from molsearch.nn.weights import load_encoder
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.fingerprint import FingerprintScorer
from molsearch.trust.features import Asked, Chemistry
from molsearch.trust.fitted import FORMAT, Fitted, kind


def main() -> None:
    """Fit, try on held-out targets, and write one result file."""
    given = _arguments()
    benchmark = open_benchmark(given.benchmark, given.data)
    encoder = load_encoder(given.encoder)
    scorer = EncoderScorer("encoder", encoder, cache_root() / "embeddings")
    numbers = [int(text) for text in given.queries.split(",")]
    draws: list[Draw] = []
    targets = benchmark.targets()
    small = {n: too_small(benchmark, n, None) for n in numbers}
    for place, target in enumerate(targets, start=1):
        for n_queries in numbers:
            if target not in small[n_queries]:
                draws += _kept(benchmark, target, n_queries, scorer, given)
        print(f"\r{place} of {len(targets)} targets", end="", file=sys.stderr)
    print(file=sys.stderr)
    estimates, calibrations, tried, calibrated = {}, {}, {}, {}
    for name in ("alone", "several"):
        mine = [draw for draw in draws if kind(draw.n_queries) == name]
        estimates[name], tried[name] = fitted_estimate(mine)
        calibrations[name], calibrated[name] = fitted_calibration(mine)
    fitted = Fitted(
        format=FORMAT, encoder=encoder.identity, rank="balanced", n_targets=len(targets),
        estimates=estimates, calibrations=calibrations,
    )  # fmt: skip
    record = {
        "format": FORMAT,
        "benchmark": benchmark.name,
        "encoder": {"name": encoder.card.get("name"), "identity": encoder.identity},
        "setting": {"queries": numbers, "draws": given.draws, "seed": given.seed},
        "estimate": tried,
        "calibration": {"least_actives": LEAST_ACTIVES, **calibrated},
        "fitted": fitted.model_dump(mode="json"),
        "versions": versions(),
    }
    write_text(given.output, json.dumps(record, indent=1) + "\n")
    shown = {name: {k: tried[name][k] for k in ("coverage", "r2_held_out")} for name in tried}
    print(json.dumps(shown))
    for name in calibrated:
        for tier in calibrated[name]["tiers"]:
            print(name, tier["ecfp4"], tier["n_actives"], tier["error"])


def _kept(
    benchmark: Benchmark,
    target: str,
    n_queries: int,
    scorer: EncoderScorer,
    given: argparse.Namespace,
) -> list[Draw]:
    """Screens of a target, kept from run to run by encoder and setting."""
    name = f"{benchmark.name}-{given.draws}-{given.seed}-{n_queries}-{target}.npz"
    path = cache_root() / "trust" / scorer.embedder.identity[:16] / name
    try:
        with np.load(path, allow_pickle=False) as file:
            features = json.loads(str(file["features"]))
            return [
                Draw(target, n_queries, one, *(file[f"{part}{i}"] for part in _PARTS))
                for i, one in enumerate(features)
            ]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass
    draws = [*_draws(benchmark, target, n_queries, scorer, given)]
    arrays = {f"{part}{i}": getattr(draw, part) for i, draw in enumerate(draws) for part in _PARTS}
    features = json.dumps([dict(draw.features) for draw in draws])
    with replacing(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, features=np.array(features), **arrays)
    return draws


def _draws(
    benchmark: Benchmark,
    target: str,
    n_queries: int,
    scorer: EncoderScorer,
    given: argparse.Namespace,
) -> Iterator[Draw]:
    task = drawn(benchmark.load(target), n_queries, given.draws, given.seed)
    queries = Molecules([query.smiles for query in task.queries])
    group = f"{benchmark.name}/{target}"
    pool = _pool(group, task.pool["smiles"].tolist(), scorer)
    queries.need({"ecfp4"})
    _attaching().queries(group, queries, scorer.needs)
    screened = choice.Screened.of(task, queries, pool, [scorer, FingerprintScorer("ecfp4")])
    encoder = scorer.embedder
    assert encoder.background is not None
    assert encoder.background_ecfp4 is not None
    prepared = queries.prepared
    vectors = encoder.embed_table(prepared.table)[prepared.rows]
    chemistry = Chemistry(encoder.background, encoder.background_ecfp4)
    asked = Asked.of(vectors, queries["ecfp4"], chemistry)
    for some in task.asked:
        kept = ~np.logical_or.reduce(screened.own[some], axis=0)
        cosine, alike = components(screened.scores, some, "encoder")
        yield Draw(
            target, n_queries, asked.features(some), cosine[kept], alike[kept],
            task.is_active[kept],
        )  # fmt: skip


_PARTS = ("cosine", "alike", "is_active")
_POOLS: dict[str, Molecules] = {}


def _pool(group: str, smiles: Sequence[str], scorer: EncoderScorer) -> Molecules:
    """Molecules of a target, prepared once for all numbers of queries."""
    if group not in _POOLS:
        _POOLS.clear()
        pool = Molecules(smiles)
        pool.need({"ecfp4"})
        _attaching().pool(group, pool, scorer.needs)
        _POOLS[group] = pool
    return _POOLS[group]


def _attaching() -> Attaching:
    return Attaching(ConformerCache(cache_root(), PrepareConfig(n_conformers=1), 1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark", nargs="?", default="dev-lite")
    parser.add_argument("--encoder", default=None, help="the default one, a name, or a folder")
    parser.add_argument("--queries", default="1,2,5,10")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("-o", "--output", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
