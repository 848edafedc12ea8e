"""Featurises training molecules once, in worker processes, and keeps the result."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.features import VERSION, features
from molsearch.data.conformers import coordinates
from molsearch.data.store import GraphStore, build_store, concatenate
from molsearch.io.atomic import write_text
from molsearch.io.hashing import sha256_json

_CHUNK = 2000
_DONE = "complete.json"


def graph_cache(
    smiles: Sequence[str],
    conformers: dict[str, bytes],
    n_buckets: int,
    folder: Path,
    *,
    workers: int,
    on_progress: Callable[[int], None],
) -> tuple[GraphStore, NDArray[np.bool_]]:
    """Featurise molecules, or open what an earlier run with the same ones left in `folder`.

    Returns
    -------
    store, readable
        Graphs of the readable molecules in order, and bool ``[len(smiles)]``: which those are.
    """
    key = sha256_json([VERSION, n_buckets, list(smiles), sorted(conformers)])
    place = folder / key[:16]
    if (place / _DONE).exists():
        return GraphStore.load(place), np.load(place / "readable.npy", allow_pickle=False)
    chunks = [smiles[i : i + _CHUNK] for i in range(0, len(smiles), _CHUNK)]
    stores, readable, done = [], [], 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(_featurise, chunk, [conformers.get(s) for s in chunk], n_buckets)
            for chunk in chunks
        ]
        for job in jobs:
            store, good = job.result()
            stores.append(store)
            readable.append(good)
            done += len(good)
            on_progress(done)
    store, good = concatenate(stores), np.concatenate(readable)
    shutil.rmtree(place, ignore_errors=True)  # what an interrupted run left
    store.save(place)
    np.save(place / "readable.npy", good, allow_pickle=False)
    write_text(place / _DONE, json.dumps({"molecules": len(store), "featuriser": VERSION}))
    return store, good


def _featurise(
    smiles: Sequence[str], packed: Sequence[bytes | None], n_buckets: int
) -> tuple[GraphStore, NDArray[np.bool_]]:
    parts, conformers = [], []
    good = np.zeros(len(smiles), bool)
    for row, text in enumerate(smiles):
        try:
            part = features(text, n_buckets)
        except ValueError:
            continue
        good[row] = True
        parts.append(part)
        conformers.append(coordinates(packed[row], len(part.atoms)))
    return build_store(parts, conformers), good
