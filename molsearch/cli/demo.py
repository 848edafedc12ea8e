"""``molsearch demo``: the whole way on the bundled library, with the time each stage takes."""

from __future__ import annotations

import json
from typing import Any

import typer

from molsearch.cli import options
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.service.requests import DemoRequest

app = typer.Typer(add_completion=False)

_HELP = (
    "Run the whole way on the bundled example library.\n\n"
    "Known drugs and enumerated molecules are prepared, indexed and screened for a few well-known "
    "drugs. For each, the table shows the best hits and how many drugs of the query's class are "
    "among the first, by molsearch and by ECFP4. Pages with the drawn hits go to the output "
    "folder. A second run reuses what the first one made."
)


_FLAGS = (
    Flag("output", ("-o", "--output", "--out")),
    Flag("shown", ("-k",)),
    *options.EMBEDDING,
    options.WORKERS,
    options.OVERWRITE,
)


@verb(app, DemoRequest, _FLAGS, help=_HELP)
def demo(asked: Asked[DemoRequest]) -> None:
    """Run the demo; see `_HELP`."""
    asked.end(run)


def run(request: DemoRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Run the demo and show its hits, figures and times."""
    from molsearch.cli import demo_report, telling
    from molsearch.service.demo import demo
    from molsearch.service.session import Session

    def tell(text: str) -> None:
        if not (quiet or as_json):
            print(text)

    with telling.plain_warnings():
        done, account = demo(
            request,
            Session(),
            telling.Terminal(quiet=quiet),
            lambda result: tell(demo_report.hit_table(result, shown=request.shown)),
        )
    tell(demo_report.summary(done.results))
    total = account["seconds"]["total"]
    tell(demo_report.stage_times(done.watch.seconds, total, reused=done.reused))
    tell(demo_report.closing(done))
    if as_json:
        print(json.dumps(account))
    return account
