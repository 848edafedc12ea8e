"""``molsearch cluster``: clusters of an index or a hit list."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from molsearch.cli import options
from molsearch.cli import screen_options as screens
from molsearch.cli.asking import Asked, verb
from molsearch.cli.flags import Flag
from molsearch.service.requests import ClusterRequest

app = typer.Typer(add_completion=False)

_HELP = (
    "Cluster an index or a hit list.\n\n"
    "By --similarity, the first molecule leads a cluster, and each further one that is less "
    "similar than that to every leader before it: of a hit list, a leader is the best hit of its "
    "cluster. By -n, leaders are as unlike each other as can be. Each molecule is then with the "
    "leader most like it.\n\n"
    "    molsearch cluster hits.csv --by ecfp4 -o clusters.csv\n\n"
    "    molsearch cluster vendor.index -n 1000 --leaders-only -o diverse.csv"
)

_FLAGS = (
    Flag("source", metavar="INDEX|HITS", argument=True, required=True),
    options.OUTPUT,
    Flag("by"),
    Flag("similarity", ("-t", "--similarity")),
    Flag("n", ("-n", "--clusters")),
    Flag("top"),
    Flag("leaders_only"),
    Flag("encoder"),
    Flag("device"),
    *options.READING,
    screens.EXCEL_SAFE,
    options.OVERWRITE,
)


@verb(app, ClusterRequest, _FLAGS, help=_HELP)
def cluster(asked: Asked[ClusterRequest]) -> None:
    """Cluster; see `_HELP`."""
    asked.end(run, output=asked.table())


def run(request: ClusterRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Cluster, and tell how; without an output the table goes to stdout."""
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.io.tables import write_text_table
    from molsearch.picks.output import STRUCTURES
    from molsearch.service.clustering import cluster as cluster_it
    from molsearch.service.session import Session

    with plain_warnings():
        done = cluster_it(request, Session(), Terminal(quiet=quiet))
    if request.output is None and not as_json:
        for number, frame in enumerate(done.frames(as_texts=True)):
            write_text_table(
                frame, sys.stdout,
                excel_safe=request.excel_safe, verbatim=STRUCTURES, header=number == 0,
            )  # fmt: skip
    if as_json:
        print(json.dumps(done.account, default=str))
    return done.account
