"""``molsearch pick``: a plate of hits."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from molsearch.cli import options
from molsearch.cli import pick_options as own
from molsearch.service.requests import PickRequest, validated

app = typer.Typer(add_completion=False)

_HELP = (
    "Choose a plate of hits.\n\n"
    "HITS is a hit list of 'molsearch screen', or any file of molecules with a column that ranks "
    "them (--by). Queries in it are not picked. What the choice cost in score is said at the "
    "end.\n\n"
    "    molsearch pick hits.csv -n 96 -o plate.csv -o plate.xlsx -o plate.sdf"
)
_DUE = PickRequest.model_construct()


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def pick(
    hits: own.Hits,
    n: own.N = None,
    output: own.Output = None,
    by: own.By = None,
    lower_is_better: own.LowerIsBetter = False,
    method: own.Method = _DUE.method,
    max_similarity: own.MaxSimilarity = None,
    depth: own.Depth = None,
    per_scaffold: own.PerScaffold = None,
    novel: own.Novel = _DUE.novel,
    novel_below: own.NovelBelow = _DUE.novel_below,
    budget: own.Budget = None,
    price_column: own.PriceColumn = None,
    where: own.Where = None,
    no_alerts: own.NoAlerts = False,
    include_smarts: own.IncludeSmarts = None,
    exclude_smarts: own.ExcludeSmarts = None,
    must_have: own.MustHave = None,
    must_not: own.MustNot = None,
    keep_query: own.KeepQuery = False,
    facts: own.Facts = None,
    plate: own.Plate = "96",
    plates: own.Plates = _DUE.plates,
    fill: own.Fill = _DUE.fill,
    leave_empty: own.LeaveEmpty = None,
    controls: own.Controls = False,
    positive: own.Positive = None,
    negative: own.Negative = None,
    control_wells: own.ControlWells = None,
    smiles_column: options.SmilesColumn = None,
    id_column: options.IdColumn = None,
    id_field: options.IdField = None,
    delimiter: options.Delimiter = None,
    header: options.Header = None,
    excel_safe: own.ExcelSafe = False,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Pick; see `_HELP`."""
    files = [str(path) for path in output or ()]
    request = validated(
        PickRequest,
        {
            "hits": hits,
            "n": n,
            "output": files[0] if files else None,
            "also": files[1:],
            "read": options.reading(smiles_column, id_column, id_field, delimiter, header),
            "by": by,
            "lower_is_better": lower_is_better,
            "method": method,
            "max_similarity": max_similarity,
            "depth": depth,
            "per_scaffold": per_scaffold,
            "novel": novel,
            "novel_below": novel_below,
            "budget": budget,
            "price_column": price_column,
            "where": where or (),
            "exclude_alerts": no_alerts,
            "include_smarts": include_smarts or (),
            "exclude_smarts": exclude_smarts or (),
            "must_have": must_have or (),
            "must_not": must_not or (),
            "keep_query": keep_query,
            "facts": facts or (),
            "plate": None if plate == "none" else int(plate),
            "plates": plates,
            "fill": fill,
            "leave_empty": leave_empty or (),
            "controls": controls,
            "positive": positive or (),
            "negative": negative or (),
            "control_wells": control_wells,
            "excel_safe": excel_safe,
            "overwrite": overwrite,
        },
    )
    run(request, as_json=as_json, quiet=quiet)


def run(request: PickRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Pick, and tell what was picked; without an output the table goes to stdout."""
    from molsearch.cli.telling import Terminal, plain_warnings
    from molsearch.io.tables import write_text_table
    from molsearch.picks.output import STRUCTURES
    from molsearch.service.pick import pick as choose

    with plain_warnings():
        done = choose(request, Terminal(quiet=quiet))
    if request.output is None and not as_json:
        write_text_table(
            done.picks.frame, sys.stdout, excel_safe=request.excel_safe, verbatim=STRUCTURES
        )
    if as_json:
        print(json.dumps(done.account, default=str))
    return done.account
