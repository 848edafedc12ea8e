"""One pass over an index: every row is offered to the pools that it may belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.errors import IndexCorruptError
from molsearch.index.rarity import rarity_rows
from molsearch.index.reader import IndexReader
from molsearch.scoring.plan import ScanPlan
from molsearch.search.engine.backend import Approximate
from molsearch.search.engine.copied import AskedOnce, CopyBackend
from molsearch.search.engine.device_scan import LARGER, scan_on_devices
from molsearch.search.engine.floats import FloatBackend
from molsearch.search.engine.fused import FusedPlan, FusedSieve
from molsearch.search.engine.resident import Residents
from molsearch.search.engine.scored import ScoredSieve, check, reaching
from molsearch.search.engine.sieve import Beside, NotFiniteError, Passed, Sieve
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
    sieve: Sieve
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
    most = max(1, min(chunk_rows, _CHUNK_SCORES // plan.matrix.shape[1]))
    if residents is not None:
        larger = max(1, min(LARGER * chunk_rows, _CHUNK_SCORES // plan.matrix.shape[1]))
        _on_devices(one, residents, excluded, larger)
        return
    numbers = range(reader.n_shards) if only is None else [only]
    together(one.chunk, one.chunks(numbers, excluded, most), torch.get_num_threads())


def _on_devices(one: _Scan, residents: Residents, excluded: Excluded | None, most: int) -> None:
    starts = one.reader.starts

    def out(number: int) -> NDArray[np.bool_] | None:
        return None if excluded is None else excluded[number]

    def offer(number: int, start: int, found: Approximate, scores: torch.Tensor) -> None:
        mine = out(number)
        part = None if mine is None else mine[start : start + len(scores)]
        with one.naming(number):
            check(scores, part)
        places = np.arange(start, start + len(scores))
        of_products, thresholds = one.plan.of_products, one.thresholds()
        passed = reaching(scores, found, places, thresholds, of_products, one.error)
        one.offer(passed, int(starts[number]))

    scan_on_devices(one.reader, one.plan, residents, out, offer, most)


def _chunks(n_rows: int, most: int, *, first: bool) -> Iterator[tuple[int, int]]:
    """Cut a shard up; small chunks first, which soon sets thresholds."""
    size = min(most, _FIRST_ROWS) if first else most
    start = 0
    while start < n_rows:
        yield start, min(start + size, n_rows)
        start += size
        size = min(most, 2 * size)


class _Scan:
    """Looks through chunks and offers what passes; chunks may be in several threads at once."""

    def __init__(
        self, reader: IndexReader, plan: ScanPlan, pools: list[Pool], error: float
    ) -> None:
        self.reader, self.plan, self.error = reader, plan, error
        self._pools = pools
        self._offering = Lock()
        self._matrix = plan.matrix
        self._asked = AskedOnce(self._matrix)
        reference = plan.reference
        self._rarities = None if reference is None else rarity_rows(reader, reference)

    def chunks(
        self, numbers: Sequence[int], excluded: Excluded | None, most: int
    ) -> Iterator[tuple[_Shard, int, int]]:
        """Yield chunks of shards, one after the other.

        Those of shards without a copy are looked through here: PyTorch multiplies them, in
        threads of its own.
        """
        rows = self.reader.shard_rows
        fused = FusedPlan.of(self.plan, self.error, sum(rows[number] for number in numbers))
        for number in numbers:
            out = None if excluded is None else excluded[number]
            # Mapped anew for each shard: pages of the one before leave this process's memory.
            sieve, at_once = self._sieve(number, fused, most)
            shard = _Shard(number, sieve, out, int(self.reader.starts[number]))
            chunks = _chunks(rows[number], at_once or most, first=number == 0)
            if at_once is not None:
                yield from ((shard, *one) for one in chunks)
                continue
            for start, stop in chunks:
                self.chunk(shard, start, stop)

    def _sieve(self, number: int, fused: FusedPlan | None, most: int) -> tuple[Sieve, int | None]:
        """Make what finds the rows of a shard, and say how many a thread gives it at once."""
        reader, plan = self.reader, self.plan
        copy = reader.copy(number)
        beside = Beside(
            reader.checked_fingerprints(number) if plan.needs_fingerprints else None,
            None if self._rarities is None else self._rarities.of(number),
        )
        if copy is None:
            rows = FloatBackend(reader.checked_embeddings(number), plan, plan.matrix)
            return ScoredSieve(rows, plan, beside, self.error), None
        if fused is not None and fused.takes(copy):
            return FusedSieve(copy, beside, fused), most
        scores = _CACHED_SCORES if torch.get_num_threads() == 1 else _UNSHARED_SCORES
        backend = CopyBackend(copy, plan, self._matrix, self._asked)
        at_once = min(most, max(_FIRST_ROWS, scores // self._matrix.shape[1]))
        return ScoredSieve(backend, plan, beside, self.error), at_once

    def chunk(self, shard: _Shard, start: int, stop: int) -> None:
        """Offer what may be of use among some rows of a shard."""
        out = None if shard.excluded is None else shard.excluded[start:stop]
        if out is not None and out.all():
            return
        with self.naming(shard.number):
            passed = shard.sieve.passed(start, stop, self.thresholds(), out)
        self.offer(passed, shard.offset)

    def thresholds(self) -> NDArray[np.float64]:
        """Give what the highest possible score of a row must reach by now, a list each."""
        return np.array([pool.threshold for pool in self._pools])

    @contextmanager
    def naming(self, number: int) -> Iterator[None]:
        """Say in which shard an embedding is not finite."""
        try:
            yield
        except NotFiniteError:
            raise IndexCorruptError(
                f"shard {number} of {self.reader.path} holds an embedding that is not "
                f"finite; run: molsearch verify {self.reader.path}"
            ) from None

    def offer(self, passed: Passed, offset: int) -> None:
        """Offer rows of a shard whose first stands at `offset` over all shards."""
        if len(passed.rows) == 0:
            return
        rows, highest, lowest = passed.rows + offset, passed.highest, passed.lowest
        with self._offering:
            if len(self._pools) == 1:
                self._pools[0].add(rows, highest, lowest)
                return
            order = np.argsort(passed.lists, kind="stable")
            ends = np.searchsorted(passed.lists[order], np.arange(len(self._pools) + 1))
            for pool, first, last in zip(self._pools, ends, ends[1:], strict=False):
                if last > first:
                    mine = order[first:last]
                    pool.add(rows[mine], highest[mine], lowest[mine])
