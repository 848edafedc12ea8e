"""Two methods of one result file, paired target by target.

    python benchmarks/paired_methods.py results/dude-1to50.json \
        balanced:small-held-out unwidened:small-held-out

Prints means, their difference and ratio with 95 % bootstrap intervals over targets, and on how many
targets the first is better and worse. `molsearch report` compares each method with one baseline.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from molsearch.bench import results
from molsearch.metrics.bootstrap import Interval, paired


def main() -> None:
    """Compare, and print one line of JSON."""
    given = _arguments()
    table = results.table(results.read(given.path), given.metric)[[given.first, given.second]]
    both = table.dropna()
    found = paired(both[given.first].to_numpy(), both[given.second].to_numpy())
    told = {
        "metric": given.metric,
        "targets": len(both),
        given.first: round(float(both[given.first].mean()), 4),
        given.second: round(float(both[given.second].mean()), 4),
        "difference": _interval(found.difference),
        "ratio": _interval(found.ratio),
        "better": found.wins,
        "worse": found.losses,
    }
    print(json.dumps(told, ensure_ascii=False))


def _interval(found: Interval) -> list[float]:
    return [round(value, 4) for value in (found.mean, found.low, found.high)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--metric", default="bedroc_80p5")
    return parser.parse_args()


if __name__ == "__main__":
    main()
