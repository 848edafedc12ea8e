"""Runs methods over a benchmark's targets: same queries, same pools, resumable, one file out."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from molsearch.bench import results
from molsearch.bench.attach import ATTACHED, Attaching, needs_of
from molsearch.bench.audit.leakage import audit, own_rows
from molsearch.bench.audit.training import TrainingSet
from molsearch.bench.background import RandomPool, evaluate_random
from molsearch.bench.benchmarks.task import Benchmark, Task, limit
from molsearch.bench.conformers import ConformerCache
from molsearch.bench.draws import LEAST_LEFT, N_DRAWS, drawn, too_small
from molsearch.bench.evaluate import evaluate_task
from molsearch.bench.merge import merged, store
from molsearch.bench.methods import Method
from molsearch.bench.molecules import Molecules
from molsearch.config import Config, PrepareConfig
from molsearch.errors import UsageError
from molsearch.io.hashing import sha256_json
from molsearch.io.runs import versions
from molsearch.progress import OnProgress
from molsearch.words import counted

OnTarget = Callable[[int, int, str], None]
ProgressFor = Callable[[str], OnProgress]
Elsewhere = Callable[[Sequence[str]], Iterator[dict[str, Any]]]


class BenchmarkConfig(Config):
    """What a benchmark run is: equal configurations may share a result file."""

    limit_targets: int | None = None
    targets: tuple[str, ...] = ()
    limit_actives: int | None = None
    limit_decoys: int | None = None
    seed: int = 0
    queries: int | None = Field(
        default=None, ge=1, description="actives drawn as queries together; none: the benchmark's"
    )
    draws: int | None = Field(default=None, ge=1, description="how many such draws a target")
    query_conformers: int = 4
    prepare: PrepareConfig = PrepareConfig()


class Runner:
    """Runs methods over a benchmark.

    Parameters
    ----------
    benchmark
        What is screened.
    methods
        What ranks.
    config
        Limits, seed, conformers.
    trainings
        Training sets that the leakage audit lays its tiers by.
    cache
        Prepared conformers; None where no method needs any.
    on_target
        Told of each finished target: its number, how many there are, and its figures in words.
    progress_for
        Makes the progress callback of a stage.
    random
        Random compounds for the Bayes enrichment factor; None leaves it out.
    workers
        Processes that share the descriptors of a large pool.
    asked
        What was asked for, kept in the result file with what each run did.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        methods: Sequence[Method],
        config: BenchmarkConfig,
        *,
        trainings: Sequence[TrainingSet] = (),
        cache: ConformerCache | None = None,
        on_target: OnTarget = lambda number, total, figures: None,
        progress_for: ProgressFor | None = None,
        random: RandomPool | None = None,
        workers: int = 1,
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        self.benchmark = benchmark
        self.methods = list(methods)
        self.config = config
        self.trainings = list(trainings)
        self.cache = cache
        self.on_target = on_target
        self.progress_for = progress_for
        self.random = random
        self.workers = workers
        self.asked = asked

    def targets(self) -> list[str]:
        """Targets of this run, in the benchmark's order.

        Raises
        ------
        UsageError
            A target that was asked for does not exist.
        """
        known = self.benchmark.targets()
        unknown = [target for target in self.config.targets if target not in known]
        if unknown:
            raise UsageError(
                f"{self.benchmark.name} has no target {unknown[0]!r}: choose from "
                f"{', '.join(known[:12])}{', …' if len(known) > 12 else ''}"
            )
        small = self.left_out
        chosen = [
            target
            for target in known
            if target not in small and target in (self.config.targets or known)
        ]
        if not chosen:
            most = max(small.values(), default=0)
            raise UsageError(
                f"no target has the {counted(self.config.queries or 1, 'active')} for queries "
                f"and {LEAST_LEFT} to find (at most {most}): give a smaller --queries"
            )
        return chosen[: self.config.limit_targets]

    @cached_property
    def left_out(self) -> dict[str, int]:
        """Targets that have too few actives for the queries to be drawn, with how many."""
        if self.config.queries is None:
            return {}
        return too_small(self.benchmark, self.config.queries, self.config.limit_actives)

    def run(
        self, path: Path, *, overwrite: bool = False, elsewhere: Elsewhere | None = None
    ) -> dict[str, Any]:
        """Run what is not in the result file yet, writing the file after each target.

        Runs at the same time may share a file: each adds to it what it has, and passes over what
        another has finished meanwhile.

        Parameters
        ----------
        elsewhere
            Runs targets on other machines: yields, in their order, what a run of each alone
            would have put into a file.

        Raises
        ------
        UsageError
            The file holds results of another configuration, encoder or training set.
        """
        record = self._open(path, overwrite)
        started = time.monotonic()
        targets, order = self.targets(), self.benchmark.targets()
        known = {*record["targets"], *targets}
        record["targets"] = [name for name in order if name in known]
        replace = overwrite
        due = [one for one in targets if any(self._due(record, one))]
        parts = None if elsewhere is None else elsewhere(due)
        for number, target in enumerate(targets, start=1):
            missing, bare = self._due(record, target)
            if missing or bare:
                if parts is None:
                    self._run_target(record, target, missing, bare)
                else:
                    record = merged(path, record, next(parts), order)
                record = store(path, record, order, replace=replace)
                replace = False
                self._tell(record, target, number, len(targets))
        record["runs"].append(
            {
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "seconds": round(time.monotonic() - started, 1),
                "methods": [method.name for method in self.methods],
                "versions": versions(),
                **({} if self.asked is None else {"request": dict(self.asked)}),
            }
        )
        return store(path, record, order, replace=replace)

    def _due(self, record: dict[str, Any], target: str) -> tuple[list[Method], list[Method]]:
        """Methods whose row of a target is missing, and those whose row lacks random compounds."""
        rows = {row["method"]: row for row in record["results"] if row["target"] == target}
        missing = [method for method in self.methods if method.name not in rows]
        bare = [m for m in self.methods if self.random and "random" not in rows.get(m.name, {})]
        return missing, bare

    def _open(self, path: Path, overwrite: bool) -> dict[str, Any]:
        config = self.config.model_dump(mode="json")
        # Which targets are run may differ between two calls that fill one file.
        fixed = {k: v for k, v in config.items() if k not in ("limit_targets", "targets")}
        record = results.empty(self.benchmark.name, fixed)
        if path.exists() and not overwrite:
            record = results.read(path)
            _check_same(path, record, self.benchmark.name, fixed)
        if self.left_out:
            record["left_out"] = self.left_out
        provenance = self.benchmark.provenance
        record["provenance"] = {
            **dataclasses.asdict(provenance),
            "notes": list(provenance.notes),
        }
        for method in self.methods:
            identity = method.identity()
            if record["methods"].setdefault(method.name, identity) != identity:
                raise UsageError(
                    f"{path} holds results of another {method.name}: give another -o, "
                    "or --overwrite"
                )
        for training in self.trainings:
            record["trainings"][training.name] = {"molecules": training.n}
        if self.random is not None:
            identity = self.random.record
            if record.setdefault("random", identity) != identity:
                raise UsageError(f"{path} holds results on other random compounds: give another -o")
        return record

    def _run_target(
        self, record: dict[str, Any], target: str, missing: list[Method], bare: list[Method]
    ) -> None:
        task = self.benchmark.load(target)
        config = self.config
        task = limit(task, config.limit_actives, config.limit_decoys, config.seed)
        if config.queries is not None:
            task = drawn(task, config.queries, config.draws or N_DRAWS, config.seed)
        queries = Molecules([query.smiles for query in task.queries])
        if missing:
            self._rank(record, task, queries, missing)
        if bare and self.random is not None:
            self._rank_random(record, task, queries, bare, self.random)

    def _rank(
        self, record: dict[str, Any], task: Task, queries: Molecules, methods: list[Method]
    ) -> None:
        pool = Molecules(task.pool["smiles"].tolist())
        scorers = {one.name: one for method in methods for one in method.scorers}
        needs = needs_of(scorers.values())
        pool.need((needs | {"ecfp4", "parent"}) - ATTACHED, self.workers)
        own = own_rows(task, queries, pool)
        found = audit(task, queries, pool, self.trainings)
        record["audit"][task.target] = {
            "notes": list(task.notes),
            **found.findings,
            **_draws(task, queries),
        }
        self._attach(task, queries, pool, needs)
        scores, seconds = {}, {}
        for name, one in scorers.items():
            began = time.monotonic()
            scores[name] = one.score(queries, pool)
            seconds[name] = time.monotonic() - began
        for method in methods:
            row = evaluate_task(
                task,
                partial(method.ranked, scores, views=method.views(queries, [pool], own)),
                own=own,
                unscored=method.unscored(scores),
                subsets=found.subsets,
            )
            record["results"].append(
                {
                    "target": task.target,
                    "method": method.name,
                    "protocol": task.protocol,
                    "n_queries": self.config.queries or len(task.queries),
                    **({"n_draws": len(task.draws)} if task.draws else {}),
                    "n_actives": int(task.is_active.sum()),
                    "n_inactives": int((~task.is_active).sum()),
                    "data": checksum(task),
                    "seconds": round(sum(seconds[one.name] for one in method.scorers), 2),
                    **row,
                }
            )

    def _rank_random(
        self,
        record: dict[str, Any],
        task: Task,
        queries: Molecules,
        methods: list[Method],
        random: RandomPool,
    ) -> None:
        """Rank the actives among random compounds; decoys have no part in it."""
        kept = task.pool[task.is_active].reset_index(drop=True)
        alone = dataclasses.replace(task, pool=kept)
        actives = Molecules(kept["smiles"].tolist())
        needs = needs_of(one for method in methods for one in method.scorers)
        self._attach(alone, queries, actives, needs)
        self._attach_random(random, needs)
        own = own_rows(alone, queries, actives)
        rows = {row["method"]: row for row in record["results"] if row["target"] == task.target}
        for method in methods:
            found = evaluate_random(alone, queries, actives, random, method, own)
            rows[method.name]["random"] = found

    @cached_property
    def _attaching(self) -> Attaching:
        assert self.cache is not None, "a method reads prepared molecules: it needs a cache"
        return Attaching(self.cache, self.config.query_conformers)

    def _attach_random(self, random: RandomPool, needs: frozenset[str]) -> None:
        if not needs & ATTACHED or random.molecules.attached:
            return
        progress = (
            self.progress_for("conformers of random compounds") if self.progress_for else None
        )
        self._attaching.pool(random.group, random.molecules, needs, progress)

    def _attach(
        self, task: Task, queries: Molecules, pool: Molecules, needs: frozenset[str]
    ) -> None:
        if not needs & ATTACHED:
            return
        group = f"{self.benchmark.name}/{task.target}"
        self._attaching.queries(group, queries, needs, None if task.draws else task.queries)
        progress = self.progress_for(f"molecules of {group}") if self.progress_for else None
        self._attaching.pool(group, pool, needs, progress)

    def _tell(self, record: dict[str, Any], target: str, number: int, total: int) -> None:
        shown = []
        for row in record["results"]:
            if row["target"] == target:
                value = row["metrics"]["bedroc_80p5"]
                shown.append(f"{row['method']} {'–' if value is None else format(value, '.3f')}")
        self.on_target(number, total, f"{target}: BEDROC {', '.join(shown)}")


def _draws(task: Task, queries: Molecules) -> dict[str, Any]:
    """Name the molecules of each draw, and say how many scaffolds they have on average."""
    if not task.draws:
        return {}
    names = [[task.queries[place].query_id for place in draw] for draw in task.draws]
    scaffolds = queries["scaffold"]
    counts = [len({scaffolds[place] for place in draw}) for draw in task.draws]
    return {"draws": names, "draw_scaffolds": round(float(np.mean(counts)), 2)}


def _check_same(path: Path, record: dict[str, Any], name: str, config: dict[str, Any]) -> None:
    if record["benchmark"] != name:
        raise UsageError(f"{path} holds {record['benchmark']} results: give another -o")
    for key, value in config.items():
        if record["config"].get(key) != value:
            raise UsageError(
                f"{path} was made with {key} {record['config'].get(key)!r}, not {value!r}: "
                "give another -o, or --overwrite"
            )


def checksum(task: Task) -> str:
    """sha256 over everything that is ranked and searched with, whatever files it came from."""
    return sha256_json(
        {
            "queries": [[q.query_id, q.smiles] for q in task.queries],
            **({"draws": task.draws} if task.draws else {}),
            "pool": task.pool["smiles"].tolist(),
            "is_active": np.flatnonzero(task.is_active).tolist(),
        }
    )[:16]
