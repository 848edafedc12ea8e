"""``molsearch prepare``: files of molecules into a prepared set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from molsearch.cli import options
from molsearch.service.requests import PrepareRequest, validated
from molsearch.words import counted

app = typer.Typer(add_completion=False)

_HELP = (
    "Read molecules, find their parents, make 3D conformers.\n\n"
    "The output is a folder that `molsearch index` takes. An interrupted run is continued by the "
    "same command. Every record is accounted for: it is prepared, or in the failures table with "
    "the reason."
)
_DUE = PrepareRequest.model_construct().prepare
_FILES = "Files (.smi .csv .tsv .sdf .parquet, each also .gz), folders, or -."


@app.command(help=_HELP, context_settings=options.HELP_NAMES)
def prepare(
    library: Annotated[
        list[str], typer.Argument(metavar="LIB...", help=_FILES, show_default=False)
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the prepared set.")],
    n_conformers: options.Conformers = _DUE.n_conformers,
    quality: options.QualityOption = options.Quality.fast,
    use_input_3d: options.UseInput3D = False,
    seed: options.Seed = _DUE.seed,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds of processor time a molecule.")
    ] = _DUE.timeout,
    max_heavy_atoms: Annotated[
        int, typer.Option(min=1, help="Larger parents fail.")
    ] = _DUE.max_heavy_atoms,
    max_heavy_atoms_3d: Annotated[
        int, typer.Option(min=0, help="Larger parents get no 3D.")
    ] = _DUE.max_heavy_atoms_3d,
    smiles_column: options.SmilesColumn = None,
    id_column: options.IdColumn = None,
    id_field: options.IdField = None,
    delimiter: options.Delimiter = None,
    header: options.Header = None,
    workers: options.Workers = options.CPUS,
    limit: options.Limit = None,
    overwrite: options.Overwrite = False,
    failures: Annotated[
        Path | None,
        typer.Option("--failures", help="Also write the failures table to this csv file."),
    ] = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Prepare a library; see `_HELP`."""
    request = validated(
        PrepareRequest,
        {
            "library": library,
            "output": str(output),
            "failures": options.text(failures),
            "read": options.reading(smiles_column, id_column, id_field, delimiter, header),
            "prepare": {
                "n_conformers": n_conformers,
                "quality": quality.value,
                "use_input_3d": use_input_3d,
                "seed": seed,
                "timeout": timeout,
                "max_heavy_atoms": max_heavy_atoms,
                "max_heavy_atoms_3d": max_heavy_atoms_3d,
            },
            "workers": workers,
            "limit": limit,
            "overwrite": overwrite,
        },
    )
    run(request, as_json=as_json, quiet=quiet)


def run(request: PrepareRequest, *, as_json: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Prepare a library and tell what came of it."""
    from molsearch.cli.telling import Terminal, say
    from molsearch.service.prepare import prepare

    account = prepare(request, Terminal(quiet=quiet)).account
    say("\n".join(describe(account, request.failures)), quiet=quiet)
    if as_json:
        print(json.dumps(account))
    return account


def describe(summary: dict[str, Any], failures: str | None) -> list[str]:
    """Lines of the summary for the eye."""
    from molsearch.data.repeats import Repeats

    n_in, n_failed = summary["n_in"], summary["n_failed"]
    lines = [
        f"{summary['n_ok']:,} of {counted(n_in, 'molecule')} prepared into {summary['output']}"
    ]
    if summary["n_resumed"] == n_in:
        lines[0] += " (it was complete already)"
    else:
        lines[0] += f" in {summary['seconds']:,.1f} s ({summary['per_second']:,.0f}/s)"
        if summary["n_resumed"]:
            lines[0] += f", {summary['n_resumed']:,} of them earlier"
    if repeats := str(Repeats(**summary["repeated_ids"])):
        lines.append(repeats)
    if not n_failed:
        return lines
    stages = ", ".join(f"{count:,} {stage}" for stage, count in summary["failed_by_stage"].items())
    lines.append(f"{n_failed:,} failed: {stages}")
    lines += [
        f"  {group['count']:,} × {group['stage']}: {group['reason']} "
        f"(first: {group['source']} row {group['row']})"
        for group in summary["failures"]
    ]
    if failures is not None:
        lines.append(f"all failures: {failures}")
    else:
        lines.append("all failures as a table: run the same command with --failures failures.csv")
    return lines
