"""Options of ``molsearch screen``, each with its help; defaults are those of the request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from molsearch.cli import options

_FILTERS = "Filters (k hits that pass are returned)"
_CONTRAST = "Known inactives, as counter-examples"

Queries = Annotated[
    list[str], typer.Option("-q", "--query", help="SMILES, InChI or file; may be repeated.")
]
Output = Annotated[
    Path, typer.Option("-o", "--output", help=".csv .tsv .sdf (each also .gz), .parquet, or -.")
]
Index = Annotated[Path | None, typer.Option("-i", "--index", help="Index of the library.")]
Library = Annotated[
    list[str] | None, typer.Option("-l", "--library", help="Files of the library; may be repeated.")
]
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


K = Annotated[
    int,
    typer.Option(
        "-k",
        parser=wanted,
        metavar="N|all",
        help="Hits wanted; a long list into a .parquet is written as it is made.",
    ),
]
Rank = Annotated[
    str,
    typer.Option(
        "--rank",
        help="What ranks: balanced, molsearch (the encoder alone), ecfp4, or weights of both such "
        "as 4*molsearch+ecfp4; also fcfp4, torsion, atom-pair, path and further encoders (name or "
        "folder), computed once for an index, and shape, for the first of the list; -max, -top2 "
        "and -mean behind a name fuse several queries.",
    ),
]
Depth = Annotated[
    int,
    typer.Option(
        "--depth",
        min=1,
        help="First of the list that shape looks at, where --rank adds it.",
    ),
]
Fusion = Annotated[
    Literal["max", "top2", "mean"] | None,
    typer.Option(
        help="Over several queries: the nearest, the mean of the nearest two, the mean of all; "
        "as --rank says by default."
    ),
]
ConformerFusion = Annotated[
    Literal["max", "mean"], typer.Option(help="Over the conformers of a query.")
]
QueryConformers = Annotated[
    int | None,
    typer.Option(
        min=0, max=500, help="3D geometries a query; as many as the library's by default."
    ),
]
UseInput3D = Annotated[
    bool,
    typer.Option(
        "--use-input-3d",
        help="Search with the 3D coordinates that a query SDF gives; consecutive records of "
        "one molecule are its conformers.",
    ),
]
Inactives = Annotated[
    list[str] | None,
    typer.Option(
        "--inactives",
        help="SMILES, InChI or file of measured inactives; may be repeated. Each hit gets the "
        "nearest one and its score.",
        rich_help_panel=_CONTRAST,
    ),
]
InactivesWeight = Annotated[
    float,
    typer.Option(
        "--inactives-weight",
        min=0,
        callback=options.finite,
        help="Rank the library by score - W * score of the nearest inactive; 0 leaves ranks "
        "as they are.",
        metavar="W",
        rich_help_panel=_CONTRAST,
    ),
]
DropInactives = Annotated[
    bool,
    typer.Option(
        "--drop-inactives", help="Leave the inactives themselves out.", rich_help_panel=_CONTRAST
    ),
]
ActivityColumn = Annotated[
    str | None,
    typer.Option(
        "--activity-column",
        help="Column of a query file by which its rows are queries or inactives: pIC50, 'IC50 "
        "(nM)', active/inactive; found by its name; 'none' makes every row a query.",
    ),
]
ActiveAbove = Annotated[
    float,
    typer.Option(
        "--active-above",
        callback=options.finite,
        help="Least -log10 molar value of an active; one below it the inactives begin.",
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(help="Hits score at least this; still the k best.", rich_help_panel=_FILTERS),
]
ExcludeIds = Annotated[
    list[str] | None,
    typer.Option(
        help="File of ids that are no hits: one a line, or a table with a column molecule_id.",
        rich_help_panel=_FILTERS,
    ),
]
DissimilarTo = Annotated[
    list[str] | None,
    typer.Option(
        help="SMILES, InChI or file of what no hit is similar to; may be repeated.",
        rich_help_panel=_FILTERS,
    ),
]
DissimilarAt = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="ECFP4 similarity that is similar there.", rich_help_panel=_FILTERS
    ),
]
IncludeSmarts = Annotated[
    list[str] | None,
    typer.Option(
        help="Substructure every hit has; repeat for all of several.", rich_help_panel=_FILTERS
    ),
]
ExcludeSmarts = Annotated[
    list[str] | None,
    typer.Option(help="Substructure no hit has; may be repeated.", rich_help_panel=_FILTERS),
]
NoAlerts = Annotated[
    bool,
    typer.Option("--no-alerts", help="No hit with a structural alert.", rich_help_panel=_FILTERS),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        help="Condition such as 'mw<500', '200<=mw<500, clogp<=5', 'ecfp4_similarity<0.4', a "
        "preset (lipinski, veber, lead, fragment), or on your own columns: "
        "'\"list price\"<90, vendor=Acme'.",
        rich_help_panel=_FILTERS,
    ),
]
Unique = Annotated[
    Literal["none", "parent", "skeleton", "scaffold"],
    typer.Option(
        help="Keep the best hit of each parent (salts), skeleton (stereoisomers) or scaffold.",
        rich_help_panel=_FILTERS,
    ),
]
DropQuery = Annotated[
    bool,
    typer.Option(
        "--drop-query", help="Leave the queries themselves out.", rich_help_panel=_FILTERS
    ),
]
BaseRate = Annotated[
    float | None,
    typer.Option(
        "--base-rate",
        help="Share of the library that you take for active, such as 0.001: each hit then gets the "
        "probability of being active, where it can be told.",
        show_default=False,
    ),
]
Facts = Annotated[
    list[str] | None,
    typer.Option(
        "--facts",
        help="Further columns of the hits, such as qed,fsp3,cns_mpo, or all.",
        show_default=False,
    ),
]
Html = Annotated[Path | None, typer.Option("--html", help="Also write a page with the drawn hits.")]
ExcelSafe = Annotated[
    bool, typer.Option("--excel-safe", help="Keep spreadsheets from running text as formulas.")
]
Verify = Annotated[bool, typer.Option("--verify", help="Check every byte of the index first.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, no table (-q is the query).")]
