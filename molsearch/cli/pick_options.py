"""Options of ``molsearch pick``, each with its help; defaults are those of the request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from molsearch.cli import options
from molsearch.cli.screen_options import ExcelSafe as ExcelSafe
from molsearch.cli.screen_options import ExcludeSmarts as ExcludeSmarts
from molsearch.cli.screen_options import IncludeSmarts as IncludeSmarts

_DIVERSITY = "Diversity"
_RULES = "Rules (each pick keeps them)"
_PLATE = "Plate"
_CONTROLS = "Controls"


def _finite(value: float | None) -> float | None:
    return None if value is None else options.finite(value)


Hits = Annotated[str, typer.Argument(metavar="HITS", help="Hit list.", show_default=False)]
N = Annotated[
    int | None, typer.Option("-n", min=1, help="Picks; the plate's free wells by default.")
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "-o", "--output",
        help=".csv .tsv .sdf (each also .gz), .parquet, .xlsx (structures drawn); may be repeated.",
    ),
]  # fmt: skip
By = Annotated[
    str | None,
    typer.Option("--by", help="Column that ranks; what ranked the screen by default."),
]
LowerIsBetter = Annotated[
    bool, typer.Option("--lower-is-better", help="As of docking scores, with --by.")
]
Method = Annotated[
    Literal["leader", "maxmin", "score"],
    typer.Option(
        help="leader: down the list, none too similar to an earlier pick (sphere exclusion); "
        "maxmin: each the farthest from those before; score: the best.",
        rich_help_panel=_DIVERSITY,
    ),
]
MaxSimilarity = Annotated[
    float | None,
    typer.Option(
        min=0, max=1, callback=_finite,
        help="leader: highest ECFP4 similarity of two picks; by default 0.6, or as little more "
        "as fills the plate.",
        rich_help_panel=_DIVERSITY,
    ),
]  # fmt: skip
Depth = Annotated[
    int | None,
    typer.Option(
        min=1, help="maxmin: best hits to choose from; ten a pick.", rich_help_panel=_DIVERSITY
    ),
]
PerScaffold = Annotated[
    int | None,
    typer.Option(min=1, help="Most picks of a Murcko scaffold.", rich_help_panel=_DIVERSITY),
]
Novel = Annotated[
    float,
    typer.Option(
        min=0, max=1, callback=_finite,
        help="Least share of picks that resemble no query.", rich_help_panel=_DIVERSITY,
    ),
]  # fmt: skip
NovelBelow = Annotated[
    float,
    typer.Option(
        callback=_finite,
        help="ECFP4 similarity to the nearest query below which a hit is novel.",
        rich_help_panel=_DIVERSITY,
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(callback=_finite, help="What all picks may cost.", rich_help_panel=_RULES),
]
PriceColumn = Annotated[
    str | None,
    typer.Option(help="Column of prices; found by its name.", rich_help_panel=_RULES),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        help="Condition such as 'mw<450, qed>0.5', a preset (lipinski, lead, …), or on a column "
        "of the list; facts that it lacks are computed.",
        rich_help_panel=_RULES,
    ),
]
NoAlerts = Annotated[
    bool,
    typer.Option("--no-alerts", help="No pick with a structural alert.", rich_help_panel=_RULES),
]
MustHave = Annotated[
    list[str] | None,
    typer.Option(
        help="Id, or file of ids, that is picked in any case; or SMARTS that at least one pick "
        "contains; may be repeated.",
        rich_help_panel=_RULES,
    ),
]
MustNot = Annotated[
    list[str] | None,
    typer.Option(
        help="Id, file of ids (such as earlier picks), or SMARTS that is not picked; may be "
        "repeated.",
        rich_help_panel=_RULES,
    ),
]
KeepQuery = Annotated[
    bool,
    typer.Option(
        "--keep-query", help="Queries and known inactives may be picked.", rich_help_panel=_RULES
    ),
]
Facts = Annotated[
    list[str] | None,
    typer.Option("--facts", help="Further columns, such as qed,fsp3, or all.", show_default=False),
]
Plate = Annotated[
    Literal["96", "384", "none"],
    typer.Option(help="Wells of a plate; none: a list.", rich_help_panel=_PLATE),
]
Plates = Annotated[int, typer.Option(min=1, help="Most plates.", rich_help_panel=_PLATE)]
Fill = Annotated[
    Literal["rows", "columns"],
    typer.Option(help="A01, A02, … or A01, B01, …", rich_help_panel=_PLATE),
]
LeaveEmpty = Annotated[
    list[str] | None,
    typer.Option(
        help="Rows, columns and wells that stay empty: 'A,H,1,12', 'D06'.", rich_help_panel=_PLATE
    ),
]
Controls = Annotated[
    bool,
    typer.Option(
        "--controls",
        help="Queries and inactives of the screen, from the run record beside HITS, stand in the "
        "last wells.",
        rich_help_panel=_CONTROLS,
    ),
]
Positive = Annotated[
    list[str] | None,
    typer.Option(
        help="Active for control wells: SMILES, InChI or file; may be repeated.",
        rich_help_panel=_CONTROLS,
    ),
]
Negative = Annotated[
    list[str] | None,
    typer.Option(help="Inactive for control wells, likewise.", rich_help_panel=_CONTROLS),
]
ControlWells = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Wells of each kind a plate; one a control by default, at most eight.",
        rich_help_panel=_CONTROLS,
    ),
]
