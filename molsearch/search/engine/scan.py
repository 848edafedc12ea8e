"""One pass over an index: every row is offered to the pools that it may belong to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError
from molsearch.index.blocks import CheckedRows, Rows
from molsearch.index.rarity import rarity_rows
from molsearch.index.reader import IndexReader
from molsearch.scoring.plan import ScanPlan
from molsearch.search.engine.backend import Approximate, Backend
from molsearch.search.engine.copied import AskedOnce, CopyBackend
from molsearch.search.engine.device_scan import LARGER, scan_on_devices
from molsearch.search.engine.floats import FloatBackend
from molsearch.search.engine.resident import Residents
from molsearch.search.pool import Pool
from molsearch.search.threads import together

CHUNK_ROWS = 65_536
_CACHED_SCORES = 2**17  # 512 KiB of float32, worked on several times
# As many as PyTorch does not share among threads of its own: threads within threads wait for each
# other, which takes longer than the scan.
_UNSHARED_SCORES = 2**15
_FIRST_ROWS = 4096
_CHUNK_SCORES = 2**24

Excluded = Sequence[NDArray[np.bool_]]


@dataclass(frozen=True)
class _Shard:
    """What is scanned of one shard, and where its first row stands."""

    number: int
    backend: Backend
    prints: CheckedRows | None
    rarity: Rows | None
    excluded: NDArray[np.bool_] | None
    offset: int


def scan(
    reader: IndexReader,
    plan: ScanPlan,
    pools: list[Pool],
    error: float,
    residents: Residents | None,
    excluded: Excluded | None,
    chunk_rows: int,
    *,
    only: int | None = None,
) -> None:
    """Offer every row of an index that is not excluded to the pools.

    Parameters
    ----------
    pools
        One a list of the plan.
    error
        Bound on the difference between a float32 score and the exact one.
    residents
        Devices that scan, with what lies on them; None for the processor itself.
    only
        The number of a shard: the others are passed over, on the processor.

    Raises
    ------
    IndexCorruptError
        An embedding is not finite, or a file cannot be read.
    """
    one = _Scan(reader, plan, pools, error)
    matrix = plan.matrix
    if residents is not None:
        _on_devices(
            one, residents, excluded, min(LARGER * chunk_rows, _CHUNK_SCORES // matrix.shape[1])
        )
        return
    asked = AskedOnce(matrix)
    rarities = None if plan.reference is None else rarity_rows(reader, plan.reference)
    most = max(1, min(chunk_rows, _CHUNK_SCORES // matrix.shape[1]))
    offset = 0
    for number, n_rows in enumerate(reader.shard_rows):
        if only not in (None, number):
            offset += n_rows
            continue
        # Mapped anew for each shard: pages of the one before leave this process's memory.
        copy = reader.copy(number)
        backend: Backend
        if copy is None:
            backend = FloatBackend(reader.checked_embeddings(number), plan, matrix)
        else:
            backend = CopyBackend(copy, plan, matrix, asked)
        prints = reader.checked_fingerprints(number) if plan.needs_fingerprints else None
        out = None if excluded is None else excluded[number]
        rarity = None if rarities is None else rarities.of(number)
        shard = _Shard(number, backend, prints, rarity, out, offset)
        if isinstance(backend, FloatBackend):
            for start, stop in _chunks(n_rows, most, first=number == 0):
                one.chunk(shard, start, stop)
        else:
            n_threads = torch.get_num_threads()
            scores = _CACHED_SCORES if n_threads == 1 else _UNSHARED_SCORES
            rows = min(most, max(_FIRST_ROWS, scores // matrix.shape[1]))
            chunks = list(_chunks(n_rows, rows, first=number == 0))
            together(partial(one.chunk, shard), chunks, n_threads)
        offset += n_rows


def _on_devices(one: _Scan, residents: Residents, excluded: Excluded | None, most: int) -> None:
    starts = one.reader.starts

    def out(number: int) -> NDArray[np.bool_] | None:
        return None if excluded is None else excluded[number]

    def offer(number: int, start: int, found: Approximate, scores: torch.Tensor) -> None:
        mine = out(number)
        part = None if mine is None else mine[start : start + len(scores)]
        one.offer(number, scores, found, part, int(starts[number]) + start)

    scan_on_devices(one.reader, one.plan, residents, out, offer, max(1, most))


def _chunks(n_rows: int, most: int, *, first: bool) -> Iterator[tuple[int, int]]:
    """Cut a shard up; small chunks first, which soon sets thresholds."""
    size = min(most, _FIRST_ROWS) if first else most
    start = 0
    while start < n_rows:
        yield start, min(start + size, n_rows)
        start += size
        size = min(most, 2 * size)


def _tensor(rarity: NDArray[np.float32] | None) -> torch.Tensor | None:
    # Mapped rows cannot be written, which a tensor of them would allow.
    return None if rarity is None else torch.from_numpy(np.array(rarity))


# On the processor by NumPy: PyTorch would share such work among threads of its own, and these wait
# for one another within the threads of a scan.
def _sum(scores: torch.Tensor) -> float:
    return float(scores.numpy().sum() if scores.device.type == "cpu" else scores.sum())


def _taken(scores: torch.Tensor, places: NDArray[np.int64]) -> NDArray[np.float32]:
    if scores.device.type == "cpu":
        return np.asarray(scores.numpy()[places])
    return scores[torch.from_numpy(places).to(scores.device)].cpu().numpy()


class _Scan:
    """Scores chunks and offers them; chunks may be scored in several threads at once."""

    def __init__(
        self, reader: IndexReader, plan: ScanPlan, pools: list[Pool], error: float
    ) -> None:
        self.reader, self.plan, self._pools, self._error = reader, plan, pools, error
        self._offering = Lock()

    def chunk(self, shard: _Shard, start: int, stop: int) -> None:
        out = None if shard.excluded is None else shard.excluded[start:stop]
        if out is not None and out.all():
            return
        found = shard.backend.score(start, stop)
        prints = None if shard.prints is None else shard.prints.rows(start, stop)
        rarity = None if shard.rarity is None else shard.rarity.rows(start, stop)
        scores = self.plan.finish(found.cosines, prints, _tensor(rarity))
        if isinstance(shard.backend, CopyBackend) and shard.backend.refines:
            self._check(shard.number, scores, out)
            self._refined(shard, scores, found, start)
        else:
            self.offer(shard.number, scores, found, out, shard.offset + start)

    def offer(
        self,
        number: int,
        scores: torch.Tensor,
        found: Approximate,
        out: NDArray[np.bool_] | None,
        offset: int,
    ) -> None:
        """Offer the scores ``[n, lists]`` of a shard's rows, of which those `out` are none.

        Parameters
        ----------
        offset
            Position of the first of them over all shards.
        """
        self._check(number, scores, out)
        self._offer(scores, found, offset)

    def _check(self, number: int, scores: torch.Tensor, out: NDArray[np.bool_] | None) -> None:
        """Refuse scores that are not finite; those of rows that are `out` become the lowest."""
        if not math.isfinite(_sum(scores)):
            raise IndexCorruptError(
                f"shard {number} of {self.reader.path} holds an embedding that is not "
                f"finite; run: molsearch verify {self.reader.path}"
            )
        if out is not None:
            scores[torch.from_numpy(out).to(scores.device)] = -torch.inf

    def _refined(self, shard: _Shard, scores: torch.Tensor, found: Approximate, start: int) -> None:
        """Offer rows that may be of use by their own bounds, multiplied as they are stored."""
        assert isinstance(shard.backend, CopyBackend)
        rows = self._possible(scores, found)
        if len(rows):
            found = shard.backend.refine(start + rows)
            prints = None if shard.prints is None else shard.prints.take(start + rows)
            rarity = None if shard.rarity is None else shard.rarity.take(start + rows)
            scores = self.plan.finish(found.cosines, prints, _tensor(rarity))
            self._offer(scores, found, shard.offset + start + rows)

    def _possible(self, scores: torch.Tensor, found: Approximate) -> NDArray[np.int64]:
        """Rows whose highest possible score, each by its own bound, is of use to a list."""
        least = np.array([pool.threshold for pool in self._pools], np.float32)
        assert found.error is not None
        width = np.float32(self.plan.of_products) * found.error + np.float32(self._error)
        lowered = np.nextafter(least - width[:, None], np.float32(-np.inf))
        return np.flatnonzero((scores.numpy() >= lowered).any(axis=1))

    def _reaching(self, scores: torch.Tensor, error: float) -> NDArray[np.int64]:
        """Places in the scores ``[n, lists]``, one row after the other, that may be of use."""
        least = [pool.threshold - error for pool in self._pools]
        thresholds = np.nextafter(np.array(least, np.float32), np.float32(-np.inf))
        if scores.device.type == "cpu":
            return np.flatnonzero(scores.numpy() >= thresholds)  # quicker than PyTorch's
        reached = (scores >= torch.from_numpy(thresholds).to(scores.device)).reshape(-1)
        return torch.nonzero(reached)[:, 0].cpu().numpy()

    def _offer(
        self, scores: torch.Tensor, found: Approximate, first: int | NDArray[np.int64]
    ) -> None:
        """Offer rows by their scores; `first` is where the first stands, or where each does."""
        places = self._reaching(scores, self.plan.of_products * found.largest + self._error)
        if len(places) == 0:
            return
        around = _taken(scores.reshape(-1), places)
        rows, lists = np.divmod(places, len(self._pools))
        width: NDArray[np.float32] | np.float32 = np.float32(self._error)
        if found.error is not None:
            width = np.float32(self.plan.of_products) * found.error[rows] + width
        highest, lowest = around + width, around - width
        rows = rows + first if isinstance(first, int) else first[rows]
        with self._offering:
            if len(self._pools) == 1:
                self._pools[0].add(rows, highest, lowest)
                return
            order = np.argsort(lists, kind="stable")
            ends = np.searchsorted(lists[order], np.arange(len(self._pools) + 1))
            for pool, first, last in zip(self._pools, ends, ends[1:], strict=False):
                if last > first:
                    mine = order[first:last]
                    pool.add(rows[mine], highest[mine], lowest[mine])
