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

from screening_options import add_data, add_screening

from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.conformers import cache_root
from molsearch.bench.trust import LEAST_ACTIVES, fitted_calibration, fitted_estimate
from molsearch.bench.trust_screens import Screens
from molsearch.io.atomic import write_text
from molsearch.io.runs import versions
from molsearch.nn.weights import load_encoder
from molsearch.scoring.embedding import EncoderScorer
from molsearch.trust.fitted import FORMAT, Fitted, kind


def main() -> None:
    """Fit, try on held-out targets, and write one result file."""
    given = _arguments()
    benchmark = open_benchmark(given.benchmark, given.data)
    encoder = load_encoder(given.encoder)
    scorer = EncoderScorer("encoder", encoder, cache_root() / "embeddings")
    numbers = given.queries
    screens = Screens(benchmark, scorer, cache_root(), given.draws, given.seed)
    targets, draws = benchmark.targets(), []
    for place, target in enumerate(targets, start=1):
        draws += screens.of(target, numbers)
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benchmark", nargs="?", default="dev-lite")
    add_screening(parser, queries="1,2,5,10", draws=5)
    add_data(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
