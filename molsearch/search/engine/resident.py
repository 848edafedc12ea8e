"""Shards that stay on devices from one search of a process to the next, within a limit of memory.

A shard is known by the checksums of its files, so a generation that shares it finds it there, and
one that does not never meets another's rows. What was not used for longest goes first; a shard that
finds no room is brought over block by block each time (`molsearch.search.engine.streamed`).
"""

from __future__ import annotations

import math
import os
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.errors import UsageError
from molsearch.index.layout import EMBEDDINGS, FINGERPRINTS, INT8
from molsearch.index.reader import IndexReader
from molsearch.index.vectors.copies import CopyRows
from molsearch.index.vectors.int8 import Int8, Int8Block

#: GiB a device that shards may take; four fifths of what is free where it is not set.
VARIABLE = "MOLSEARCH_DEVICE_MEMORY"
_SHARE = 0.8
_COPIED = 2**16  # rows brought over at a time: the host holds no second copy of a shard
_Key = tuple[str, str]


@dataclass(frozen=True)
class Block:
    """Some rows of a shard on a device.

    Attributes
    ----------
    vectors
        int8, float16 or float32 ``[n, dim]``.
    scale
        float32 ``[n]``: what int8 codes are multiplied with; None for rows as they are stored.
    distance
        float32 ``[n]``, on the host: how far codes lie from their rows.
    prints
        int32 ``[n, 64]``: bits of the fingerprints; None where they were not asked for.
    """

    vectors: torch.Tensor
    scale: torch.Tensor | None
    distance: NDArray[np.float32] | None
    prints: torch.Tensor | None

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def n_bytes(self) -> int:
        """What it takes on its device."""
        parts = (self.vectors, self.scale, self.prints)
        return sum(one.numel() * one.element_size() for one in parts if one is not None)

    def part(self, start: int, stop: int) -> Block:
        """Rows ``start .. stop - 1``, not copied."""
        return Block(
            self.vectors[start:stop],
            None if self.scale is None else self.scale[start:stop],
            None if self.distance is None else self.distance[start:stop],
            None if self.prints is None else self.prints[start:stop],
        )


def host_block(
    reader: IndexReader, shard: int, start: int, stop: int, *, prints: bool, pinned: bool
) -> Block:
    """Read rows of a shard for a device, checked against their sums."""
    codes = _codes(reader, shard)
    scale = distance = None
    if codes is None:
        vectors = np.array(reader.checked_embeddings(shard).rows(start, stop))
    else:
        rows = Int8Block.of(codes.rows(start, stop))
        vectors = np.array(rows.codes)
        scale, distance = np.array(rows.scale), np.array(rows.distance)
    bits = None
    if prints:
        stored = reader.checked_fingerprints(shard).rows(start, stop)
        bits = np.array(stored).view(np.int32)
    tensors = [None if one is None else torch.from_numpy(one) for one in (vectors, scale, bits)]
    if pinned:
        tensors = [None if one is None else one.pin_memory() for one in tensors]
    assert tensors[0] is not None
    return Block(tensors[0], tensors[1], distance, tensors[2])


def moved(block: Block, device: torch.device) -> Block:
    """Bring a block to a device; the copy may go on after the call where the host's is pinned."""

    def to(tensor: torch.Tensor | None) -> torch.Tensor | None:
        return None if tensor is None else tensor.to(device, non_blocking=True)

    vectors = to(block.vectors)
    assert vectors is not None
    return Block(vectors, to(block.scale), block.distance, to(block.prints))


class Residents:
    """What lies on some devices.

    Parameters
    ----------
    devices
        Shards are dealt out to them in turn.
    limit
        Bytes a device that they may take.
    """

    def __init__(self, devices: Sequence[torch.device], limit: int) -> None:
        self.devices = tuple(devices)
        self._limit = limit
        self._kept: list[OrderedDict[_Key, Block]] = [OrderedDict() for _ in devices]
        self._lock = Lock()
        self.n_moved = 0

    def place(self, shard: int) -> int:
        """Place among `devices` of the device that a shard belongs to."""
        return shard % len(self.devices)

    def n_bytes(self, place: int) -> int:
        """Bytes that are taken on a device."""
        return sum(block.n_bytes for block in self._kept[place].values())

    def shard(self, reader: IndexReader, number: int, *, prints: bool) -> Block | None:
        """Find a shard on its device, brought there now if need be; None where it has no room.

        Shards of the same search never push each other out: that would bring all of them over
        anew each time.
        """
        place = self.place(number)
        key = _key(reader, number)
        kept = self._kept[place]
        with self._lock:
            block = kept.get(key)
            if block is not None and (block.prints is not None or not prints):
                kept.move_to_end(key)
                return block
            if not self._make_room(reader, place, _bytes_of(reader, number, prints=prints)):
                return None
        block = self._brought(reader, number, self.devices[place], prints=prints)
        if block is not None:
            with self._lock:
                kept[key] = block
        return block

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            for kept in self._kept:
                kept.clear()

    def _make_room(self, reader: IndexReader, place: int, needed: int) -> bool:
        kept = self._kept[place]
        mine = {_key(reader, number) for number in range(reader.n_shards)}
        others = [key for key in kept if key not in mine]
        while self.n_bytes(place) + needed > self._limit and others:
            del kept[others.pop(0)]
        return self.n_bytes(place) + needed <= self._limit

    def _brought(
        self, reader: IndexReader, number: int, device: torch.device, *, prints: bool
    ) -> Block | None:
        """Bring a shard over in parts; None where the device has less room than was thought."""
        n_rows = reader.shard_rows[number]
        pinned = device.type == "cuda"
        whole: Block | None = None
        try:
            for start in range(0, n_rows, _COPIED):
                stop = min(start + _COPIED, n_rows)
                part = host_block(reader, number, start, stop, prints=prints, pinned=pinned)
                if whole is None:
                    whole = _empty_like(part, n_rows, device)
                _fill(whole, part, start)
        except torch.cuda.OutOfMemoryError:
            return None
        self.n_moved += 1
        return whole


def devices_of(device: torch.device) -> tuple[torch.device, ...]:
    """Devices that a search runs on: the one that is named, or every CUDA device there is."""
    if device.type == "cuda" and device.index is None:
        return tuple(torch.device("cuda", number) for number in range(torch.cuda.device_count()))
    return (device,)


@cache
def residents_of(device: torch.device) -> Residents:
    """Look up what this process keeps on a device, or on all of its kind."""
    devices = devices_of(device)
    return Residents(devices, _limit_of(devices))


def _limit_of(devices: Sequence[torch.device]) -> int:
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        try:
            limit = float(given) * 2**30
        except ValueError:
            limit = math.nan
        if not (math.isfinite(limit) and limit >= 0):
            raise UsageError(f"{VARIABLE}={given!r} is no number of GiB; unset it, or give one")
        return int(limit)
    free = [torch.cuda.mem_get_info(one)[0] for one in devices if one.type == "cuda"]
    return int(_SHARE * min(free, default=0))


def _codes(reader: IndexReader, number: int) -> CopyRows | None:
    """Copy of a byte a dimension, where a shard has one: of others, devices take the rows."""
    copy = reader.copy(number)
    return copy if copy is not None and isinstance(copy.codec, Int8) else None


def _key(reader: IndexReader, number: int) -> _Key:
    files = reader.manifest.shards[number].files
    vectors = files.get(EMBEDDINGS) or files[INT8]
    return vectors.sha256, files[FINGERPRINTS].sha256


def _bytes_of(reader: IndexReader, number: int, *, prints: bool) -> int:
    codes = _codes(reader, number)
    one = reader.dim + 4 if codes is not None else reader.embeddings(number).strides[0]
    return reader.shard_rows[number] * (one + (256 if prints else 0))


def _empty_like(part: Block, n_rows: int, device: torch.device) -> Block:
    def empty(tensor: torch.Tensor | None) -> torch.Tensor | None:
        if tensor is None:
            return None
        return torch.empty((n_rows, *tensor.shape[1:]), dtype=tensor.dtype, device=device)

    distance = None if part.distance is None else np.empty(n_rows, np.float32)
    vectors = empty(part.vectors)
    assert vectors is not None
    return Block(vectors, empty(part.scale), distance, empty(part.prints))


def _fill(whole: Block, part: Block, start: int) -> None:
    into = whole.part(start, start + len(part))
    for due, given in (
        (into.vectors, part.vectors),
        (into.scale, part.scale),
        (into.prints, part.prints),
    ):
        if due is not None and given is not None:
            due.copy_(given, non_blocking=True)
    if into.distance is not None and part.distance is not None:
        into.distance[:] = part.distance
    if whole.vectors.device.type == "cuda":
        torch.cuda.synchronize(whole.vectors.device)  # the pinned part goes now
