"""A folder that all nodes see: local, on NFS, or on an object store, by its fsspec address.

Files appear whole or not at all: on a disk by a rename, on an object store because an object is
there when its upload is. Whoever reads one compares it with the checksum that its writer gave.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import fsspec

from molsearch.errors import MolSearchError, UsageError
from molsearch.io.atomic import replacing
from molsearch.io.hashing import sha256_file

T = TypeVar("T")
_TRIES = 4
_FIRST_PAUSE = 0.5  # s, doubled with each try


@dataclass(frozen=True)
class Put:
    """A file that was put in a place."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Place:
    """A folder by its address: a path, or such as ``s3://bucket/folder``.

    Every request that fails is repeated, with a pause; an object store that goes on refusing is
    one error.
    """

    address: str
    mend: str = "mend it, or name another --staging"

    @classmethod
    def of(cls, address: str | Path, *, mend: str | None = None) -> Place:
        """Take an address as the user wrote it; a path is made absolute.

        Parameters
        ----------
        mend
            What to do where it goes on refusing.

        Raises
        ------
        UsageError
            Nothing installed here can read such an address.
        """
        text = str(address)
        if "://" not in text:
            text = str(Path(text).absolute())
        place = cls(text.rstrip("/") or text, cls.mend if mend is None else mend)
        if place.is_local:
            return place
        try:
            _ = place._system
        except (ImportError, ValueError) as error:
            scheme = text.split("://")[0]
            package = {"s3": "s3fs", "gs": "gcsfs"}.get(scheme, f"what fsspec needs for {scheme}")
            raise UsageError(f"{text} cannot be read here: pip install {package}") from error
        return place

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of a file system."""
        return "://" not in self.address

    @cached_property
    def _system(self) -> Any:
        return fsspec.core.url_to_fs(self.address, use_listings_cache=False)[0]

    def put(self, path: Path, name: str) -> Put:
        """Put a copy of a file here as `name`, in place of one of that name.

        Raises
        ------
        MolSearchError
            The place goes on refusing; nothing of the file is visible then.
        """
        put = Put(name, path.stat().st_size, sha256_file(path))

        def write() -> None:
            if self.is_local:
                with replacing(Path(self.address) / name) as temporary:
                    shutil.copyfile(path, temporary)
            else:
                self._system.put_file(str(path), self._at(name))
            if (size := self._system.info(self._at(name))["size"]) != put.size:
                raise OSError(None, f"{size} of {put.size} bytes arrived")

        self._persist(write, f"put {name} into")
        return put

    def take(self, put: Put, path: Path) -> None:
        """Move a file from here to `path`, durably, once its checksum has been compared.

        Raises
        ------
        MolSearchError
            It is not there, or not as it was put.
        """

        def read() -> None:
            with replacing(path) as temporary:
                if self.is_local:
                    shutil.copyfile(self._at(put.name), temporary)
                else:
                    self._system.get_file(self._at(put.name), str(temporary))
                if sha256_file(temporary) != put.sha256:
                    raise OSError(None, f"{put.name} differs from its checksum")

        self._persist(read, f"take {put.name} from")
        self._persist(lambda: self._forget(put.name), f"remove {put.name} from")

    def write(self, name: str, content: bytes) -> None:
        """Put a few bytes here; errors as of `put`."""
        self._persist(lambda: self._write(name, content), f"write {name} into")

    def read(self, name: str) -> bytes:
        """Read a few bytes.

        Raises
        ------
        OSError
            They are not there.
        """
        content: bytes = self._system.cat_file(self._at(name))
        return content

    def part(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Read bytes ``start .. stop - 1`` of a file, or all of it.

        Raises
        ------
        FileNotFoundError
            It is not there.
        MolSearchError
            The place goes on refusing.
        """

        def read() -> bytes:
            content: bytes = self._system.cat_file(self._at(name), start=start, end=stop)
            return content

        return self._persist(read, f"read {name} of", at_once=(FileNotFoundError,))

    def remove(self) -> None:
        """Remove the folder with what is in it; what stands in the way stays."""
        try:
            self._system.rm(self.address, recursive=True)
        except OSError:
            return

    @contextmanager
    def within(self, name: str) -> Iterator[Place]:
        """Yield a new folder in here, which goes when the work is over, however it ends."""
        inner = Place(f"{self.address}/{name}-{secrets.token_hex(4)}")
        try:
            yield inner
        finally:
            inner.remove()

    def _at(self, name: str) -> str:
        return f"{self.address}/{name}"

    def _write(self, name: str, content: bytes) -> None:
        if self.is_local:
            with replacing(Path(self._at(name))) as temporary:
                temporary.write_bytes(content)
        else:
            self._system.pipe_file(self._at(name), content)

    def _forget(self, name: str) -> None:
        try:
            self._system.rm_file(self._at(name))
        except FileNotFoundError:
            return

    def _persist(
        self, work: Callable[[], T], what: str, at_once: tuple[type[Exception], ...] = ()
    ) -> T:
        """Do something that may fail by chance, several times; errors `at_once` are no chance."""
        pause = _FIRST_PAUSE
        for left in reversed(range(_TRIES)):
            try:
                return work()
            except at_once:
                raise
            except Exception as error:
                if not left:
                    said = " ".join(str(error).split())[:200] or type(error).__name__
                    raise MolSearchError(
                        f"cannot {what} {self.address} ({said}), {_TRIES} times: {self.mend}"
                    ) from error
            time.sleep(pause)
            pause *= 2
        raise AssertionError("unreachable")
