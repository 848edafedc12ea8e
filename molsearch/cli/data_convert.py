"""``molsearch data convert``: measured activities to the table that training reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molsearch.cli import options

if TYPE_CHECKING:
    from molsearch.data.convert import Converted


def convert(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOURCE...",
            help="ChEMBL SQLite database or download, BindingDB TSV, or a plain table.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Activity table to write: .parquet or .csv.")
    ],
    uniprot_map: Annotated[
        Path | None,
        typer.Option(help="ChEMBL's chembl_uniprot_mapping.txt: downloads name no accessions."),
    ] = None,
    workers: Annotated[int, typer.Option("-n", "--workers", min=1)] = options.CPUS,
    overwrite: options.Overwrite = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Convert measured activities to the table that training reads.

    Values become -log10 of molar concentrations, bounds stay bounds, repeats are joined by
    their median, targets go by UniProt. What is left out is kept, with the reason, beside the
    output.
    """
    import json

    from molsearch.cli.progress import Progress
    from molsearch.data.convert import convert as run
    from molsearch.data.convert import read_uniprot_map
    from molsearch.errors import UsageError
    from molsearch.io.tables import table_format, write_frame

    if table_format(output) == "sdf":
        raise UsageError(f"{output}: an activity table is .parquet, .csv or .tsv")
    if output.exists() and not overwrite:
        raise UsageError(f"{output}: exists; give --overwrite to replace it")
    known = read_uniprot_map(uniprot_map) if uniprot_map else None
    with Progress("standardising", quiet=quiet) as progress:
        found = run(sources, uniprot_map=known, workers=workers, on_progress=progress.update)
    left_out = failures_file(output)
    write_frame(found.failures, left_out)
    write_frame(found.activities, output)
    facts = summary(found)
    if as_json:
        typer.echo(json.dumps(facts))
    elif not quiet:
        typer.echo(report(found, facts, output, left_out), err=True)


def failures_file(output: Path) -> Path:
    """Where the measurements that were left out go."""
    return output.with_name(f"{output.name.split('.')[0]}-failures.csv")


def summary(found: Converted) -> dict[str, int]:
    """Count what was read and made."""
    table = found.activities
    return {
        "measurements": found.n_measurements,
        "left_out": len(found.failures),
        "pairs": len(table),
        "molecules": int(table["inchikey"].str[:14].nunique()),
        "targets": int(table["uniprot"].nunique()),
        **{f"pairs_{tier}": int(n) for tier, n in table["tier"].value_counts().items()},
    }


def report(found: Converted, facts: dict[str, int], output: Path, left_out: Path) -> str:
    """Say what was made, and the commonest reasons for leaving out."""
    tiers = ", ".join(f"{n:,} {k[6:]}" for k, n in facts.items() if k.startswith("pairs_"))
    wrote = (
        f"wrote {output}: {facts['pairs']:,} pairs ({tiers}) of {facts['molecules']:,} molecules "
        f"and {facts['targets']:,} targets, from {facts['measurements']:,} measurements"
    )
    lines = [wrote]
    if facts["left_out"]:
        lines.append(f"left out {facts['left_out']:,}, see {left_out}:")
        reasons = found.failures["reason"].value_counts().head(5)
        lines += [f"  {n:,} × {reason}" for reason, n in reasons.items()]
    return "\n".join(lines)
