"""From what a user chose on the page to the command lines of a job."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from molsearch.config import ScreenConfig
from molsearch.errors import UsageError
from molsearch.io.atomic import write_text
from molsearch.scoring.default import BALANCED
from molsearch.scoring.fusion import Fusion
from molsearch.scoring.ranking import ranking_of
from molsearch_app import jobs, keeping, places
from molsearch_app.components import uploads
from molsearch_app.components.queries import Draft, inline, to_csv

HITS, MAP, QUERIES, INDEX = "hits.parquet", "map.parquet", "queries.csv", "library.index"
INACTIVES, EACH = "inactives.csv", "each.parquet"
_INLINE = 4


@dataclass(frozen=True)
class Library:
    """What is searched: an index, a file whose index is kept in the cache, or an upload.

    Attributes
    ----------
    kind
        ``index``, ``files`` (the bundled example) or ``upload``.
    path
        The index folder, or the file.
    label
        What the page calls it.
    """

    kind: Literal["index", "files", "upload"]
    path: Path
    label: str


@dataclass(frozen=True)
class Options:
    """Options of a screen, with the defaults of the command line."""

    k: int = 1000
    rank: str = BALANCED
    fusion: Fusion | None = None
    unique: str = "none"
    keep_query: bool = True
    no_alerts: bool = False
    include_smarts: tuple[str, ...] = ()
    exclude_smarts: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    encoder: Path | None = None
    query_conformers: int | None = None
    inactives_weight: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """Arguments that differ from the defaults."""
        found = ["-k", str(self.k)]
        if self.rank != BALANCED:
            found.append(f"--rank={self.rank}")
        if self.fusion is not None:
            found += ["--fusion", self.fusion]
        if self.unique != "none":
            found += ["--unique", self.unique]
        if not self.keep_query:
            found.append("--drop-query")
        if self.no_alerts:
            found.append("--no-alerts")
        for name, values in (
            ("--include-smarts", self.include_smarts),
            ("--exclude-smarts", self.exclude_smarts),
            ("--where", self.where),
        ):
            # One argument: a value that begins with a dash stays a value.
            found += [f"{name}={value}" for value in values]
        if self.inactives_weight:
            found += ["--inactives-weight", f"{self.inactives_weight:g}"]
        if self.query_conformers is not None:
            found += ["--query-conformers", str(self.query_conformers)]
        if self.encoder is not None:
            found += ["--encoder", str(self.encoder)]
        return found

    def check(self, n_queries: int, *, inactives: bool) -> None:
        """Refuse a ranking and filters that cannot be read before a job is made of them.

        Raises
        ------
        UsageError
            With the line that the command line would say.
        """
        from molsearch.search.select import HitFilter

        ranking_of(self.rank, n_queries, fusion=self.fusion)
        config = ScreenConfig(
            k=self.k,
            include_smarts=self.include_smarts,
            exclude_smarts=self.exclude_smarts,
            where=self.where,
            inactives_weight=self.inactives_weight,
        )
        HitFilter(config).check(inactives=inactives)


def start_screen(
    drafts: Sequence[Draft],
    library: Library,
    options: Options,
    inactives: Sequence[Draft] = (),
) -> jobs.Job:
    """Start a screen, with the indexing of an upload before it.

    Parameters
    ----------
    inactives
        Counter-examples: each hit is also scored against the nearest of them. Without any their
        weight in `options` means nothing.

    Raises
    ------
    UsageError
        There is no query, or a filter cannot be read.
    """
    if not drafts:
        raise UsageError("give at least one query that can be read")
    if not inactives:
        options = replace(options, inactives_weight=0.0)
    options.check(len(drafts), inactives=bool(inactives))
    run_id, folder = keeping.new_run("screen")
    given = ["-q", str(folder / QUERIES)]
    write_text(folder / QUERIES, to_csv(drafts))
    if inactives:
        given += ["--inactives", str(folder / INACTIVES)]
        write_text(folder / INACTIVES, to_csv(inactives))
    steps = []
    source, place = "-i", library.path
    if library.kind == "index" and library.path.is_relative_to(
        places.runs_root()
    ):  # an index that lies in a run keeps it
        keeping.touch(places.runs_root() / library.path.relative_to(places.runs_root()).parts[0])
    if library.kind == "upload":
        moved = uploads.into_run(library.path, folder)
        place = folder / INDEX
        steps.append(index_step(moved, place, options.encoder))
    elif library.kind == "files":
        source = "-l"
    common = [source, str(place), *options.arguments()]
    steps.append(
        jobs.Step(
            "screen",
            jobs.molsearch_command("screen", *given, *common, "-o", str(folder / HITS)),
        )
    )
    steps.append(
        jobs.Step(
            "map", (sys.executable, "-m", "molsearch_app.mapping", str(folder)), optional=True
        )
    )
    names = ", ".join(draft.name for draft in drafts[:3]) + (" …" if len(drafts) > 3 else "")
    meta = {
        "queries": [{"id": one.name, "smiles": one.parent, "input": one.smiles} for one in drafts],
        "library": library.label,
        "options": options.arguments(),
        "encoder": str(options.encoder) if options.encoder else None,
        "reproduce": reproduce(drafts, inactives, common, folder),
    }
    return jobs.start(run_id, f"{names} in {library.label}", steps, meta)


def start_index(upload: Path, encoder: Path | None = None, conformers: int = 1) -> jobs.Job:
    """Start the preparation and indexing of an upload."""
    run_id, folder = keeping.new_run("library")
    moved = uploads.into_run(upload, folder)
    steps = [index_step(moved, folder / INDEX, encoder, conformers)]
    return jobs.start(run_id, upload.name, steps, {"library": upload.name})


def start_verify(index: Path) -> jobs.Job:
    """Start the check of every byte of an index."""
    run_id, _ = keeping.new_run("verify")
    command = jobs.molsearch_command("verify", str(places.inside(index)), "--json")
    return jobs.start(
        run_id,
        index.name,
        [jobs.Step("verify", command, stdout="verify.json")],
        {"index": str(index)},
    )


def index_step(
    source: Path, place: Path, encoder: Path | None = None, conformers: int = 1
) -> jobs.Step:
    """Index a file of molecules."""
    more = ["--conformers", str(conformers)] if conformers != 1 else []
    more += ["--encoder", str(encoder)] if encoder else []
    return jobs.Step(
        "prepare and index",
        jobs.molsearch_command("index", str(source), "-o", str(place), *more),
    )


def reproduce(
    drafts: Sequence[Draft], inactives: Sequence[Draft], common: Sequence[str], folder: Path
) -> str:
    """Command line that repeats a screen in a terminal, from any folder.

    A few molecules are written out, more are read from the files of the run.
    """
    asked = [
        *_given("-q", drafts, folder / QUERIES),
        *_given("--inactives", inactives, folder / INACTIVES),
    ]
    return shlex.join(["molsearch", "screen", *asked, *common, "-o", "hits.csv"])


def _given(option: str, drafts: Sequence[Draft], file: Path) -> list[str]:
    if not drafts:
        return []
    lines = [inline(draft) for draft in drafts]
    if len(lines) > _INLINE or None in lines:
        return [option, str(file)]
    return [word for line in lines if line is not None for word in (option, line)]
