"""What stays warm between requests: encoders and opened indexes, within a memory limit.

An encoder is loaded once however it is named, an index is opened once a generation; either is
looked at again when its files have changed. The least recently used go when the limit is passed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from molsearch.errors import EncoderMismatchError
from molsearch.index.layout import MANIFEST
from molsearch.index.rarity import reference_of
from molsearch.index.reader import IndexReader, find_index, open_index
from molsearch.nn.device import resolve_device
from molsearch.nn.encoder import Encoder
from molsearch.nn.weights import (
    CARD_FILE,
    REFERENCE_FILE,
    WEIGHTS_FILE,
    encoder_folder,
    load_encoder,
)
from molsearch.service.events import Emit, silent
from molsearch.service.far_index import here


@dataclass(frozen=True)
class _Kept:
    value: Any
    n_bytes: int
    stamp: Hashable = None


class Session:
    """Encoders and indexes that requests share. May be used from several threads.

    Parameters
    ----------
    memory_limit
        Bytes of weights and mapped vectors to keep; None for no limit. What was used last stays
        even where it alone is larger.

    Examples
    --------
    >>> session = Session(memory_limit=4 << 30)
    >>> session.encoder() is session.encoder("small")     # doctest: +SKIP
    True
    """

    def __init__(self, *, memory_limit: int | None = None) -> None:
        self._limit = memory_limit
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def n_bytes(self) -> int:
        """Bytes of what is kept."""
        with self._lock:
            unique = {id(kept.value): kept.n_bytes for kept in self._kept.values()}
        return sum(unique.values())

    def encoder(
        self, path: str | Path | None = None, *, device: str = "auto", batch_size: int = 128
    ) -> Encoder:
        """Load an encoder, or find it loaded; arguments and errors as of `load_encoder`."""
        folder = encoder_folder(path).resolve()
        place = str(resolve_device(device))
        stamp = tuple(_stamp(folder / name) for name in (CARD_FILE, WEIGHTS_FILE, REFERENCE_FILE))

        def load() -> _Kept:
            loaded = load_encoder(path, device=device, batch_size=batch_size)
            reference = reference_of(loaded)
            beside = None if reference is None else reference.key  # no part of the identity
            twin = ("identity", loaded.identity, beside, place, batch_size)
            # The same encoder elsewhere, or by another name, is kept once.
            return self._found(twin, None, lambda: _Kept(loaded, _bytes_of_encoder(loaded)))

        return self._found(("encoder", folder, place, batch_size), stamp, load).value

    def index(
        self, path: str | Path, *, encoder: str | None = None, emit: Emit = silent
    ) -> IndexReader:
        """Open the newest whole generation of an index, or find it open.

        Parameters
        ----------
        path
            Its folder, or an address such as ``s3://bucket/vendor.index``
            (`molsearch.service.far_index`).
        encoder
            Identity of the encoder it will be searched with.

        Raises
        ------
        InputError, IndexCorruptError, EncoderMismatchError
            As of `open_index`.
        """
        place = here(path, emit)
        find_index(place)
        head = place / MANIFEST
        if not head.is_file():  # unfinished or damaged: opening says so
            return open_index(place, identity=encoder)
        key = ("index", place.absolute())
        reader: IndexReader = self._found(key, _stamp(head), lambda: _open(place)).value
        if encoder is not None and reader.identity != encoder:
            return open_index(place, identity=encoder)
        return reader

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()

    def _found(self, key: Hashable, stamp: Hashable, make: Callable[[], _Kept]) -> _Kept:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.stamp != stamp:
                kept = replace(make(), stamp=stamp)
                self._kept[key] = kept
            self._kept.move_to_end(key)
            self._drop_oldest(kept.value)
            return kept

    def _drop_oldest(self, used: Any) -> None:
        while self._limit is not None and self.n_bytes > self._limit:
            oldest = next(iter(self._kept.values())).value
            if oldest is used:
                return
            for key in [key for key, kept in self._kept.items() if kept.value is oldest]:
                del self._kept[key]


def _open(path: Path) -> _Kept:
    reader = open_index(path)
    mapped = sum(
        entry.n_bytes for shard in reader.manifest.shards for entry in shard.files.values()
    )
    return _Kept(reader, mapped)


def _bytes_of_encoder(encoder: Encoder) -> int:
    weights = sum(one.numel() * one.element_size() for one in encoder.network.parameters())
    beside = (encoder.background, encoder.background_ecfp4, encoder.reference)
    return weights + sum(one.nbytes for one in beside if one is not None)


def _stamp(path: Path) -> tuple[int, int, int]:
    """Take what changes with a file that is replaced."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0, 0  # one that need not be there; of others loading says so
    except OSError as error:
        raise EncoderMismatchError(f"{path}: {error.strerror}; restore it") from error
    return found.st_ino, found.st_size, found.st_mtime_ns
