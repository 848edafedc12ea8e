"""Ask whether weights should look at the queries: at their mutual similarity, or their potency.

    python benchmarks/choose_query_rules.py -o results/query-rules.json

On the development screens, with draws of actives as queries, so many that screens search with
them once; each target is judged by what the others choose. A few minutes on one core where the
pools have been embedded before.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
import pandas as pd
from screening_options import add_data, add_screening

from molsearch.bench import query_rules
from molsearch.bench.attach import Attaching
from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.choice import Screened
from molsearch.bench.conformers import ConformerCache, cache_root
from molsearch.bench.draws import drawn, too_small
from molsearch.bench.molecules import Molecules
from molsearch.chem.fingerprints import tanimoto_matrix
from molsearch.config import PrepareConfig
from molsearch.data.places import data_root
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.nn.weights import load_encoder
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.fingerprint import FingerprintScorer
from molsearch.scoring.protocols import Scorer
from molsearch.scoring.ranking import MOLSEARCH, STORED
from molsearch.scoring.rarity import RarityScorer


def main() -> None:
    """Judge both families for each number of queries and write one result file."""
    given = _arguments()
    benchmark = open_benchmark("dev-lite", given.data)
    rows = pd.read_parquet((given.data or data_root()) / "dev_screens.parquet")
    potency = rows[rows["lite"]].groupby("target")["pchembl"].apply(lambda some: some.to_numpy())
    encoder = load_encoder(given.encoder)
    scorer = EncoderScorer(MOLSEARCH, encoder, cache_root() / "embeddings")
    scorers: list[Scorer] = [scorer, FingerprintScorer(STORED), RarityScorer(scorer)]
    attaching = Attaching(ConformerCache(cache_root(), PrepareConfig(n_conformers=1), 1))
    numbers = given.queries
    small = {n: too_small(benchmark, n, None) for n in numbers}
    values: dict[int, dict[str, dict[str, list[tuple[float, float]]]]] = {n: {} for n in numbers}
    targets = benchmark.targets()
    for place, target in enumerate(targets, start=1):
        whole = benchmark.load(target)
        group = f"{benchmark.name}/{target}"
        pool = Molecules(whole.pool["smiles"].tolist())
        pool.need({STORED})
        attaching.pool(group, pool, scorer.needs)
        for n in (n for n in numbers if target not in small[n]):
            task = drawn(whole, n, given.draws, given.seed)
            queries = Molecules([query.smiles for query in task.queries])
            attaching.queries(group, queries, scorer.needs)
            numbered = [int(query.query_id.rsplit("-", 1)[1]) for query in task.queries]
            found = query_rules.judged(
                Screened.of(task, queries, pool, scorers),
                tanimoto_matrix(queries[STORED], queries[STORED]),
                potency[target][numbered].astype(np.float64),
            )
            for family, rules in found.items():
                mine = values[n].setdefault(family, {})
                for name, value in rules.items():
                    mine.setdefault(name, []).append(value)
        print(f"\r{place} of {len(targets)} targets", end="", file=sys.stderr)
    print(file=sys.stderr)
    record = {
        "format": query_rules.FORMAT,
        "benchmark": benchmark.name,
        "encoder": {"name": encoder.card.get("name"), "identity": encoder.identity},
        "setting": {"draws": given.draws, "seed": given.seed},
        "versions": versions(),
        "queries": {
            str(n): {
                family: query_rules.told({name: np.array(some) for name, some in rules.items()})
                for family, rules in families.items()
            }
            for n, families in values.items()
        },
    }
    write_text(given.output, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    for n, families in record["queries"].items():
        for family, one in families.items():
            print(n, family, json.dumps(one["nested"]), json.dumps(one["best"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_screening(parser, queries="3,5,10", draws=5)
    add_data(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
