"""``molsearch benchmark``: methods over a benchmark's targets, with the leakage audit."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from molsearch.cli import benchmark_options as own
from molsearch.cli import options
from molsearch.service.requests import BenchmarkRequest, validated

app = typer.Typer(add_completion=False)

_HELP = (
    "Rank a benchmark's targets with several methods, on the same queries and pools.\n\n"
    "NAME is dude, litpcba, muv, dekois, dev, dev-lite, or a folder with actives, decoys and "
    "queries. The same command continues an interrupted run, and a command with more methods "
    "adds them to the file. Every run audits the data: which actives training has seen, and how "
    "much size, properties and analogue series explain."
)
_DUE = BenchmarkRequest.model_construct()  # every default, nothing else


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def benchmark(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    methods: own.Methods = ",".join(_DUE.methods),
    output: own.Output = None,
    data: own.Data = None,
    targets: own.Targets = "",
    limit_targets: own.LimitTargets = None,
    limit_actives: own.LimitActives = None,
    limit_decoys: own.LimitDecoys = None,
    queries: own.Queries = "",
    draws: own.Draws = _DUE.draws,
    full: own.Full = False,
    query_conformers: own.QueryConformers = _DUE.query_conformers,
    conformers: options.Conformers = _DUE.prepare.n_conformers,
    quality: options.QualityOption = options.Quality.fast,
    training: own.Training = "",
    random: own.Random = _DUE.random,
    random_from: own.RandomFrom = None,
    cache: own.Cache = None,
    device: options.Device = _DUE.device,
    workers: options.Workers = _DUE.workers,
    seed: options.Seed = _DUE.seed,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run a benchmark; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    request = validated(
        BenchmarkRequest,
        {
            "benchmark": name,
            "methods": own.split(methods),
            "output": options.text(output),
            "data": options.text(data),
            "targets": own.split(targets),
            "limit_targets": limit_targets,
            "limit_actives": limit_actives,
            "limit_decoys": limit_decoys,
            "queries": own.numbers(queries),
            "draws": draws,
            "full": full,
            "query_conformers": query_conformers,
            "prepare": {"n_conformers": conformers, "quality": quality.value},
            "trainings": own.trainings(training),
            "random": random,
            "random_from": options.text(random_from),
            "cache": options.text(cache),
            "device": device,
            "workers": workers,
            "seed": seed,
            "overwrite": overwrite,
        },
    )
    run(request, as_json=as_json, quiet=quiet)


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
