"""Stages that several verbs run, each with its progress on stderr."""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molsearch.cli.progress import Progress

if TYPE_CHECKING:
    from molsearch.config import PrepareConfig, ReadConfig
    from molsearch.data.prepared import PreparedSet
    from molsearch.index.embedder import Embedder
    from molsearch.index.reader import IndexReader
    from molsearch.nn.encoder import Encoder


class StageProgress:
    """A progress line whose first news tells what was done earlier; silent where that is all."""

    def __init__(self, stage: str, total: int | None = None, *, quiet: bool) -> None:
        self._stage, self._total, self._quiet = stage, total, quiet
        self._progress: Progress | None = None
        self._news = False

    def __enter__(self) -> StageProgress:
        return self

    def __exit__(self, *details: Any) -> None:
        if self._progress is not None and self._news:
            self._progress.__exit__(*details)

    def __call__(self, done: int, failed: int) -> None:
        """Take the counts so far."""
        if self._progress is None:
            # From here the clock runs: the first batch counts in the rate.
            self._progress = Progress(self._stage, self._total, quiet=self._quiet)
            self._progress.resumed(done)
            return
        self._news = True
        self._progress.update(done, failed)


def say(line: str, *, quiet: bool) -> None:
    """Print one line on stderr, unless `quiet`."""
    if not quiet:
        print(line, file=sys.stderr)


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Show molsearch's own warnings as one plain line each, even when quiet."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, UserWarning):
            print(f"molsearch: warning: {' '.join(str(message).split())}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def load(path: str | None, *, device: str, batch_size: int) -> Encoder:
    """Load the encoder that a verb embeds with; None is the bundled one."""
    from molsearch.nn.weights import load_encoder

    return load_encoder(path, device=device, batch_size=batch_size)


def prepared_set(
    sources: Sequence[str],
    folder: Path,
    read: ReadConfig,
    config: PrepareConfig,
    *,
    workers: int,
    replace: bool,
    any_source: bool,
    limit: int | None,
    quiet: bool,
) -> PreparedSet:
    """Prepare raw files into `folder`, or open what an earlier run left there."""
    from molsearch.data.prepare import NothingPreparedError
    from molsearch.service.library import ensure_prepared

    try:
        with StageProgress("preparing", quiet=quiet) as progress:
            return ensure_prepared(
                sources,
                folder,
                read,
                config,
                workers=workers,
                replace=replace,
                any_source=any_source,
                limit=limit,
                on_progress=progress,
            )
    except NothingPreparedError:
        # A folder of nothing but failures would only stand in the way of the mended file.
        shutil.rmtree(folder, ignore_errors=True)
        if folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()
        raise


def index_of(
    prepared: PreparedSet, embedder: Embedder, out: Path, *, overwrite: bool, quiet: bool
) -> IndexReader:
    """Embed a prepared set into an index, or open the index an earlier run left there."""
    from molsearch.index.writer import build_index

    with StageProgress("embedding", prepared.n_ok, quiet=quiet) as progress:
        return build_index(prepared, embedder, out, overwrite=overwrite, on_progress=progress)
