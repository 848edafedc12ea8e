"""Choose what `balanced` adds to what: on development targets, each judged by the others' choice.

    python benchmarks/choose_ranking.py dev-lite --encoder small --queries 1,2,5,10 \
        -o results/several-queries-choice.json

The chosen sums go by hand into molsearch/scoring/default.py, the one place that states them. An
encoder is a bundled one's name or a folder; several name the components of one sum (of equal
weights) only by --extra. With so few queries that screens search twice, every sum of the encoder
and something else does. Conformers and embeddings are kept in the cache of `molsearch benchmark`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from screening_options import add_data, add_screening

from molsearch.bench import choice
from molsearch.bench.attach import Attaching, needs_of
from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.benchmarks.task import Benchmark
from molsearch.bench.conformers import ConformerCache, cache_root
from molsearch.bench.draws import drawn, too_small
from molsearch.bench.methods import parse_methods
from molsearch.bench.molecules import Molecules
from molsearch.chem.fingerprints import FINGERPRINTS
from molsearch.config import PrepareConfig
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.scoring.default import RARITY, balanced, widening
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.protocols import Scorer
from molsearch.scoring.ranking import MOLSEARCH
from molsearch.scoring.rarity import RarityScorer


@dataclass(frozen=True)
class Setting:
    """What is chosen on."""

    encoder: str
    extra: tuple[str, ...]
    draws: int
    seed: int
    conformers: int
    query_conformers: int
    workers: int


def main() -> None:
    """Choose for each number of queries and write one result file."""
    given = _arguments()
    setting = Setting(
        given.encoder, tuple(_split(given.extra)), given.draws, given.seed,
        given.conformers, given.query_conformers, given.workers,
    )  # fmt: skip
    benchmark = open_benchmark(given.benchmark, given.data)
    names = [given.encoder, "ecfp4", *setting.extra]
    methods = parse_methods(names, cache=cache_root() / "embeddings")
    scorers = [scorer for method in methods for scorer in method.scorers]
    scorers += [RarityScorer(one) for one in scorers[:1] if isinstance(one, EncoderScorer)]
    record = {
        "format": choice.FORMAT,
        "benchmark": benchmark.name,
        "setting": asdict(setting),
        "components": {scorer.name: scorer.identity() for scorer in scorers},
        "versions": versions(),
        "queries": {},
    }
    for number in given.queries:
        found = _choose(benchmark, scorers, setting, number)
        record["queries"][str(number)] = found
        print(
            f"{number} queries: {json.dumps({k: found[k] for k in ('nested', 'default', 'best')})}"
        )
        write_text(given.output, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _choose(
    benchmark: Benchmark, scorers: Sequence[Scorer], setting: Setting, n_queries: int
) -> dict[str, object]:
    rarity = RARITY in [one.name for one in scorers]
    default = str(balanced(n_queries, rarity=rarity).renamed(MOLSEARCH, setting.encoder))
    expressions = choice.candidates(setting.encoder, n_queries, extra=setting.extra, rarity=rarity)
    expressions = list(dict.fromkeys([*expressions, default]))
    small = too_small(benchmark, n_queries, None)
    targets = [target for target in benchmark.targets() if target not in small]
    rows: dict[str, list[tuple[float, float]]] = {text: [] for text in expressions}
    for number, target in enumerate(targets, start=1):
        screened = _screened(benchmark, target, scorers, setting, n_queries)
        for text, value in choice.judged(screened, expressions).items():
            rows[text].append(value)
        print(f"\r{n_queries} queries: {number} of {len(targets)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    values = {text: np.array(some) for text, some in rows.items()}
    return {
        "targets": targets,
        "left_out": small,
        "n_candidates": len(expressions),
        "widened_by_hits": widening(n_queries),
        **choice.chosen(values, default),
    }


def _screened(
    benchmark: Benchmark,
    target: str,
    scorers: Sequence[Scorer],
    setting: Setting,
    n_queries: int,
) -> choice.Screened:
    task = drawn(benchmark.load(target), n_queries, setting.draws, setting.seed)
    queries = Molecules([query.smiles for query in task.queries])
    pool = Molecules(task.pool["smiles"].tolist())
    for molecules in (queries, pool):
        molecules.need({"ecfp4", *(name for name in setting.extra if name in FINGERPRINTS)})
    config = PrepareConfig(n_conformers=setting.conformers)
    cache = ConformerCache(cache_root(), config, setting.workers)
    attaching = Attaching(cache, setting.query_conformers)
    group, needs = f"{benchmark.name}/{target}", needs_of(scorers)
    attaching.pool(group, pool, needs)
    attaching.queries(group, queries, needs)
    encoder = scorers[0] if isinstance(scorers[0], EncoderScorer) else None
    return choice.Screened.of(
        task, queries, pool, scorers, encoder if widening(n_queries) else None
    )


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark")
    parser.add_argument("--extra", default="", help="fingerprints tried as a third component")
    parser.add_argument("--conformers", type=int, default=1, help="0 for an encoder without 3D")
    parser.add_argument("--query-conformers", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    add_screening(parser, queries="1,2,5,10", draws=5, encoder="small")
    add_data(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
