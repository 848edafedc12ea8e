"""``molsearch benchmark``: methods over a benchmark's targets, with the leakage audit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from molsearch.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from molsearch.bench.audit.training import TrainingSet
    from molsearch.bench.background import RandomPool
    from molsearch.bench.methods import Method

app = typer.Typer(add_completion=False)

# What a run with 3D methods draws unless told otherwise: 1 to 50, and a night for 102 targets.
DRAWN_ACTIVES, DRAWN_DECOYS = 40, 2000

_HELP = (
    "Rank a benchmark's targets with several methods, on the same queries and pools.\n\n"
    "NAME is dude, litpcba, muv, dekois, dev, dev-lite, or a folder with actives, decoys and "
    "queries. The same command continues an interrupted run, and a command with more methods "
    "adds them to the file. Every run audits the data: which actives training has seen, and how "
    "much size, properties and analogue series explain."
)
_METHODS = (
    "Comma-separated: random, heavy-atoms, properties, ecfp4, fcfp4, torsion, atom-pair, path, "
    "maccs, rdkit, usrcat, shape, untrained, molsearch, an encoder folder; a+b adds them, 2*a+b "
    "with weights, -top2 or -mean behind a part fuses queries; balanced: what screens rank by."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def benchmark(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    methods: Annotated[str, typer.Option("--methods", help=_METHODS)] = "ecfp4,molsearch",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Result file; results/NAME.json by default."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the benchmark's files ($MOLSEARCH_DATA/NAME)."),
    ] = None,
    targets: Annotated[
        str, typer.Option("--targets", help="Only these targets, comma-separated.")
    ] = "",
    limit_targets: Annotated[
        int | None, typer.Option("--limit-targets", min=1, help="The first so many targets.")
    ] = None,
    limit_actives: Annotated[
        int | None, typer.Option("--limit-actives", min=1, help="At most so many a target.")
    ] = None,
    limit_decoys: Annotated[
        int | None, typer.Option("--limit-decoys", min=1, help="At most so many a target.")
    ] = None,
    queries: Annotated[
        str,
        typer.Option(
            "--queries",
            help="Draw so many actives of each target as queries together, in place of the "
            "benchmark's own; several numbers such as 1,5 give a result file each.",
        ),
    ] = "",
    draws: Annotated[
        int, typer.Option("--draws", min=1, help="Draws a target, with --queries.")
    ] = 5,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="All molecules for 3D methods too. Without it, and without limits of your own, "
            "a run with 3D methods draws at most 40 actives and 2,000 decoys a target.",
        ),
    ] = False,
    query_conformers: Annotated[
        int, typer.Option("--query-conformers", min=1, help="3D geometries of each query.")
    ] = 4,
    conformers: options.Conformers = 1,
    quality: options.QualityOption = options.Quality.fast,
    training: Annotated[
        str,
        typer.Option(
            "--training",
            help="Training sets the audit compares with: standard, target-held-out, files; "
            "'none'. By default those of the encoders, else standard, where they can be read.",
        ),
    ] = "",
    random: Annotated[
        int,
        typer.Option(
            "--random",
            min=0,
            help="Hide the actives among so many random compounds too, for the Bayes enrichment "
            "factor EF^B of BayesBind; 10000 tells up to 1 in 1,000. Adds to a finished file.",
        ),
    ] = 0,
    random_from: Annotated[
        Path | None,
        typer.Option(
            "--random-from",
            help="File of the random compounds; by default $MOLSEARCH_DATA/unlabelled.parquet, "
            "screening compounds of PubChem.",
        ),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option("--cache", help="Folder of prepared conformers.")
    ] = None,
    device: options.Device = "auto",
    workers: options.Workers = options.CPUS,
    seed: options.Seed = 0,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run a benchmark; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    from molsearch.bench.benchmarks.registry import open_benchmark
    from molsearch.bench.conformers import ConformerCache, cache_root
    from molsearch.bench.methods import parse_methods
    from molsearch.bench.runner import BenchmarkConfig, Runner
    from molsearch.config import PrepareConfig

    root = cache if cache is not None else cache_root()
    numbers = _numbers(queries)
    opened = open_benchmark(name, data, seed=seed)
    # Of several result files the second needs the same embeddings again.
    kept = root / "embeddings" if numbers else None
    parsed = parse_methods(_split(methods), seed=seed, device=device, cache=kept)
    drawn = not full and limit_actives is None and limit_decoys is None
    if drawn and _needs_conformers(parsed) and not opened.name.startswith("dev"):
        limit_actives, limit_decoys = max(DRAWN_ACTIVES, 2 * max(numbers, default=0)), DRAWN_DECOYS
        if not quiet:
            _say(
                f"3D methods: drawing at most {limit_actives} actives and {DRAWN_DECOYS:,} decoys "
                "a target (--full ranks all of them)"
            )
    trainings = _trainings(training, parsed, root, workers, quiet)
    asked: list[int | None] = [*numbers] or [None]
    for number in asked:
        config = BenchmarkConfig(
            limit_targets=limit_targets,
            targets=tuple(_split(targets)),
            limit_actives=limit_actives,
            limit_decoys=limit_decoys,
            seed=seed,
            queries=number,
            draws=draws if number is not None else None,
            query_conformers=query_conformers,
            prepare=PrepareConfig(n_conformers=conformers, quality=quality.value),
        )
        runner = Runner(
            opened,
            parsed,
            config,
            trainings=trainings,
            cache=ConformerCache(root, config.prepare, workers),
            say=_silent if quiet else _say,
            progress_for=_progress(quiet),
            random=_random_pool(random, random_from, seed),
            workers=workers,
        )
        path = result_file(output, opened.name, number, several=len(numbers) > 1)
        record = runner.run(path, overwrite=overwrite)
        _show(record, path, as_json=as_json, quiet=quiet)


def result_file(output: Path | None, name: str, queries: int | None, *, several: bool) -> Path:
    """Where the results go: one file a number of drawn queries."""
    mark = "" if queries is None else f"-queries-{queries}"
    if output is None:
        return Path("results") / f"{name}{mark}.json"
    return output.with_name(f"{output.stem}{mark}{output.suffix}") if several else output


def _show(record: dict[str, Any], path: Path, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_summary(record)))
    elif not quiet:
        from molsearch.bench.report.markdown import overview

        typer.echo(overview(record))
        typer.echo(f"\n{path}  (molsearch report {path} makes a page of it)")


def _numbers(text: str) -> list[int]:
    """Read ``1,5,10``."""
    from molsearch.errors import UsageError

    parts = _split(text)
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(f"--queries {text!r}: give whole numbers from 1 on, such as 1,5,10")
    return list(dict.fromkeys(int(part) for part in parts))


def _random_pool(n: int, source: Path | None, seed: int) -> RandomPool | None:
    from molsearch.bench.background import draw_pool
    from molsearch.errors import UsageError

    if not n and source is not None:
        raise UsageError("--random-from names a file: say with --random how many to draw from it")
    return draw_pool(n, source, seed) if n else None


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _needs_conformers(methods: Sequence[Method]) -> bool:
    from molsearch.scoring.protocols import CONFORMERS

    return any(CONFORMERS in one.needs for method in methods for one in method.scorers)


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _silent(_: str) -> None:
    pass


def _trainings(
    asked: str, methods: Sequence[Method], cache: Path, workers: int, quiet: bool
) -> list[TrainingSet]:
    """Training sets of the audit: those asked for, else those of the encoders at hand."""
    from molsearch.bench.audit.training import STANDARD, has_training, load_training, training_name
    from molsearch.scoring.embedding import EncoderScorer

    names = _split(asked)
    if names == ["none"]:
        return []
    if not names:
        cards = [
            one.embedder.card
            for method in methods
            for one in method.scorers
            if isinstance(one, EncoderScorer) and "training" in one.embedder.card
        ]
        names = list(dict.fromkeys(training_name(card) for card in cards)) or [STANDARD]
        absent = [name for name in names if not has_training(name)]
        if absent and not quiet:
            _say(f"training set {', '.join(absent)} is not at hand: the audit has no tiers of it")
        names = [name for name in names if name not in absent]
    progress = _progress(quiet)
    return [
        load_training(name, cache, workers=workers, on_progress=progress(f"training set {name}"))
        for name in names
    ]


def _progress(quiet: bool) -> Callable[[str], Callable[[int, int], None]]:
    from molsearch.cli.progress import Progress

    def make(stage: str) -> Callable[[int, int], None]:
        progress = Progress(stage, quiet=quiet)
        return progress.update

    return make


def _summary(record: dict[str, Any]) -> dict[str, Any]:
    from molsearch.bench import results
    from molsearch.metrics.enrichment import METRICS

    means = {m: results.table(record, m).mean().round(5).to_dict() for m in METRICS}
    return {"benchmark": record["benchmark"], "targets": len(record["targets"]), "means": means}
