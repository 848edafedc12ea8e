"""``molsearch demo``: the whole way on the bundled library, with the time each stage takes."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molsearch.cli import options

if TYPE_CHECKING:
    from molsearch.cli.demo_run import Demo

app = typer.Typer(add_completion=False)

_HELP = (
    "Run the whole way on the bundled example library.\n\n"
    "Known drugs and enumerated molecules are prepared, indexed and screened for a few well-known "
    "drugs. For each, the table shows the best hits and how many drugs of the query's class are "
    "among the first, by molsearch and by ECFP4. Pages with the drawn hits go to the output "
    "folder. A second run reuses what the first one made."
)


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def demo(
    output: Annotated[
        Path, typer.Option("-o", "--output", "--out", help="Folder of everything the demo makes.")
    ] = Path("demo"),
    k: Annotated[int, typer.Option("-k", min=1, help="Hits shown for each query.")] = 10,
    encoder: options.EncoderPath = None,
    device: options.Device = "auto",
    batch_size: options.BatchSize = 128,
    workers: options.Workers = options.CPUS,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Run the demo; see `_HELP`."""
    from molsearch.cli.allocator import ensure_allocator

    ensure_allocator()
    from molsearch.cli import demo_report, telling
    from molsearch.cli.demo_run import Demo

    started = time.monotonic()
    run = Demo(
        folder=output,
        shown=k,
        encoder=encoder,
        device=device,
        batch_size=batch_size,
        workers=workers,
        overwrite=overwrite,
        quiet=quiet,
    )
    with telling.plain_warnings():
        run.prepare()
        for example in run.examples():
            result = run.screen(example)
            if not (quiet or as_json):
                print(demo_report.hit_table(result, shown=k))
        demo_report.write_pages(run)
    _report(run, time.monotonic() - started, as_json=as_json, quiet=quiet)


def _report(run: Demo, seconds: float, *, as_json: bool, quiet: bool) -> None:
    from molsearch.cli import demo_report
    from molsearch.io.runs import write_run

    account = {
        "output": str(run.folder),
        "library": {"n_in": run.prepared.n_in, "n_ok": run.prepared.n_ok},
        "encoder": run.embedder.identity,
        "queries": [
            {"query": result.example.name, **asdict(result.tally)} for result in run.results
        ],
        "seconds": {
            **{stage: round(spent, 2) for stage, spent in run.watch.seconds.items()},
            "total": round(seconds, 2),
        },
    }
    write_run(run.folder / "run.json", "demo", account)
    if not (quiet or as_json):
        print(demo_report.summary(run.results))
        print(demo_report.stage_times(run.watch.seconds, seconds, reused=run.reused))
        print(demo_report.closing(run))
    if as_json:
        print(json.dumps(account))
