"""``molsearch data convert``: measured activities to the table that training reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from molsearch.cli import options
from molsearch.words import counted

if TYPE_CHECKING:
    from molsearch.bench.audit.flags import Known
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
    benchmarks: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Data folder whose benchmarks and development screens are marked in the table, "
            "so that training leaves them out.",
        ),
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
    from dataclasses import replace

    from molsearch.bench.audit.flags import flagged, read_known
    from molsearch.cli.progress import Progress
    from molsearch.data.convert import convert as run
    from molsearch.data.convert import read_uniprot_map
    from molsearch.errors import UsageError
    from molsearch.io.tables import table_format, write_frame

    if table_format(output) == "sdf":
        raise UsageError(f"{output}: an activity table is .parquet, .csv or .tsv")
    if output.exists() and not overwrite:
        raise UsageError(f"{output}: exists; give --overwrite to replace it")
    accessions = read_uniprot_map(uniprot_map) if uniprot_map else None
    known = None
    if benchmarks is not None:
        with Progress("reading benchmarks", quiet=quiet) as progress:
            known = read_known(benchmarks, workers=workers, on_progress=progress.update)
    with Progress("standardising", quiet=quiet) as progress:
        found = run(sources, uniprot_map=accessions, workers=workers, on_progress=progress.update)
    if known is not None:
        found = replace(found, activities=flagged(found.activities, known))
    left_out = failures_file(output)
    write_frame(found.failures, left_out)
    write_frame(found.activities, output)
    facts = summary(found)
    if as_json:
        typer.echo(json.dumps(facts))
    elif not quiet:
        typer.echo(report(found, facts, output, left_out), err=True)
        if known is not None:
            typer.echo(marks(facts, known), err=True)


def failures_file(output: Path) -> Path:
    """Where the measurements that were left out go."""
    return output.with_name(f"{output.name.split('.')[0]}-failures.csv")


def summary(found: Converted) -> dict[str, int]:
    """Count what was read and made."""
    table = found.activities
    flags = [name for name in table if str(name).startswith("is_")]
    return {
        "measurements": found.n_measurements,
        "left_out": len(found.failures),
        "pairs": len(table),
        "molecules": int(table["inchikey"].str[:14].nunique()),
        "targets": int(table["uniprot"].nunique()),
        **{f"pairs_{tier}": int(n) for tier, n in table["tier"].value_counts().items()},
        **{str(name): int(table[name].sum()) for name in flags},
    }


def report(found: Converted, facts: dict[str, int], output: Path, left_out: Path) -> str:
    """Say what was made, and the commonest reasons for leaving out."""
    tiers = ", ".join(f"{n:,} {k[6:]}" for k, n in facts.items() if k.startswith("pairs_"))
    wrote = (
        f"wrote {output}: {counted(facts['pairs'], 'pair')} ({tiers}) of "
        f"{counted(facts['molecules'], 'molecule')} "
        f"and {counted(facts['targets'], 'target')}, from "
        f"{counted(facts['measurements'], 'measurement')}"
    )
    lines = [wrote]
    if facts["left_out"]:
        lines.append(f"left out {facts['left_out']:,}, see {left_out}:")
        reasons = found.failures["reason"].value_counts().head(5)
        lines += [f"  {n:,} × {reason}" for reason, n in reasons.items()]
    return "\n".join(lines)


def marks(facts: dict[str, int], known: Known) -> str:
    """Say what was marked, by which benchmarks, and what could not be."""
    counts = ", ".join(f"{n:,} {name}" for name, n in facts.items() if name.startswith("is_"))
    text = f"marked by {', '.join(known.found)}: {counts}"
    if known.unnamed:
        text += (
            f"\nno is_benchmark_target: the files of {', '.join(known.unnamed)} name no UniProt "
            "accessions; benchmark targets cannot be held out with this table"
        )
    return text
