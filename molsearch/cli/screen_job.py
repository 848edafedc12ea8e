"""One run of ``molsearch screen``: checks before work, stages, outputs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molsearch.cli import stages

if TYPE_CHECKING:
    from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
    from molsearch.index.reader import IndexReader
    from molsearch.nn.encoder import Encoder
    from molsearch.search.inactives import Inactives
    from molsearch.search.queries import Query
    from molsearch.search.screen import HitList, Stopwatch
    from molsearch.service.library import CachePlace


@dataclass(frozen=True)
class Job:
    """What the command line asked for.

    Attributes
    ----------
    query_changes
        How the preparation of queries differs from that of the library.
    """

    queries: Sequence[str]
    inactives: Sequence[str]
    index: Path | None
    library: Sequence[str]
    output: Path
    html: Path | None
    read: ReadConfig
    prepare: PrepareConfig
    query_changes: dict[str, Any]
    config: ScreenConfig
    encoder: str | None
    device: str
    batch_size: int
    workers: int
    limit: int | None
    excel_safe: bool
    verify: bool
    overwrite: bool
    as_json: bool
    quiet: bool

    @property
    def to_stdout(self) -> bool:
        """Whether the hit list goes to standard output."""
        return str(self.output) == "-"

    @property
    def run_file(self) -> Path:
        """Where the account of the run goes."""
        return self.output.with_name(self.output.name + ".run.json")

    @cached_property
    def watch(self) -> Stopwatch:
        """Seconds of each stage."""
        from molsearch.search.screen import Stopwatch

        return Stopwatch()

    def check(self, raw_options: Sequence[str]) -> None:
        """Refuse what cannot work before anything is read.

        Raises
        ------
        UsageError
            Options that contradict each other, unreadable filters, outputs that exist.
        """
        from molsearch.errors import UsageError
        from molsearch.scoring.expression import parse_expression
        from molsearch.search.output import check_output, refuse_existing
        from molsearch.search.select import HitFilter

        if (self.index is None) == (not self.library):
            raise UsageError("name the library once: -i INDEX, or -l FILES")
        if self.index is not None and raw_options:
            raise UsageError(
                f"{raw_options[0]} is for libraries given by -l; the index is made already"
            )
        if [*self.queries, *self.inactives].count("-") > 1:
            raise UsageError("standard input (-) can be read once: give the rest as files")
        if self.to_stdout and self.as_json:
            raise UsageError("--json and -o - both write to standard output; choose one")
        if not self.to_stdout:
            check_output(self.output, overwrite=self.overwrite)
        if self.html is not None:
            refuse_existing(self.html, overwrite=self.overwrite)
            if self.html.absolute() == self.output.absolute():
                raise UsageError(f"--output and --html both name {self.html}; choose two files")
        parse_expression(self.config.rank)
        HitFilter(self.config).check(inactives=bool(self.inactives))

    def run(self) -> None:
        """Screen and write."""
        from molsearch.nn.device import resolve_device
        from molsearch.search.screen import check_ranking, screen

        device = resolve_device(self.device)
        reader = self._open_index() if self.index is not None else None
        with self.watch.stage("load encoder"):
            encoder = stages.load(self.encoder, device=self.device, batch_size=self.batch_size)
        if self.index is not None:
            self._refuse_other_encoder(encoder)
        with self.watch.stage("prepare queries"):
            queries, inactives = self._read_queries(reader)
        check_ranking(self.config, len(queries), encoder)
        if reader is None:
            reader = self._index_library(encoder)
        hits = screen(
            reader,
            encoder,
            queries,
            self.config,
            inactives=inactives,
            device=device,
            watch=self.watch,
        )
        with self.watch.stage("write"):
            self._write(hits)
        self._account(hits)

    def _open_index(self) -> IndexReader:
        from molsearch.errors import IndexCorruptError
        from molsearch.index.reader import open_index
        from molsearch.index.verify import verify_index

        assert self.index is not None
        with self.watch.stage("open index"):
            reader = open_index(self.index)
            if self.verify:
                report = verify_index(self.index)
                if not report.sound:
                    raise IndexCorruptError(report.problems[0])
        return reader

    def _refuse_other_encoder(self, encoder: Encoder) -> None:
        from molsearch.index.reader import open_index

        assert self.index is not None
        open_index(self.index, identity=encoder.identity)

    def _read_queries(self, reader: IndexReader | None) -> tuple[list[Query], Inactives | None]:
        """Prepare queries and inactives as the library was or will be."""
        from molsearch.config import ReadConfig
        from molsearch.search.inactives import read_inactives
        from molsearch.search.queries import read_queries

        like = self.prepare if reader is None else reader.manifest.library.prepare
        # With -l the reading options are about the library; a query file is then detected.
        read = self.read if reader is not None else ReadConfig()
        prepare = like.model_copy(update=self.query_changes)
        queries = read_queries(self.queries, read, prepare)
        return queries, read_inactives(self.inactives, read, prepare)

    def _index_library(self, encoder: Encoder) -> IndexReader:
        """Find the library's index in the cache, or make it there."""
        from molsearch.errors import IndexCorruptError
        from molsearch.service.library import cache_place, making

        with self.watch.stage("read library"):
            place = cache_place(
                self.library, self.read, self.prepare, encoder.identity, limit=self.limit
            )
        with suppress(IndexCorruptError):  # told below, where it is mended
            if (found := self._kept_index(place, encoder)) is not None:
                return found
        with making(place, self._tell_waiting):
            try:
                found = self._kept_index(place, encoder)
            except IndexCorruptError as error:
                stages.say(f"{error}: it is made again", quiet=False)
                found = None
            return self._make_index(place, encoder) if found is None else found

    def _tell_waiting(self) -> None:
        stages.say("waiting: another run is making the index of this library", quiet=self.quiet)

    def _kept_index(self, place: CachePlace, encoder: Encoder) -> IndexReader | None:
        from molsearch.index.reader import open_index

        if not (place.index / "manifest.json").exists():
            return None
        reader = open_index(place.index, identity=encoder.identity)
        stages.say(f"index of this library found in {place.index}", quiet=self.quiet)
        return reader

    def _make_index(self, place: CachePlace, encoder: Encoder) -> IndexReader:
        stages.say(f"index of this library will be kept in {place.index}", quiet=self.quiet)
        with self.watch.stage("prepare library"):
            prepared = stages.prepared_set(
                self.library,
                place.prepared,
                self.read,
                self.prepare,
                workers=self.workers,
                replace=True,
                any_source=True,
                limit=self.limit,
                quiet=self.quiet,
            )
        if repeats := str(prepared.repeated_ids()):
            stages.say(repeats, quiet=self.quiet)
        with self.watch.stage("embed library"):
            return stages.index_of(
                prepared, encoder, place.index, overwrite=place.index.exists(), quiet=self.quiet
            )

    def _write(self, hits: HitList) -> None:
        from molsearch.io.tables import write_text_table
        from molsearch.search.hits import STRUCTURES
        from molsearch.search.output import write_hits

        if self.to_stdout:
            write_text_table(
                hits.frame, sys.stdout, excel_safe=self.excel_safe, verbatim=STRUCTURES
            )
        else:
            write_hits(hits, self.output, excel_safe=self.excel_safe)
        if self.html is not None:
            from molsearch.cli.screen_report import inactive_facts
            from molsearch.search.page import write_page

            page = {
                "title": f"Hits for {', '.join(query.query_id for query in hits.queries)}"[:120],
                "facts": [("library", f"{hits.reader.n_rows:,}"), *inactive_facts(hits)],
                "warnings": list(hits.warnings),
                "ranking": hits.ranking.words(),
            }
            described = [
                {"id": query.query_id, "smiles": query.first.parent_smiles}
                for query in hits.queries
            ]
            write_page(hits.frame, described, self.html, page)

    def _account(self, hits: HitList) -> None:
        """Say what was done: run.json, warnings, the table."""
        from molsearch.cli.screen_report import print_hits, run_account
        from molsearch.io.runs import write_run

        account = run_account(hits, self.config, self.watch, self.output)
        account["query_preparation"] = self.query_changes
        if self.library:
            account["read"] = asdict(self)["read"]
        if not self.to_stdout:
            write_run(self.run_file, "screen", account)
        for warning in hits.warnings:
            print(f"molsearch: warning: {warning}", file=sys.stderr)
        if not self.quiet:
            print_hits(hits, self.watch, None if self.to_stdout else self.output)
        if self.as_json:
            print(json.dumps(account, default=str))
