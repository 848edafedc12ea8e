"""One run of the demo: the stages of the other verbs, on the example, query by query."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from molsearch import bundled
from molsearch.cli.telling import Terminal
from molsearch.errors import UsageError
from molsearch.service.requests import ScreenRequest

if TYPE_CHECKING:
    import pandas as pd

    from molsearch.data.prepared import PreparedSet
    from molsearch.index.reader import IndexReader
    from molsearch.nn.encoder import Encoder
    from molsearch.search.screen import HitList, Stopwatch
    from molsearch.service.session import Session

CLASS_COLUMN = "drug_class"
DEPTHS = (10, 50)


@dataclass(frozen=True)
class Example:
    """One query of the demo: a well-known drug and the class it belongs to."""

    smiles: str
    name: str
    drug_class: str


@dataclass(frozen=True)
class Tally:
    """Drugs of the query's class among the first hits, the query itself left out.

    Attributes
    ----------
    members
        How many there are to find.
    molecules
        Of how many molecules.
    depths
        Numbers of first hits looked at.
    molsearch, ecfp4
        Members among the first hits, for each depth, by either ranking.
    """

    members: int
    molecules: int
    depths: tuple[int, ...]
    molsearch: tuple[int, ...]
    ecfp4: tuple[int, ...]


@dataclass(frozen=True)
class Result:
    """The screen of one query."""

    example: Example
    hits: HitList
    tally: Tally
    seconds: float


def example_folder() -> Path:
    """Find the bundled example library.

    Raises
    ------
    UsageError
        Its files are gone.
    """
    folder = bundled.path("datasets", "example")
    if not (folder / "library.csv").is_file():
        raise UsageError(
            f"no example library at {folder}: files of the installation are gone; install "
            "molsearch anew"
        )
    return folder


def tally(frame: pd.DataFrame, drug_class: str, depths: Sequence[int] = DEPTHS) -> Tally:
    """Count a class among the first hits of a whole ranked library, by score and by ECFP4.

    Parameters
    ----------
    frame
        A hit list of the whole library, with the user column ``drug_class``.
    drug_class
        The class to count.
    """
    others = frame[~frame["is_query"].astype(bool)]
    by_score = others.sort_values("rank")
    by_ecfp4 = others.sort_values(["ecfp4_similarity", "molecule_id"], ascending=[False, True])

    def found(ranked: pd.DataFrame) -> tuple[int, ...]:
        mine = ranked[CLASS_COLUMN] == drug_class
        return tuple(int(mine.head(depth).sum()) for depth in depths)

    members = int((others[CLASS_COLUMN] == drug_class).sum())
    return Tally(members, len(others), tuple(depths), found(by_score), found(by_ecfp4))


class Demo:
    """The state of a run.

    Parameters
    ----------
    folder
        Where everything goes.
    shown
        Hits a table shows.
    """

    def __init__(
        self,
        *,
        folder: Path,
        shown: int,
        encoder: str | None,
        device: str,
        batch_size: int,
        workers: int,
        overwrite: bool,
        quiet: bool,
    ) -> None:
        self.folder, self.shown, self.quiet = folder, shown, quiet
        self.results: list[Result] = []
        self.reused = False
        self._encoder, self._device, self._batch_size = encoder, device, batch_size
        self._workers, self._overwrite = workers, overwrite
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; name a folder with --out")

    @cached_property
    def example(self) -> Path:
        """Folder of the example library."""
        return example_folder()

    @cached_property
    def watch(self) -> Stopwatch:
        """Seconds of each stage."""
        from molsearch.search.screen import Stopwatch

        return Stopwatch()

    @cached_property
    def session(self) -> Session:
        """Where the encoder is found warm."""
        from molsearch.service.session import Session

        return Session()

    def examples(self) -> list[Example]:
        """Read the queries of the example."""
        with (self.example / "queries.csv").open(newline="", encoding="utf-8") as handle:
            return [Example(**row) for row in csv.DictReader(handle)]

    def prepare(self) -> None:
        """Load the encoder, prepare the library and index it, or open what is there."""
        from molsearch.config import PrepareConfig, ReadConfig
        from molsearch.service.making import Source, index_of, prepared_set

        tell = Terminal(quiet=self.quiet)
        library = self.example / "library.csv"
        started = time.perf_counter()
        seconds = self.watch.seconds  # the first use of the watch imports torch
        seconds["start"] = time.perf_counter() - started
        with self.watch.stage("load encoder"):
            self.embedder: Encoder = self.session.encoder(
                self._encoder, device=self._device, batch_size=self._batch_size
            )
        with self.watch.stage("prepare library"):
            source = Source([str(library)], ReadConfig(), PrepareConfig(), workers=self._workers)
            self.prepared: PreparedSet = prepared_set(
                source, self.folder / "example.prepared", tell, replace=True
            )
        with self.watch.stage("embed library"):
            place = self.folder / "example.index"
            self.reused = self._is_current(place) and not self._overwrite
            overwrite = place.exists() and not self.reused
            self.reader: IndexReader = index_of(
                self.prepared, self.embedder, place, tell, overwrite=overwrite
            )

    def _is_current(self, place: Path) -> bool:
        """Say whether there is an index of this library by this encoder."""
        from molsearch.errors import MolSearchError
        from molsearch.index.reader import open_index

        try:
            reader = open_index(place, identity=self.embedder.identity)
        except MolSearchError:
            return False
        return bool(reader.manifest.plan.library == self.prepared.identity)

    def screen(self, example: Example) -> Result:
        """Rank the whole library for one query, and write the hit list."""
        from molsearch.service.screen import screen

        request = ScreenRequest(
            queries=(f"{example.smiles} {example.name}",),
            index=str(self.reader.path),
            k=self.reader.n_rows,
            output=str(self.folder / f"{example.name}.csv"),
            device=self._device,
            overwrite=True,
        )
        with self.watch.stage("screens"):
            done = screen(request, self.session, reader=self.reader, encoder=self.embedder)
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
