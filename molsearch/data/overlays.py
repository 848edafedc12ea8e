"""How alike the shapes of molecules are whose bonds are not: a table of overlays, part by part."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from molsearch.chem.fingerprints import ecfp4_of_smiles, tanimoto
from molsearch.chem.shapes import overlaid, references, starts, with_geometry
from molsearch.data.activities import Activities
from molsearch.errors import InputError, UsageError
from molsearch.io import parquet
from molsearch.io.atomic import write_text
from molsearch.io.hashing import sha256_json
from molsearch.words import counted
from molsearch.work.bare import BareSpawnContext

FIRST, SECOND, OVERLAY, LIKENESS = "first", "second", "overlay", "ecfp4"
_SETTINGS = "settings.json"
_PART = 100  # anchors of a part: some minutes of one core
_TRIES = 6  # candidates drawn for each partner that is wanted


@dataclass(frozen=True, slots=True)
class OverlaySettings:
    """What makes a table.

    Attributes
    ----------
    anchors, partners
        Molecules to overlay on, and pairs of each.
    below
        ECFP4 similarity that a pair stays below.
    hops
        Share of an anchor's partners that are sought among ligands of its own targets, where
        large overlays are commoner than among random molecules.
    poses
        Starting poses of a partner, of which the best overlay counts.
    seed
        Draws anchors and partners; an anchor's draw depends on it and the anchor alone.
    """

    anchors: int = 10_000
    partners: int = 8
    below: float = 0.35
    hops: float = 0.5
    poses: int = 2
    seed: int = 20


@dataclass(frozen=True, slots=True)
class Made:
    """Pairs in the table, anchors without a partner below the limit, pairs that failed."""

    pairs: int
    failed: int
    alone: int


@dataclass(frozen=True, slots=True)
class _Anchor:
    smiles: str
    coords: bytes
    candidates: list[tuple[str, bytes]]


def make_overlays(
    activities: Activities,
    conformers: dict[str, bytes],
    output: Path,
    settings: OverlaySettings,
    *,
    workers: int = 1,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Made:
    """Overlay pairs of training molecules and write the table; a run that stopped goes on.

    Parts lie beside the output, in ``OUTPUT.parts``, until the table is whole.

    Parameters
    ----------
    activities
        Molecules that may be trained on; others are never looked at.
    conformers
        Packed coordinates by SMILES, one conformer each.
    on_progress
        Called with anchors done, and of how many.

    Raises
    ------
    InputError
        Fewer than two of the molecules have a conformer, or no pair could be overlaid.
    UsageError
        The parts there were made with other settings or data.
    """
    chosen = [row for row, smiles in enumerate(activities.smiles) if smiles in conformers]
    if len(chosen) < 2:
        raise InputError(
            "fewer than two molecules of the activity table have a prepared conformer; name the "
            "folder of conformers that goes with it"
        )
    parts = output.with_name(output.name + ".parts")
    smiles = [activities.smiles[row] for row in chosen]
    _same_settings(parts, settings, smiles)
    draw = _Drawer(activities, np.array(chosen), settings)
    total = min(settings.anchors, len(chosen))
    starts_at = range(0, total, _PART)
    names = [parts / f"part-{number:05d}.parquet" for number in range(len(starts_at))]
    todo = [(n, p) for n, p in zip(starts_at, names, strict=True) if not p.exists()]
    work = partial(_overlay_part, settings=settings)
    group = 2 * workers
    with ProcessPoolExecutor(workers, mp_context=BareSpawnContext()) as pool:
        for begin in range(0, len(todo), group):
            begun = todo[begin : begin + group]
            drawn = [
                draw.anchors(first, min(first + _PART, total), conformers) for first, _ in begun
            ]
            for (_, path), table in zip(begun, pool.map(work, drawn), strict=True):
                parquet.write(pa.Table.from_pandas(table, preserve_index=False), path)
                on_progress(min(total, _PART * sum(p.exists() for p in names)), total)
    whole = pd.concat([parquet.read_frame(path) for path in names], ignore_index=True)
    good = whole[OVERLAY].notna()
    if not good.any():
        shutil.rmtree(parts)
        raise InputError(
            f"no overlays: of {counted(total, 'anchor')} none has a partner below "
            f"{settings.below:g} that can be overlaid ({counted(len(whole), 'pair')} failed); "
            "raise below or anchors"
        )
    parquet.write(pa.Table.from_pandas(whole[good], preserve_index=False), output)
    shutil.rmtree(parts)
    alone = total - whole[FIRST].nunique()
    return Made(int(good.sum()), int((~good).sum()), alone)


class _Drawer:
    """Draws anchors without repeats, and candidates for each."""

    def __init__(
        self, activities: Activities, chosen: NDArray[np.int64], settings: OverlaySettings
    ) -> None:
        self._smiles, self._chosen, self._settings = activities.smiles, chosen, settings
        self._acts_on = activities.acts_on.tocsr()
        self._by_target = activities.acts_on.tocsc()
        self._has = np.zeros(len(activities.smiles), bool)
        self._has[chosen] = True
        self._order = np.random.default_rng(settings.seed).permutation(chosen)

    def anchors(self, first: int, last: int, conformers: dict[str, bytes]) -> list[_Anchor]:
        """Return anchors `first` to `last` with their candidates."""
        found = []
        for number in range(first, last):
            row = int(self._order[number])
            names = [self._smiles[r] for r in self._candidates(number, row)]
            one = self._smiles[row]
            found.append(_Anchor(one, conformers[one], [(n, conformers[n]) for n in names]))
        return found

    def _candidates(self, number: int, row: int) -> list[int]:
        """Rows to choose partners from, co-ligands and others by turns in the wanted share."""
        settings = self._settings
        random = np.random.default_rng([settings.seed, number])
        n = _TRIES * settings.partners
        targets = self._acts_on[row].indices
        near: list[int] = []
        if len(targets):
            start = self._by_target.indptr
            for target in random.choice(targets, 2 * n):  # some have no conformer
                ligands = self._by_target.indices[start[target] : start[target + 1]]
                near.append(int(random.choice(ligands)))
        near = [r for r in near if self._has[r]]
        far = [int(r) for r in random.choice(self._chosen, n)]
        mixed: list[int] = []
        for is_hop in random.random(n) < settings.hops:
            source = near if is_hop and near else far
            if source:
                mixed.append(source.pop(0))
        return [r for r in dict.fromkeys(mixed) if r != row]


def _overlay_part(anchors: Sequence[_Anchor], settings: OverlaySettings) -> pd.DataFrame:
    rows = [row for anchor in anchors for row in _overlays_of(anchor, settings)]
    return pd.DataFrame(rows, columns=[FIRST, SECOND, OVERLAY, LIKENESS]).astype(
        {OVERLAY: "float32", LIKENESS: "float32"}
    )


def _overlays_of(anchor: _Anchor, settings: OverlaySettings) -> list[tuple[str, str, float, float]]:
    """Best overlay of each partner of an anchor, 0 to 1; NaN where it has none."""
    names = [name for name, _ in anchor.candidates]
    if not names:
        return []
    prints = np.stack([ecfp4_of_smiles(name) for name in names])
    likeness = tanimoto(ecfp4_of_smiles(anchor.smiles), prints)
    kept = np.flatnonzero(likeness < settings.below)[: settings.partners]
    try:
        shapes = references(_molecule(anchor.smiles, anchor.coords))
    except (ValueError, RuntimeError):
        shapes = []
    found = []
    for place in kept:
        name, coords = anchor.candidates[place]
        try:
            poses = list(starts(_molecule(name, coords), settings.poses))
            best = max(overlaid(shape, pose) for shape in shapes for pose in poses) / 2
        except (ValueError, RuntimeError):
            best = float("nan")
        found.append((anchor.smiles, name, best, float(likeness[place])))
    return found


def _molecule(smiles: str, packed: bytes) -> Any:
    return with_geometry(smiles, np.frombuffer(packed, "<i2").reshape(1, -1, 3))


def _same_settings(parts: Path, settings: OverlaySettings, smiles: list[str]) -> None:
    content = json.dumps({**asdict(settings), "molecules": sha256_json(smiles)}, indent=1)
    place = parts / _SETTINGS
    if place.exists() and place.read_text() != content:
        raise UsageError(
            f"{parts}: holds parts of a table made with other settings or data; remove it, or "
            "choose another --output"
        )
    parts.mkdir(parents=True, exist_ok=True)
    write_text(place, content)
