"""A benchmark, from request to result files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from molsearch.bench import results
from molsearch.bench.audit.training import (
    STANDARD,
    TrainingSet,
    has_training,
    load_training,
    training_name,
)
from molsearch.bench.background import RandomPool, draw_pool
from molsearch.bench.benchmarks.registry import open_benchmark
from molsearch.bench.benchmarks.task import Benchmark
from molsearch.bench.conformers import ConformerCache, cache_root
from molsearch.bench.methods import Method, parse_methods
from molsearch.bench.runner import BenchmarkConfig, Runner
from molsearch.errors import UsageError
from molsearch.metrics.enrichment import METRICS
from molsearch.progress import OnProgress
from molsearch.scoring.embedding import EncoderScorer
from molsearch.scoring.protocols import CONFORMERS
from molsearch.service.cluster import workers
from molsearch.service.events import Done, Emit, Note, Progress, silent
from molsearch.service.requests import BenchmarkRequest
from molsearch.words import counted
from molsearch.work.backend import Backend, singly

TARGETS = "targets"  # the stage that counts them
# What a run with 3D methods draws unless told otherwise: 1 to 50, and a night for 102 targets.
DRAWN_ACTIVES, DRAWN_DECOYS = 40, 2000
# What decides no figure: not kept in a result file.
_OF_THE_MACHINE = {"workers", "cache", "device", "overwrite", "cluster"}


@dataclass(frozen=True)
class Benchmarked:
    """Result records by their files, and what made them."""

    records: dict[Path, dict[str, Any]]
    account: dict[str, Any]


def benchmark(request: BenchmarkRequest, emit: Emit = silent) -> Benchmarked:
    """Rank a benchmark's targets; an interrupted run is continued by the same request.

    Raises
    ------
    UsageError, InputError
        There is no such benchmark, method or target, its files are missing, or the result file
        holds results of something else.
    """
    if not request.random and request.random_from is not None:
        raise UsageError("--random-from names a file: say with --random how many to draw from it")
    root = Path(request.cache) if request.cache is not None else cache_root()
    data = None if request.data is None else Path(request.data)
    opened = open_benchmark(request.benchmark, data, seed=request.seed)
    numbers = list(dict.fromkeys(request.queries))
    asked: list[int | None] = [*numbers] or [None]
    # Of several result files the second needs the same embeddings again.
    kept = root / "embeddings" if numbers else None
    methods = parse_methods(
        list(request.methods), seed=request.seed, device=request.device, cache=kept
    )
    request = _drawn(request, opened, methods, emit)
    trainings = _trainings(request, methods, root, emit)
    records = {}
    for number in asked:
        config = _config(request, number)
        runner = Runner(
            opened,
            methods,
            config,
            trainings=trainings,
            cache=ConformerCache(root, config.prepare, request.workers),
            on_target=_on_target(emit),
            progress_for=lambda stage: _counting(emit, stage),
            random=_random_pool(request),
            workers=request.workers,
            asked=request.model_dump(mode="json", exclude=_OF_THE_MACHINE),
        )
        path = result_file(request.output, opened.name, number, several=len(numbers) > 1)
        with workers(request.cluster, emit) as backend:
            elsewhere = None if backend is None else partial(_elsewhere, backend, request, number)
            records[path] = runner.run(path, overwrite=request.overwrite, elsewhere=elsewhere)
    account = {
        "benchmark": opened.name,
        "output": [str(path) for path in records],
        "results": [summary(record) for record in records.values()],
        "request": request.model_dump(mode="json"),
    }
    emit(Done(verb="benchmark", account=account))
    return Benchmarked(records, account)


def _elsewhere(
    backend: Backend, request: BenchmarkRequest, queries: int | None, targets: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Run targets on a cluster, each as a piece of work."""
    alone = request.model_copy(
        update={
            "cluster": None,
            "workers": 1,
            "overwrite": False,
            "limit_targets": None,
            "queries": () if queries is None else (queries,),
        }
    )
    for (record,) in backend.map(partial(_target, request=alone), singly(targets)):
        yield record


def _target(target: str, request: BenchmarkRequest) -> dict[str, Any]:
    """Run one target in a worker; the driver keeps the account of the run."""
    with TemporaryDirectory(prefix="molsearch-") as folder:
        update = {"targets": (target,), "output": str(Path(folder) / "one.json")}
        (record,) = benchmark(request.model_copy(update=update)).records.values()
    return {**record, "runs": []}


def result_file(output: str | None, name: str, queries: int | None, *, several: bool) -> Path:
    """Where the results go: one file a number of drawn queries."""
    mark = "" if queries is None else f"-queries-{queries}"
    if output is None:
        return Path("results") / f"{name}{mark}.json"
    path = Path(output)
    return path.with_name(f"{path.stem}{mark}{path.suffix}") if several else path


def summary(record: dict[str, Any]) -> dict[str, Any]:
    """Means over the targets, of each metric and method."""
    means = {m: results.table(record, m).mean().round(5).to_dict() for m in METRICS}
    return {"benchmark": record["benchmark"], "targets": len(record["targets"]), "means": means}


def _drawn(
    request: BenchmarkRequest, opened: Benchmark, methods: Sequence[Method], emit: Emit
) -> BenchmarkRequest:
    """Limit the molecules where a method looks at conformers and nobody said how many."""
    limited = request.limit_actives is not None or request.limit_decoys is not None
    in_3d = any(CONFORMERS in one.needs for method in methods for one in method.scorers)
    if request.full or limited or not in_3d or opened.name.startswith("dev"):
        return request
    actives = max(DRAWN_ACTIVES, 2 * max(request.queries, default=0))
    text = (
        f"3D methods: drawing at most {counted(actives, 'active')} and {DRAWN_DECOYS:,} decoys a "
        "target (--full ranks all of them)"
    )
    emit(Note(text=text))
    return request.model_copy(update={"limit_actives": actives, "limit_decoys": DRAWN_DECOYS})


def _config(request: BenchmarkRequest, queries: int | None) -> BenchmarkConfig:
    return BenchmarkConfig(
        limit_targets=request.limit_targets,
        targets=request.targets,
        limit_actives=request.limit_actives,
        limit_decoys=request.limit_decoys,
        seed=request.seed,
        queries=queries,
        draws=None if queries is None else request.draws,
        query_conformers=request.query_conformers,
        prepare=request.prepare,
    )


def _random_pool(request: BenchmarkRequest) -> RandomPool | None:
    if not request.random:
        return None
    source = None if request.random_from is None else Path(request.random_from)
    return draw_pool(request.random, source, request.seed)


def _trainings(
    request: BenchmarkRequest, methods: Sequence[Method], cache: Path, emit: Emit
) -> list[TrainingSet]:
    """Training sets of the audit: those asked for, else those of the encoders at hand."""
    names = request.trainings
    if names is None:
        names, absent = of_encoders(methods)
        if absent:
            text = f"training set {', '.join(absent)} is not at hand: the audit has no tiers of it"
            emit(Note(text=text))
    return [
        load_training(
            name,
            cache,
            workers=request.workers,
            on_progress=_counting(emit, f"training set {name}"),
        )
        for name in names
    ]


def of_encoders(methods: Sequence[Method]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Training sets of the encoders: those that can be read here, and those that cannot."""
    cards = [
        one.embedder.card
        for method in methods
        for one in method.scorers
        if isinstance(one, EncoderScorer) and "training" in one.embedder.card
    ]
    names = list(dict.fromkeys(training_name(card) for card in cards)) or [STANDARD]
    return (
        tuple(name for name in names if has_training(name)),
        tuple(name for name in names if not has_training(name)),
    )


def _counting(emit: Emit, stage: str) -> OnProgress:
    def tell(done: int, failed: int) -> None:
        emit(Progress(stage=stage, done=done, failed=failed))

    return tell


def _on_target(emit: Emit) -> Callable[[int, int, str], None]:
    def tell(number: int, total: int, figures: str) -> None:
        emit(Progress(stage=TARGETS, done=number, total=total, note=figures))

    return tell
