"""Fingerprints and bags of many molecules, as `molsearch.chem.bulk.bags` makes them, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molsearch.chem.bulk.bags import Substructures, Usual
from molsearch.chem.bulk.bags import substructures as by_arrays
from molsearch.chem.bulk.graphs import TYPES
from molsearch.chem.counters import MAX_PAIR_BONDS, Buckets, counters
from molsearch.chem.fingerprints import N_BYTES
from molsearch.chem.kernels.counting import count_all
from molsearch.chem.kernels.smiles import NOT_READ, UNSURE, read_smiles
from molsearch.chem.plain import has_stereo


@dataclass(frozen=True, slots=True)
class Read:
    """Canonical SMILES of M molecules as graphs, see `read_smiles`."""

    start: NDArray[np.int64]
    bonds: NDArray[np.int64]
    bond_start: NDArray[np.int64]
    invariants: NDArray[np.int64]
    codes: NDArray[np.int64]
    unsure: NDArray[np.int8]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Read:
        """Read them."""
        n, joined = len(texts), "".join(texts).encode("ascii", "replace")
        most = len(joined)  # no more atoms than characters, and no more bonds
        read = cls(
            start=np.empty(n + 1, np.int64),
            bonds=np.empty((most, 3), np.int64),
            bond_start=np.empty(n + 1, np.int64),
            invariants=np.empty(most, np.int64),
            codes=np.empty(most, np.int64),
            unsure=np.empty(n, np.int8),
        )
        text = np.frombuffer(joined, np.uint8)
        ends = np.cumsum([len(one) for one in texts], dtype=np.int64)
        read_smiles(
            text, ends, read.start, read.bonds, read.bond_start, read.invariants, read.codes,
            read.unsure,
        )  # fmt: skip
        return read

    def most_bytes(self, n_further: int) -> int:
        """Count bytes that suffice for all bags: three a substructure."""
        sizes = np.diff(self.start)
        bonds = self.bonds[: int(self.bond_start[-1]), :2]
        ends = bonds + np.repeat(self.start[:-1], np.diff(self.bond_start))[:, None]
        degree = np.bincount(ends.ravel(), minlength=int(self.start[-1]))
        paths = int(np.prod(degree[ends], axis=1).sum())
        return 3 * (int((3 * sizes + sizes * (sizes - 1) // 2).sum()) + paths + n_further)


def substructures(molecules: Sequence[Usual], buckets: Buckets | None) -> Substructures:
    """Compute fingerprints, and bags for an encoder, of any number of molecules."""
    read = Read.of([one.parent_smiles for one in molecules])
    used = int(read.bond_start[-1])
    kinds = np.empty((2, used), np.int64)
    kinds[:] = TYPES[read.bonds[:used, 2]]
    chiral = np.zeros(int(read.start[-1]), np.int64)
    seen = np.array([has_stereo(one.text) for one in molecules]) & (read.unsure != NOT_READ)
    if buckets is not None:
        _mark(molecules, np.flatnonzero(seen), read, kinds[1], chiral)
    further = _further(molecules, read, buckets)
    further_start = np.cumsum([0, *(len(one) for one in further)], dtype=np.int64)
    prints = np.zeros((len(molecules), N_BYTES), np.uint8)
    out = np.empty(read.most_bytes(int(further_start[-1])), np.uint8)
    ends = np.empty(len(molecules) + 1, np.int64)
    count_all(
        read.start, read.bond_start, read.bonds, kinds, read.invariants, read.codes, chiral, seen,
        read.unsure > 0, _sizes(buckets), MAX_PAIR_BONDS, further_start, np.concatenate(further),
        prints, out, ends,
    )  # fmt: skip
    packed, bagged = prints.tobytes(), out[: int(ends[-1])].tobytes()
    ecfp4 = [packed[at : at + N_BYTES] for at in range(0, len(packed), N_BYTES)]
    bags = [bagged[a:b] for a, b in pairwise(ends.tolist())]
    for i in np.flatnonzero(read.unsure == NOT_READ).tolist():
        text = molecules[i].text
        alone = by_arrays([Usual.of(Chem.MolFromSmiles(text), text)], buckets)
        ecfp4[i] = alone.ecfp4[0]
        bags[i] = alone.bags[0] if alone.bags else b""
    return Substructures(ecfp4, None if buckets is None else bags)


def _sizes(buckets: Buckets | None) -> tuple[int, int, int, int]:
    if buckets is None:
        return 0, 0, 0, 1
    return buckets.environments, buckets.torsions, buckets.pairs, buckets.n_rows


def _mark(
    molecules: Sequence[Usual],
    marked: NDArray[np.int64],
    read: Read,
    kinds: NDArray[np.int64],
    chiral: NDArray[np.int64],
) -> None:
    """Fill in the stereo of molecules that have some."""
    for i in marked.tolist():
        marks = molecules[i].marks
        assert marks is not None, f"the stereo of {molecules[i].text} was not asked for"
        start, first = int(read.start[i]), int(read.bond_start[i])
        for atom, code in marks.atoms:
            chiral[start + atom] = code
        bonds = read.bonds[first : int(read.bond_start[i + 1])]
        for low, high, kind in marks.bonds:
            kinds[first:][: len(bonds)][(bonds[:, 0] == low) & (bonds[:, 1] == high)] = kind


def _further(
    molecules: Sequence[Usual], read: Read, buckets: Buckets | None
) -> list[NDArray[np.int64]]:
    """Rows that RDKit counts: paths of molecules that are unsure, and kinds that are no loops'."""
    found = [np.zeros(0, np.int64)] * len(molecules)
    if buckets is None:
        return found
    first = buckets.n_rows - buckets.n_further
    kinds = counters(buckets)
    further = [one for one in kinds if one.start >= first]
    paths = [one for one in kinds[1:] if one.start < first]
    some = range(len(molecules)) if further else np.flatnonzero(read.unsure == UNSURE).tolist()
    for i in some:
        mol = Chem.MolFromSmiles(molecules[i].parent_smiles)
        rows: list[int] = []
        for counter in further + (paths if read.unsure[i] == UNSURE else []):
            for row, n in counter.counts(mol).items():
                rows += [counter.start + row] * n
        found[i] = np.array(rows, np.int64)
    return found
