"""An index at an address, such as ``s3://bucket/vendor.index``: copied here to be searched.

Every file of the generation that the address names now comes once, under its sha256, into the
user's cache, and is compared with it; a broken copy goes on where it stopped. Of an index that
has grown only the new shards come. Only when all is here the copy becomes an index.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from molsearch.cache import MEND, user_cache
from molsearch.errors import IndexCorruptError, InputError, MolSearchError
from molsearch.index.ann.manifest import ABOUT, FOLDER
from molsearch.index.ann.manifest import About as AnnAbout
from molsearch.index.layout import FAILURES, GENERATIONS, MANIFEST, generations
from molsearch.index.manifest import FileEntry, Manifest
from molsearch.index.models import parse_model
from molsearch.io.atomic import fsync_folder, write_bytes
from molsearch.io.hashing import sha256_bytes, sha256_file
from molsearch.progress import OnProgress, nobody
from molsearch.store.hold import remove_free
from molsearch.store.lock import alone
from molsearch.store.sealed import LARGEST
from molsearch.work.place import Place

_PART_BYTES = 2**24
_POOL = "files"


@dataclass(frozen=True)
class Wanted:
    """A file of an index, by its name within it."""

    name: str
    entry: FileEntry


@dataclass(frozen=True)
class Remote:
    """What an address holds now.

    Attributes
    ----------
    place
        The address.
    head, ann
        Bytes of the manifest, and of what describes lists for approximate search, if any.
    generation
        That the manifest is of.
    files
        All others, as the manifest names them.
    """

    place: Place
    head: bytes
    ann: bytes | None
    generation: int
    files: tuple[Wanted, ...]

    @property
    def n_bytes(self) -> int:
        """Of all files."""
        return sum(one.entry.n_bytes for one in self.files)


def look_at(address: str) -> Remote:
    """Read what an address holds.

    Raises
    ------
    InputError
        There is no index.
    IndexCorruptError
        Its manifest is damaged, or of a newer version.
    MolSearchError
        The address does not answer.
    """
    place = Place.of(address, mend="check the address, the network and your permission")
    try:
        head = place.part(MANIFEST, 0, LARGEST)
    except FileNotFoundError as error:
        raise InputError(
            f"no index at {address}; make one, and copy its folder there with all it holds"
        ) from error
    try:
        ann = place.part(f"{FOLDER}/{ABOUT}", 0, LARGEST)
    except FileNotFoundError:
        ann = None
    manifest = parse_model(head, f"{address}/{MANIFEST}", Manifest)
    about = None
    if ann is not None:
        about = parse_model(ann, f"{address}/{FOLDER}/{ABOUT}", AnnAbout)
    folder = f"{GENERATIONS}/{manifest.generation:06d}"
    files = [Wanted(f"{folder}/{FAILURES}", manifest.failures)]
    files += [
        Wanted(f"{shard.folder}/{name}", entry)
        for shard in manifest.shards
        for name, entry in shard.files.items()
    ]
    if about is not None:
        files += [Wanted(f"{FOLDER}/{one.name}", one.entry) for one in about.files]
    return Remote(place, head, ann, manifest.generation, tuple(files))


def fetch(
    remote: Remote,
    on_progress: OnProgress | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Path:
    """Copy an index into the user's cache, as far as it is not there; returns its folder there.

    Parameters
    ----------
    on_progress
        Called with bytes that are here, and 0.
    on_wait
        Called once where another process fills the cache.

    Raises
    ------
    IndexCorruptError
        A file is not as the manifest says, or gone.
    MolSearchError
        The address ceases to answer, or the cache cannot be written.
    """
    report = on_progress or nobody
    address = remote.place.address
    root = cache_root()
    folder = _folder_of(root, remote)
    with _kept_in_cache(address), ExitStack() as stack:
        root.mkdir(parents=True, exist_ok=True)
        stack.enter_context(alone(root / ".lock", on_wait))
        if (folder / MANIFEST).is_file():
            return folder
        pool, done = root / _POOL, 0
        pool.mkdir(exist_ok=True)
        for one in remote.files:
            target = folder / one.name
            if not target.is_file():  # where it is, it is whole
                for more in _into_pool(remote.place, one, pool):
                    report(done + more, 0)
                _stand(pool / one.entry.sha256, target)
            done += one.entry.n_bytes
            report(done, 0)
        if remote.ann is not None:
            write_bytes(folder / FOLDER / ABOUT, remote.ann)
        write_bytes(folder / GENERATIONS / f"{remote.generation:06d}" / MANIFEST, remote.head)
        write_bytes(folder / MANIFEST, remote.head)
        _prune(folder, pool)
    return folder


def cache_root() -> Path:
    """Folder of all copies, in the user's cache; may be removed at any time."""
    return user_cache() / "indexes"


def _folder_of(root: Path, remote: Remote) -> Path:
    content = remote.head + (remote.ann or b"")
    name = sha256_bytes(remote.place.address.encode())[:16]
    return root / name / sha256_bytes(content)[:16]


def _into_pool(place: Place, wanted: Wanted, pool: Path) -> Iterator[int]:
    """Bring a file here, part by part; yields the bytes that are here."""
    entry, path = wanted.entry, pool / wanted.entry.sha256
    if path.is_file():
        return
    part = pool / f".{entry.sha256}.part"
    have = part.stat().st_size if part.exists() else 0
    if have > entry.n_bytes:
        part.unlink()
        have = 0
    with part.open("ab") as handle:
        while have < entry.n_bytes:
            stop = min(have + _PART_BYTES, entry.n_bytes)
            try:
                content = place.part(wanted.name, have, stop)
            except FileNotFoundError as error:
                raise IndexCorruptError(
                    f"{place.address}/{wanted.name} is not there, though the manifest names it: "
                    "repeat the command if the index was being replaced, else copy it there again"
                ) from error
            if len(content) != stop - have:
                break  # shorter than the manifest says: its checksum tells
            handle.write(content)
            have = stop
            yield have
        handle.flush()
        os.fsync(handle.fileno())
    if sha256_file(part) != entry.sha256:
        part.unlink()
        raise IndexCorruptError(
            f"{place.address}/{wanted.name} is not as its manifest says: repeat the command, and "
            "if that does not help copy the index there again"
        )
    part.replace(path)
    fsync_folder(pool)


def _stand(path: Path, target: Path) -> None:
    """Let a file of the pool stand in an index too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:
        path.replace(target)  # a file system without such links keeps it once all the same


def _prune(folder: Path, pool: Path) -> None:
    """Remove older copies from the same address, and files that no index has any more."""
    for other in folder.parent.iterdir():
        if other == folder or not other.is_dir():
            continue
        gone = [remove_free(other / GENERATIONS / f"{n:06d}") for n in generations(other)]
        if all(gone):
            shutil.rmtree(other)
    for path in pool.glob("[!.]*"):
        if path.stat().st_nlink == 1:
            path.unlink()


@contextmanager
def _kept_in_cache(address: str) -> Iterator[None]:
    """Say of a disk that refuses which one it is."""
    try:
        yield
    except OSError as error:
        raise MolSearchError(
            f"cannot keep a copy of {address} in {cache_root()} ({error.strerror or error}); make "
            f"room, or {MEND}"
        ) from error
