"""Prepared sets and indexes of libraries that are screened straight from their files.

A library is known by its content, not by its path or date, so a second screen of it finds what
the first one made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from molsearch.cache import MEND, user_cache
from molsearch.chem.readers.formats import TYPED, suffix_of
from molsearch.chem.records import expand_sources
from molsearch.config import PrepareConfig, ReadConfig
from molsearch.data.prepare import prepare, refuse_own, run_of
from molsearch.data.prepared import PreparedSet
from molsearch.data.prepared_manifest import PrepareRun
from molsearch.errors import IndexCorruptError, InputError, MolSearchError, UsageError
from molsearch.io.folders import Kind, look
from molsearch.io.hashing import sha256_file, sha256_json
from molsearch.progress import OnProgress
from molsearch.store.lock import alone
from molsearch.work.far import Far

STDIN = "-"


@dataclass(frozen=True)
class CachePlace:
    """Where a library's prepared set and its index are kept."""

    prepared: Path
    index: Path


def cache_root() -> Path:
    """Folder of all kept libraries, in the user's cache; may be removed at any time."""
    return user_cache() / "libraries"


def cache_place(
    sources: Sequence[str | Path],
    read: ReadConfig,
    config: PrepareConfig,
    encoder: str,
    *,
    limit: int | None = None,
) -> CachePlace:
    """Find the place of a library for an encoder identity, by the content of its files.

    Raises
    ------
    UsageError
        The library comes from standard input, which cannot be known before it is read.
    InputError
        A file cannot be read.
    """
    refuse_own(sources)
    names = expand_sources(sources)
    if STDIN in names:
        raise UsageError(
            "a library from standard input has no content to be known by; use: "
            "molsearch index - -o library.index"
        )
    try:
        content = [[Path(name).name, sha256_file(Path(name))] for name in names]
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error
    key = {
        "content": content,
        "read": read.model_dump(mode="json"),
        "prepare": config.model_dump(mode="json"),
        "limit": limit,
        "rdkit": version("rdkit"),
        "molsearch": version("molsearch"),
    }
    if any(suffix_of(name) in TYPED for name in names):
        key["types"] = 1  # before, their columns were text
    folder = cache_root() / sha256_json(key)[:24]
    return CachePlace(folder / "prepared", folder / f"index-{encoder[:16]}")


@contextmanager
def making(place: CachePlace, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold a library's place alone, to make what is missing there.

    Two screens of the same new library are one piece of work: the second waits for the first and
    finds what that made. The lock ends with its process, so a killed run holds nobody up.

    Parameters
    ----------
    on_wait
        Called once where another process holds the place.

    Raises
    ------
    MolSearchError
        The cache cannot be written.
    """
    folder = place.prepared.parent
    with ExitStack() as stack:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(alone(folder.with_name(f".{folder.name}.lock"), on_wait))
        except OSError as error:
            raise MolSearchError(
                f"cannot keep the index of this library in {folder.parent} ({error.strerror}); "
                f"{MEND}, or make it where you want it: molsearch index LIBRARY -o FOLDER"
            ) from error
        yield


def ensure_prepared(
    sources: Sequence[str | Path],
    folder: Path,
    read: ReadConfig,
    config: PrepareConfig,
    *,
    workers: int,
    replace: bool,
    any_source: bool = False,
    limit: int | None = None,
    buckets: tuple[int, int, int] | None = None,
    part: tuple[int, int] | None = None,
    far: Far | None = None,
    on_progress: OnProgress | None = None,
) -> PreparedSet:
    """Open the prepared set of a library in `folder`, finish it, or make it.

    Parameters
    ----------
    replace
        Whether what `folder` holds of another library, or damaged, is replaced. What it holds
        of this one is kept all the same: conformers are dear.
    any_source
        Take a whole set in `folder` whatever the names and dates of the files it was made
        from (a cache that is found by content).
    buckets, part, far
        As of `molsearch.data.prepare.prepare`.
    """
    found = _open(folder) if look(folder).kind is Kind.PREPARED else None
    if found is not None and found.complete and found.n_ok and any_source:
        return found
    run = run_of(expand_sources(sources), read, config, limit, part=part)
    same = found is not None and _same(found.manifest.run, run) and not _from_stdin(sources)
    return prepare(
        sources,
        folder,
        read,
        config,
        workers=workers,
        overwrite=replace and not same and folder.exists(),
        limit=limit,
        buckets=buckets,
        part=part,
        far=far,
        on_progress=on_progress,
    )


def _same(one: PrepareRun, other: PrepareRun) -> bool:
    """Whether two runs prepare the same, whichever encoder the one or the other thought of."""
    return one.model_copy(update={"buckets": other.buckets}) == other


def _open(folder: Path) -> PreparedSet | None:
    try:
        return PreparedSet.open(folder, allow_unfinished=True)
    except (IndexCorruptError, InputError):
        return None


def _from_stdin(sources: Sequence[str | Path]) -> bool:
    return any(str(source) == STDIN for source in sources)
