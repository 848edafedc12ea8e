"""``molsearch benchmark``: methods over a benchmark's targets, with the leakage audit."""

from __future__ import annotations

import json
from typing import Any

import typer

from molsearch.cli.asking import Asked, verb
from molsearch.cli.benchmark_options import BENCHMARK
from molsearch.service.requests import BenchmarkRequest

app = typer.Typer(add_completion=False)

_HELP = (
    "Rank a benchmark's targets with several methods, on the same queries and pools.\n\n"
    "NAME is dude, litpcba, muv, dekois, dev, dev-lite, or a folder with actives, decoys and "
    "queries. The same command continues an interrupted run, and a command with more methods "
    "adds them to the file. Every run audits the data: which actives training has seen, and how "
    "much size, properties and analogue series explain."
)


@verb(app, BenchmarkRequest, BENCHMARK, help=_HELP)
def benchmark(asked: Asked[BenchmarkRequest]) -> None:
    """Run a benchmark; see `_HELP`."""
    asked.end(run)


def run(request: BenchmarkRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Run a benchmark and tell what came of it."""
    from molsearch.bench.report.markdown import overview
    from molsearch.cli.telling import Terminal
    from molsearch.service.benchmark import benchmark

    done = benchmark(request, Terminal(quiet=quiet))
    for (path, record), means in zip(done.records.items(), done.account["results"], strict=True):
        if as_json:
            print(json.dumps(means))
        elif not quiet:
            print(overview(record))
            print(f"\n{path}  (molsearch report {path} makes a page of it)")
    return done.account
