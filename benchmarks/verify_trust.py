"""Verify on a benchmark what is said of a screen's trust; nothing is chosen or fitted on it.

    python benchmarks/fit_trust.py --encoder small-held-out -o results/trust-held-out.json
    python benchmarks/verify_trust.py dude,muv --fitted results/trust-held-out.json \
        --encoder small-held-out -o results/trust-verified.json

Honest for an encoder that has met no target of the benchmark; what was fitted must be that
encoder's own. A few minutes on one core; screens that were made are kept.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from screening_options import add_screening

from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.conformers import cache_root
from molsearch.bench.trust import Draw, verified
from molsearch.bench.trust_screens import Screens
from molsearch.errors import UsageError
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.nn.weights import load_encoder
from molsearch.scoring.embedding import EncoderScorer
from molsearch.trust.fitted import kind, read

FORMAT = "molsearch-trust-verified-1"


def main() -> None:
    """Screen, compare, and write one result file."""
    given = _arguments()
    encoder = load_encoder(given.encoder)
    known = read(given.fitted)
    if known is None or known.encoder != encoder.identity:
        raise UsageError(f"{given.fitted} was not fitted for this encoder; fit it anew")
    scorer = EncoderScorer("encoder", encoder, cache_root() / "embeddings")
    numbers = given.queries
    record = {
        "format": FORMAT,
        "fitted": str(given.fitted),
        "encoder": {"name": encoder.card.get("name"), "identity": encoder.identity},
        "setting": {
            "queries": numbers, "draws": given.draws, "seed": given.seed,
            "limit_targets": given.limit_targets, "limit_actives": given.limit_actives,
            "limit_decoys": given.limit_decoys,
        },
        "versions": versions(),
        "benchmarks": {},
    }  # fmt: skip
    for name in given.benchmarks.split(","):
        benchmark = open_benchmark(name, seed=given.seed)
        screens = Screens(
            benchmark, scorer, cache_root(), given.draws, given.seed,
            given.limit_actives, given.limit_decoys,
        )  # fmt: skip
        targets = benchmark.targets()[: given.limit_targets]
        draws: dict[str, list[Draw]] = {"alone": [], "several": []}
        for place, target in enumerate(targets, start=1):
            for draw in screens.of(target, numbers):
                draws[kind(draw.n_queries)].append(draw)
            print(f"\r{name}: {place} of {len(targets)}", end="", file=sys.stderr)
        print(file=sys.stderr)
        found = {how: verified(known, some) for how, some in draws.items() if some}
        record["benchmarks"][benchmark.name] = found
        for how, one in found.items():
            shown = {key: one[key] for key in ("coverage", "below", "above", "nothing_said")}
            errors = [(tier["n_actives"], tier["error"]) for tier in one["tiers"]]
            print(name, how, json.dumps(shown), errors)
        write_text(given.output, json.dumps(record, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmarks", help="names, comma-separated")
    parser.add_argument("--fitted", type=Path, required=True)
    parser.add_argument("--limit-targets", type=int, default=None)
    parser.add_argument("--limit-actives", type=int, default=40)
    parser.add_argument("--limit-decoys", type=int, default=500)
    add_screening(parser, queries="1,5", draws=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
