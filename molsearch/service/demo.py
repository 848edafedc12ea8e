"""The demo: the stages of the other verbs, on the example, query by query."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from molsearch import bundled
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepared import PreparedSet
from molsearch.errors import MolSearchError, UsageError
from molsearch.index.reader import IndexReader, open_index
from molsearch.io.runs import write_run
from molsearch.nn.encoder import Encoder
from molsearch.search.screen import Stopwatch
from molsearch.service.demo_pages import write_pages
from molsearch.service.demo_tally import Example, Result, tally
from molsearch.service.events import Done, Emit, silent
from molsearch.service.making import Source, index_of, prepared_set
from molsearch.service.requests import DemoRequest, ScreenRequest
from molsearch.service.screen import screen
from molsearch.service.session import Session


class Demo:
    """A run of the demo, stage by stage.

    Attributes
    ----------
    results
        The screens so far.
    reused
        Whether the index was there from an earlier run.
    watch
        Seconds of each stage.
    """

    def __init__(self, request: DemoRequest, session: Session, emit: Emit = silent) -> None:
        self.request, self.folder = request, Path(request.output)
        self.example = bundled.example()
        self.results: list[Result] = []
        self.reused = False
        self.watch = Stopwatch()
        self._session, self._emit = session, emit
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"{self.folder} is a file; name a folder with --out")

    def examples(self) -> list[Example]:
        """Read the queries of the example."""
        with (self.example / "queries.csv").open(newline="", encoding="utf-8") as handle:
            return [Example(**row) for row in csv.DictReader(handle)]

    def prepare(self) -> None:
        """Load the encoder, prepare the library and index it, or open what is there."""
        request = self.request
        library = self.example / "library.csv"
        with self.watch.stage("load encoder"):
            self.embedder: Encoder = self._session.encoder(
                request.encoder, device=request.device, batch_size=request.batch_size
            )
        with self.watch.stage("prepare library"):
            source = Source([str(library)], ReadConfig(), PrepareConfig(), workers=request.workers)
            self.prepared: PreparedSet = prepared_set(
                source, self.folder / "example.prepared", self._emit, replace=True
            )
        with self.watch.stage("embed library"):
            place = self.folder / "example.index"
            self.reused = self._is_current(place) and not request.overwrite
            overwrite = place.exists() and not self.reused
            self.reader: IndexReader = index_of(
                self.prepared, self.embedder, place, self._emit, overwrite=overwrite
            )

    def _is_current(self, place: Path) -> bool:
        """Say whether there is an index of this library by this encoder."""
        try:
            reader = open_index(place, identity=self.embedder.identity)
        except MolSearchError:
            return False
        return bool(reader.manifest.plan.library == self.prepared.identity)

    def screen(self, example: Example) -> Result:
        """Rank the whole library for one query, and write the hit list."""
        request = ScreenRequest(
            queries=(f"{example.smiles} {example.name}",),
            index=str(self.reader.path),
            k=self.reader.n_rows,
            output=str(self.folder / f"{example.name}.csv"),
            device=self.request.device,
            overwrite=True,
        )
        with self.watch.stage("screens"):
            done = screen(request, self._session, reader=self.reader, encoder=self.embedder)
        spent = done.watch.seconds
        counts = tally(done.hits.frame, example.drug_class)
        result = Result(example, done.hits, counts, sum(spent.values()) - spent["write"])
        self.results.append(result)
        return result

    @property
    def encoder_name(self) -> str:
        """What the encoder calls itself."""
        return str(self.embedder.card.get("name", self.embedder.identity[:12]))

    def page(self, example: Example) -> Path:
        """Where the page of a query goes."""
        return self.folder / f"{example.name}.html"

    def account(self, seconds: float) -> dict[str, Any]:
        """Everything that was done, for ``run.json``."""
        spent = {stage: round(took, 2) for stage, took in self.watch.seconds.items()}
        return {
            "output": str(self.folder),
            "library": {"n_in": self.prepared.n_in, "n_ok": self.prepared.n_ok},
            "encoder": self.embedder.identity,
            "queries": [
                {"query": result.example.name, **asdict(result.tally)} for result in self.results
            ],
            "seconds": {**spent, "total": round(seconds, 2)},
            "request": self.request.model_dump(mode="json"),
        }


def demo(
    request: DemoRequest,
    session: Session,
    emit: Emit = silent,
    on_result: Callable[[Result], None] = lambda result: None,
) -> tuple[Demo, dict[str, Any]]:
    """Run the demo; what an earlier run made is found again.

    Parameters
    ----------
    on_result
        Told of each screen when it is done.

    Returns
    -------
    The run, and its account.

    Raises
    ------
    UsageError
        The output is a file, or files of the installation are gone.
    """
    started = time.monotonic()
    run = Demo(request, session, emit)
    run.prepare()
    for example in run.examples():
        on_result(run.screen(example))
    with run.watch.stage("pages"):
        write_pages(run.results, run.page, encoder=run.encoder_name)
    account = run.account(time.monotonic() - started)
    write_run(run.folder / "run.json", "demo", account)
    emit(Done(verb="demo", account=account))
    return run, account
