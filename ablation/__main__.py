"""Train the variants of an ablation, gather their development figures, renew page and figures.

    python -m ablation configs/ablation.yaml [--only QUESTION]... [--runs FOLDER]
        [--cache FOLDER] [-n 1] [--threads 1] [--device cpu] [--jobs 1]
    python -m ablation configs/ablation.yaml --collect-only [--keep] --runs FOLDER
    python -m ablation configs/ablation.yaml --check

A run's folder is RUNS/QUESTION/VARIANT-SEED. Finished runs are skipped and interrupted ones
continue; one is trained at a time unless --jobs says otherwise. With --keep a run that RESULTS has
and RUNS lacks, trained elsewhere by the same settings, stays and is not trained again. Results are
written after every run to RESULTS/QUESTION.json. Data are found as `molsearch train` finds them
(MOLSEARCH_DATA).
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablation.collect import SCHEMA, collect
from ablation.figure import figure
from ablation.kept import kept_run
from ablation.page import page
from ablation.plan import AblationPlan, Training, chosen, jobs, read_plan
from ablation.runs import ROOT, How, run_all
from ablation.summary import summarised
from molsearch.errors import InputError, MolSearchError, UsageError
from molsearch.io.atomic import write_text

_NUMBERS = re.compile(r"\[\s+((?:(?:-?[\d.]+(?:e-?\d+)?|null),?\s+)+)\]")


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0 where all went well."""
    options = _options(arguments)
    try:
        return _main(options)
    except MolSearchError as error:
        _say(f"error: {error}")
        return 2


def _main(options: argparse.Namespace) -> int:
    if options.jobs < 1 or options.workers < 1:
        raise UsageError("--jobs and --workers are 1 at least")
    plan = read_plan(options.plan)
    page(_text_of(options.page), plan.questions, {})  # its markers, before hours are spent
    names = chosen(plan, options.only)
    if options.check:
        stale = list(check(plan, options.results, options.page))
        for line in stale:
            _say(line)
        return int(bool(stale))
    failures = [] if options.collect_only else _train(plan, names, options)
    _gather(plan, names, options)
    write(plan, options.results, options.page)
    for line in failures:
        _say(f"failed: {line}")
    return int(bool(failures))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("plan", type=Path, help="YAML file of the questions")
    add("--only", action="append", default=[], metavar="QUESTION", help="may be repeated")
    add("--runs", type=Path, default=ROOT / "runs" / "ablation", help="folder of the runs")
    add("--results", type=Path, default=ROOT / "results" / "ablation")
    add("--page", type=Path, default=ROOT / "docs" / "ablation.md")
    add("--cache", type=Path, help="folder of featurised molecules")
    add("-n", "--workers", type=int, default=1, help="for featurising")
    add("--threads", type=int, default=1, help="of a run")
    add("--device", default="cpu")
    add("--jobs", type=int, default=1, help="runs at a time")
    add("--collect-only", action="store_true", help="train nothing")
    add("--keep", action="store_true", help="keep the runs of RESULTS that RUNS lacks")
    add("--check", action="store_true", help="say whether page and figures are the results'")
    return parser.parse_args(arguments)


def _train(plan: AblationPlan, names: Sequence[str], options: argparse.Namespace) -> list[str]:
    """Train what the questions lack; each run that ends is gathered at once."""
    found = _kept(plan, options)
    wanted = {
        job.name: job
        for name in names
        for job, variant, seed in jobs(plan, _home(options), name)
        if kept_run(plan, found, name, variant, seed) is None
    }
    for job in wanted.values():
        job.config()  # all settings are checked before hours are spent on some
    cache = options.cache.absolute() if options.cache else None
    how = How(options.workers, options.threads, options.device, cache, options.jobs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def on_end(_: Training) -> None:
        _gather(plan, names, options)

    return run_all(list(wanted.values()), options.runs.absolute(), how, say=_say, on_end=on_end)


def _home(options: argparse.Namespace) -> Path:
    return Path(options.plan).absolute().parent


def _gather(plan: AblationPlan, names: Sequence[str], options: argparse.Namespace) -> None:
    found = _kept(plan, options)
    for name in names:
        record = collect(plan, _home(options), name, options.runs, _say, found)
        if record is not None:
            write_text(options.results / f"{name}.json", as_text(record))


def _kept(plan: AblationPlan, options: argparse.Namespace) -> list[dict[str, Any]]:
    return list(records(plan, options.results).values()) if options.keep else []


def as_text(record: dict[str, Any]) -> str:
    """Record as JSON, a list of numbers on one line."""
    text = json.dumps(record, indent=1, ensure_ascii=False)
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def records(plan: AblationPlan, results: Path) -> dict[str, dict[str, Any]]:
    """Read the committed results.

    Raises
    ------
    InputError
        A file is damaged or of another version.
    """
    found = {}
    for name in plan.questions:
        path = results / f"{name}.json"
        if not path.is_file():
            continue
        try:
            content = json.loads(path.read_text())
        except ValueError as error:
            raise InputError(f"{path}: damaged ({error}); collect it again") from None
        if content.get("schema") != SCHEMA:
            raise InputError(f"{path}: not of version {SCHEMA}; collect it again")
        found[name] = content
    return found


def _text_of(target: Path) -> str:
    try:
        return target.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{target}: cannot be read as a page ({error}); name another with --page"
        ) from None


def _made(plan: AblationPlan, results: Path, target: Path) -> dict[Path, str]:
    """Every file that follows from the results, by its path."""
    found = records(plan, results)
    made = {target: page(_text_of(target), plan.questions, found)}
    for name, record in found.items():
        made[target.parent / "images" / f"ablation-{name}.svg"] = figure(record)
    return made


def write(plan: AblationPlan, results: Path, target: Path) -> None:
    """Renew page and figures from the results."""
    for path, text in _made(plan, results, target).items():
        if not path.is_file() or path.read_text() != text:
            write_text(path, text)


def check(plan: AblationPlan, results: Path, target: Path) -> list[str]:
    """Name each file that is not what the results say."""
    stale = [
        f"{path}: not what the results say; run with --collect-only"
        for path, text in _made(plan, results, target).items()
        if not path.is_file() or path.read_text() != text
    ]
    return stale + [
        f"{name}: its means and intervals do not follow from its figures by target"
        for name, record in records(plan, results).items()
        if summarised(record) != record
    ]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
