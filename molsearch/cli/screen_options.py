"""Options of ``molsearch screen``, some of which other verbs share."""

from __future__ import annotations

import typer

from molsearch.cli import options
from molsearch.cli.flags import Flag

_FILTERS = "Filters (k hits that pass are returned)"
_OF_INACTIVES = "Known inactives"
ALL = 2**31 - 1  # more than any library holds


def wanted(text: str | int) -> int:
    """Read how many hits are wanted: a number, or all."""
    if str(text).strip().lower() == "all":
        return ALL
    try:
        found = int(text)
    except ValueError:
        found = 0
    if found < 1:
        raise typer.BadParameter(f"{text!r} is no number of hits: give one of at least 1, or all")
    return found


K = Flag("k", ("-k",), metavar="N|all", read=wanted, kind=str)
RANK = Flag("rank")
FUSION = Flag("fusion")
SMARTS = (Flag("include_smarts", panel=_FILTERS), Flag("exclude_smarts", panel=_FILTERS))
NO_ALERTS = Flag("exclude_alerts", ("--no-alerts",), _FILTERS)
WHERE = Flag("where", panel=_FILTERS)
UNIQUE = Flag("unique", panel=_FILTERS)
DROP_QUERY = Flag(
    "keep_query", ("--drop-query",), _FILTERS, help="Leave the queries themselves out.", off=True
)
FACTS = Flag("facts")
HTML = Flag("html")
EXCEL_SAFE = Flag("excel_safe")

SCREEN = (
    options.QUERIES,
    Flag("output", ("-o", "--output"), required=True),
    options.INDEX,
    Flag("library", ("-l", "--library")),
    K,
    RANK,
    Flag("depth"),
    Flag("expand", metavar="N"),
    Flag("recall", metavar="R"),
    FUSION,
    Flag("conformer_fusion"),
    Flag("query_conformers"),
    Flag("use_input_3d"),
    Flag("activity_column"),
    Flag("active_above"),
    Flag("inactives", panel=_OF_INACTIVES),
    Flag("inactives_weight", panel=_OF_INACTIVES, metavar="W"),
    Flag(
        "keep_inactives",
        ("--drop-inactives",),
        _OF_INACTIVES,
        help="Leave the inactives themselves out.",
        off=True,
    ),
    Flag("threshold", panel=_FILTERS),
    Flag("exclude_ids", panel=_FILTERS),
    Flag("dissimilar_to", panel=_FILTERS),
    Flag("dissimilar_at", panel=_FILTERS),
    *SMARTS,
    NO_ALERTS,
    WHERE,
    UNIQUE,
    DROP_QUERY,
    Flag("base_rate"),
    FACTS,
    HTML,
    EXCEL_SAFE,
    Flag("verify"),
    options.FAILURES,
    *options.EMBEDDING,
    *options.READING,
    options.LIMIT,
    options.OPEN_CONFORMERS,
    options.QUALITY,
    options.SEED,
    options.WORKERS,
    options.CLUSTER,
    options.OVERWRITE,
)
