"""Featurises training molecules once, in worker processes, and keeps the result."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from molsearch.chem.bags import packed_bags
from molsearch.chem.conformers import embed, pack
from molsearch.chem.counters import Buckets
from molsearch.chem.features import features
from molsearch.chem.kernels.pace import PACE
from molsearch.chem.parse import RejectedError
from molsearch.config import PrepareConfig
from molsearch.data.conformers import Conformers, coordinates
from molsearch.data.store import GraphStore, build_store, concatenate
from molsearch.data.tables import store_of_bags
from molsearch.io.atomic import write_text
from molsearch.io.hashing import sha256_json
from molsearch.work.backend import singly
from molsearch.work.local import OnCrew

_CHUNK = 2000
_SMALL_CHUNK = 64  # where conformers are made, which takes a thousand times as long
_DONE = "complete.json"


def graph_cache(
    smiles: Sequence[str],
    conformers: Conformers,
    buckets: Buckets,
    folder: Path,
    *,
    workers: int,
    on_progress: Callable[[int], None],
    make_conformers: bool = False,
    geometry: bool = True,
) -> tuple[GraphStore, NDArray[np.bool_]]:
    """Featurise molecules, or open what an earlier run with the same ones left in `folder`.

    With `make_conformers`, molecules of at most 50 heavy atoms that have no conformer get one;
    without `geometry` none is kept, nor atoms and bonds.

    Returns
    -------
    store, readable
        Graphs of the readable molecules in order, and bool ``[len(smiles)]``: which those are.
    """
    known: list[object] = [buckets.version, astuple(buckets), list(smiles), geometry]
    known += [sorted(conformers), make_conformers] if geometry else []
    if geometry and any(len(several) > 1 for several in conformers.values()):
        known.append([len(conformers[name]) for name in sorted(conformers)])
    key = sha256_json(known)
    place = folder / key[:16]
    if (place / _DONE).exists():
        return GraphStore.load(place), np.load(place / "readable.npy", allow_pickle=False)
    make_conformers = make_conformers and geometry
    size = _SMALL_CHUNK if make_conformers else _CHUNK
    chunks = [smiles[i : i + size] for i in range(0, len(smiles), size)]
    stores, readable, done = [], [], 0
    pieces = (
        (chunk, [conformers.get(s, ()) if geometry else () for s in chunk]) for chunk in chunks
    )
    each = len(smiles) // workers
    task = partial(
        _featurise, buckets=buckets, make=make_conformers, geometry=geometry, expected=each
    )
    for ((store, good),) in OnCrew(workers).map(task, singly(pieces)):
        stores.append(store)
        readable.append(good)
        done += len(good)
        on_progress(done)
    store, good = concatenate(stores), np.concatenate(readable)
    shutil.rmtree(place, ignore_errors=True)  # what an interrupted run left
    store.save(place)
    np.save(place / "readable.npy", good, allow_pickle=False)
    write_text(place / _DONE, json.dumps({"molecules": len(store), "featuriser": buckets.version}))
    return store, good


def _featurise(
    piece: tuple[Sequence[str], Sequence[tuple[bytes, ...]]],
    buckets: Buckets,
    make: bool,
    geometry: bool,
    expected: int,
) -> tuple[GraphStore, NDArray[np.bool_]]:
    with rdBase.BlockLogs():
        if geometry:
            return _featurised(*piece, buckets, make)
        return _bagged(piece[0], buckets, expected)


def _bagged(
    smiles: Sequence[str], buckets: Buckets, expected: int
) -> tuple[GraphStore, NDArray[np.bool_]]:
    bags = packed_bags(smiles, buckets, compiled=PACE.compiled(expected, len(smiles)))
    good = np.array([bag is not None for bag in bags], bool)
    return store_of_bags(bag for bag in bags if bag is not None), good


def _featurised(
    smiles: Sequence[str], packed: Sequence[tuple[bytes, ...]], buckets: Buckets, make: bool
) -> tuple[GraphStore, NDArray[np.bool_]]:
    parts, conformers = [], []
    good = np.zeros(len(smiles), bool)
    for row, text in enumerate(smiles):
        try:
            several = packed[row]
            if not several and make:
                several = _conformer(text)
            part = features(text, buckets, graph=len(several) > 0)
        except ValueError:
            continue
        good[row] = True
        parts.append(part)
        conformers.append(coordinates(several, len(part.atoms)))
    return build_store(parts, conformers), good


def _conformer(smiles: str) -> tuple[bytes, ...]:
    mol = Chem.MolFromSmiles(smiles)
    config = PrepareConfig()
    if mol is None or mol.GetNumHeavyAtoms() > config.max_heavy_atoms_3d:
        return ()
    try:
        return (pack(embed(mol, config)[:1]),)
    except RejectedError:
        return ()
