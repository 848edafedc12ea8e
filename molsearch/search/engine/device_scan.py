"""One pass over an index on one or several devices, under the plan and certificate of the CPU's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

from molsearch.index.rarity import rarity_rows
from molsearch.index.reader import IndexReader
from molsearch.scoring.plan import ScanPlan
from molsearch.search.engine.backend import Approximate
from molsearch.search.engine.floats import full_precision
from molsearch.search.engine.resident import Block, Residents
from molsearch.search.engine.streamed import streamed
from molsearch.search.engine.tensors import TensorQueries

#: Rows at a time, times what a CPU takes: a device wants more to do for each call.
LARGER = 16
Offer = Callable[[int, int, Approximate, torch.Tensor], None]
Out = Callable[[int], NDArray[np.bool_] | None]


def scan_on_devices(
    reader: IndexReader,
    plan: ScanPlan,
    residents: Residents,
    excluded: Out,
    offer: Offer,
    most: int,
) -> None:
    """Offer the scores of every chunk of rows that is not wholly excluded.

    Parameters
    ----------
    residents
        The devices, and what lies on them already.
    excluded
        Gives a shard's mask of rows that are out, or None.
    offer
        Takes a shard, the first row of a chunk in it, reduced products, and scores; from several
        threads where there are several devices.
    most
        Rows at a time.
    """
    shards = list(range(reader.n_shards))
    rarities = None if plan.reference is None else rarity_rows(reader, plan.reference)

    def on_one(place: int) -> None:
        device = residents.devices[place]
        queries = TensorQueries(plan, device)
        for shard in shards:
            if residents.place(shard) != place:
                continue
            out = excluded(shard)
            rare = None if rarities is None else rarities.of(shard)
            for (start, stop), block in _blocks(reader, shard, residents, out, most, plan):
                rarity = None
                if rare is not None:  # four bytes a row: brought over each time
                    rarity = torch.from_numpy(np.array(rare.rows(start, stop))).to(device)
                offer(shard, start, *queries.score(block, rarity))

    # The precision of products is a setting of the whole process: set before threads begin.
    with full_precision():
        if len(residents.devices) == 1:
            on_one(0)
            return
        with ThreadPoolExecutor(len(residents.devices)) as threads:
            for done in [threads.submit(on_one, n) for n in range(len(residents.devices))]:
                done.result()


def _blocks(
    reader: IndexReader,
    shard: int,
    residents: Residents,
    out: NDArray[np.bool_] | None,
    most: int,
    plan: ScanPlan,
) -> Iterator[tuple[tuple[int, int], Block]]:
    n_rows = reader.shard_rows[shard]
    chunks = [(start, min(start + most, n_rows)) for start in range(0, n_rows, most)]
    if out is not None:
        chunks = [one for one in chunks if not out[one[0] : one[1]].all()]
    if not chunks:
        return
    prints = plan.needs_fingerprints
    whole = residents.shard(reader, shard, prints=prints)
    if whole is None:
        device = residents.devices[residents.place(shard)]
        yield from streamed(reader, shard, chunks, device, prints=prints)
        return
    for chunk in chunks:
        yield chunk, whole.part(*chunk)
