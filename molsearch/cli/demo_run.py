"""One run of the demo: the stages of the other verbs, on the example, query by query."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molsearch import bundled
from molsearch.cli import stages
from molsearch.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from molsearch.data.prepared import PreparedSet
    from molsearch.index.reader import IndexReader
    from molsearch.nn.encoder import Encoder
    from molsearch.search.screen import HitList, Stopwatch

CLASS_COLUMN = "drug_class"
DEPTHS = (10, 50)
_DRAWN = 60


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

    def examples(self) -> list[Example]:
        """Read the queries of the example."""
        with (self.example / "queries.csv").open(newline="", encoding="utf-8") as handle:
            return [Example(**row) for row in csv.DictReader(handle)]

    def prepare(self) -> None:
        """Load the encoder, prepare the library and index it, or open what is there."""
        from molsearch.config import PrepareConfig, ReadConfig

        library = self.example / "library.csv"
        started = time.perf_counter()
        seconds = self.watch.seconds  # the first use of the watch imports torch
        seconds["start"] = time.perf_counter() - started
        with self.watch.stage("load encoder"):
            self.embedder: Encoder = stages.load(
                self._encoder, device=self._device, batch_size=self._batch_size
            )
        with self.watch.stage("prepare library"):
            self.prepared: PreparedSet = stages.prepared_set(
                [str(library)],
                self.folder / "example.prepared",
                ReadConfig(),
                PrepareConfig(),
                workers=self._workers,
                replace=True,
                any_source=False,
                limit=None,
                quiet=self.quiet,
            )
        with self.watch.stage("embed library"):
            place = self.folder / "example.index"
            self.reused = self._is_current(place) and not self._overwrite
            self.reader: IndexReader = stages.index_of(
                self.prepared,
                self.embedder,
                place,
                overwrite=place.exists() and not self.reused,
                quiet=self.quiet,
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
        from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
        from molsearch.nn.device import resolve_device
        from molsearch.search.output import write_hits
        from molsearch.search.queries import read_queries
        from molsearch.search.screen import Stopwatch, screen

        stopwatch = Stopwatch()
        with self.watch.stage("screens"), stopwatch.stage("screen"):
            queries = read_queries(
                [f"{example.smiles} {example.name}"], ReadConfig(), PrepareConfig()
            )
            config = ScreenConfig(k=self.reader.n_rows)
            device = resolve_device(self._device)
            hits = screen(self.reader, self.embedder, queries, config, device=device)
        with self.watch.stage("hit lists"):
            counts = tally(hits.frame, example.drug_class)
            write_hits(hits, self.folder / f"{example.name}.csv")
        result = Result(example, hits, counts, stopwatch.seconds["screen"])
        self.results.append(result)
        return result

    def write_pages(self) -> None:
        """Write one page a query, each linked with the others."""
        from molsearch.cli.demo_report import page_of
        from molsearch.search.page import write_page

        with self.watch.stage("pages"):
            for result in self.results:
                query: dict[str, Any] = {
                    "id": result.example.name,
                    "smiles": result.example.smiles,
                    "note": result.example.drug_class,
                }
                page = page_of(result, self.results, encoder=self.encoder_name)
                write_page(
                    result.hits.frame, [query], self.page(result.example), page, drawn=_DRAWN
                )

    @property
    def encoder_name(self) -> str:
        """What the encoder calls itself."""
        return str(self.embedder.card.get("name", self.embedder.identity[:12]))

    def page(self, example: Example) -> Path:
        """Where the page of a query goes."""
        return self.folder / f"{example.name}.html"
