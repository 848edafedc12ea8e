"""``molsearch prepare``: files of molecules into a prepared set."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from molsearch.cli.progress import Progress

if TYPE_CHECKING:
    from molsearch.data.prepared import PreparedSet

app = typer.Typer(add_completion=False)

_SHOWN = 5  # kinds of failure in the summary
_HELP = (
    "Read molecules, find their parents, make 3D conformers.\n\n"
    "The output is a folder that `molsearch index` takes. An interrupted run is continued by the "
    "same command. Every record is accounted for: it is prepared, or in the failures table with "
    "the reason."
)


class Quality(StrEnum):
    """How carefully conformers are made."""

    fast = "fast"
    full = "full"


@app.command(help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
def prepare(
    library: list[str] = typer.Argument(
        ...,
        metavar="LIB...",
        help="Files (.smi .csv .tsv .sdf .parquet, each also .gz), folders, or -.",
    ),
    output: Path = typer.Option(..., "-o", "--output", help="Folder of the prepared set."),
    n_conformers: int = typer.Option(
        1, "--conformers", min=0, max=500, help="3D geometries a molecule; 0 makes none."
    ),
    quality: Quality = typer.Option(
        Quality.fast, help="fast: hydrogens on stereocentres only; full: all hydrogens and MMFF."
    ),
    use_input_3d: bool = typer.Option(
        False, "--use-input-3d", help="Keep 3D coordinates of SDF input where they are real."
    ),
    seed: int = typer.Option(20, "--seed", help="Seed of the conformers."),
    timeout: float = typer.Option(30.0, min=0.1, help="Seconds of processor time a molecule."),
    max_heavy_atoms: int = typer.Option(300, min=1, help="Larger parents fail."),
    max_heavy_atoms_3d: int = typer.Option(50, min=0, help="Larger parents get no 3D."),
    smiles_column: str | None = typer.Option(None, "-s", "--smiles-column"),
    id_column: str | None = typer.Option(None, "--id-column"),
    id_field: str | None = typer.Option(None, "--id-field", help="SD tag that holds the id."),
    delimiter: str | None = typer.Option(None, "--delimiter"),
    header: bool | None = typer.Option(None, "--header/--no-header", show_default=False),
    workers: int = typer.Option(
        os.cpu_count() or 1, "-n", "--workers", min=1, help="Worker processes."
    ),
    limit: int | None = typer.Option(None, "--limit", min=1, help="Read this many records only."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a prepared set there."),
    failures: Path | None = typer.Option(
        None, "--failures", help="Also write the failures table to this csv file."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON on stdout."),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="No progress, no summary."),
) -> None:
    """Prepare a library; see `_HELP`."""
    from molsearch.config import PrepareConfig, ReadConfig
    from molsearch.data.failures import write_failures
    from molsearch.data.prepare import NothingPreparedError
    from molsearch.data.prepare import prepare as run
    from molsearch.data.prepared import PreparedSet

    read = ReadConfig(
        smiles_column=smiles_column,
        id_column=id_column,
        id_field=id_field,
        delimiter=delimiter,
        header=header,
    )
    config = PrepareConfig(
        n_conformers=n_conformers,
        quality=quality.value,
        use_input_3d=use_input_3d,
        seed=seed,
        timeout=timeout,
        max_heavy_atoms=max_heavy_atoms,
        max_heavy_atoms_3d=max_heavy_atoms_3d,
    )
    started = time.monotonic()
    try:
        with _Watch(quiet=quiet) as watch:
            prepared = run(
                library,
                output,
                read,
                config,
                workers=workers,
                overwrite=overwrite,
                limit=limit,
                on_progress=watch,
            )
    except NothingPreparedError as error:
        if failures is not None:
            write_failures(PreparedSet.open(error.path), failures)
        raise
    if failures is not None:
        write_failures(prepared, failures)
    summary = summarise(prepared, time.monotonic() - started, prepared.n_in - (watch.before or 0))
    if not quiet:
        print("\n".join(describe(summary, failures)), file=sys.stderr)
    if as_json:
        print(json.dumps(summary))


class _Watch:
    """Feeds the progress line from its first news on; remembers what had been done before."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._progress: Progress | None = None
        self.before: int | None = None

    def __enter__(self) -> _Watch:
        return self

    def __exit__(self, *details: Any) -> None:
        if self._progress is not None:
            self._progress.__exit__(*details)

    def __call__(self, done: int, failed: int) -> None:
        if self.before is None:
            self.before = done
            return
        if self._progress is None:
            self._progress = Progress("preparing", quiet=self._quiet)
            self._progress.resumed(self.before)
        self._progress.update(done, failed)


def summarise(prepared: PreparedSet, seconds: float, fresh: int) -> dict[str, Any]:
    """Summary of a finished run.

    Parameters
    ----------
    prepared
        The finished set.
    seconds
        Duration of this run.
    fresh
        Records that this run did, as opposed to an earlier, interrupted one.
    """
    from molsearch.data.failures import failure_groups

    groups = failure_groups(prepared)
    stages: dict[str, int] = {}
    for group in groups:
        stages[group.stage] = stages.get(group.stage, 0) + group.count
    return {
        "output": str(prepared.path),
        "n_in": prepared.n_in,
        "n_ok": prepared.n_ok,
        "n_failed": prepared.n_failed,
        "failed_by_stage": stages,
        "failures": [asdict(group) for group in groups[:_SHOWN]],
        "repeated_ids": asdict(prepared.repeated_ids()),
        "n_resumed": prepared.n_in - fresh,
        "seconds": round(seconds, 2),
        "per_second": round(fresh / seconds, 1) if seconds > 0 else None,
        "identity": prepared.identity,
    }


def describe(summary: dict[str, Any], failures: Path | None) -> list[str]:
    """Lines of the summary for the eye."""
    from molsearch.data.repeats import Repeats

    n_in, n_failed = summary["n_in"], summary["n_failed"]
    lines = [f"{summary['n_ok']:,} of {n_in:,} molecules prepared into {summary['output']}"]
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
