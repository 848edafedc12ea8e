"""Fingerprints and bags of many molecules: what `molsearch.chem` makes of each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molsearch.chem.bulk.circular import environments
from molsearch.chem.bulk.codes import Atoms, atom_codes, atoms_of
from molsearch.chem.bulk.graphs import Graphs, Seen, joined, seen
from molsearch.chem.bulk.pairs import pairs
from molsearch.chem.bulk.stereo import Marks, marks_of, stereo_of
from molsearch.chem.bulk.torsions import torsions
from molsearch.chem.counters import MAX_PAIR_BONDS, Buckets, Counter, counters
from molsearch.chem.features import MOST
from molsearch.chem.fingerprints import N_BITS, N_BYTES
from molsearch.chem.plain import has_stereo

_SHIFT = 16  # a key is a molecule and a row of the table, which is less than 2^16


class Usual(NamedTuple):
    """A molecule as `molsearch.chem.plain` reads it, of at most `graphs.MOST` atoms and bonds.

    Attributes
    ----------
    text
        The SMILES that it was read from.
    parent_smiles
        Its canonical SMILES.
    n_atoms
        Its atoms.
    mol
        As RDKit has read it, where more will be asked: of one with stereo, or a ring of three.
        Others are let go, for memory that is still in the cache serves the next molecule faster.
    seen
        What was asked of RDKit about it.
    marks
        Its stereo, where its canonical SMILES will be read in place of the molecule
        (`molsearch.chem.kernels`).
    """

    text: str
    parent_smiles: str
    n_atoms: int
    mol: Chem.Mol | None = None
    seen: Seen | None = None
    marks: Marks | None = None

    @classmethod
    def of(cls, mol: Chem.Mol, text: str) -> Usual:
        """Ask what is needed of a molecule read from `text`."""
        parent_smiles = Chem.MolToSmiles(mol)
        kept = has_stereo(text) or mol.HasSubstructMatch(in_ring_of_three())
        return cls(text, parent_smiles, mol.GetNumAtoms(), mol if kept else None, seen(mol))

    @classmethod
    def briefly(cls, mol: Chem.Mol, text: str) -> Usual:
        """Ask no more than its canonical SMILES leaves open: stereo."""
        parent_smiles = Chem.MolToSmiles(mol)
        marks = marks_of(mol, parent_smiles) if has_stereo(text) else None
        return cls(text, parent_smiles, mol.GetNumAtoms(), marks=marks)

    @property
    def kept(self) -> Chem.Mol:
        """The molecule, that has not been let go."""
        assert self.mol is not None, f"{self.text} was let go too early"
        return self.mol


@cache
def in_ring_of_three() -> Chem.Mol:
    """Pattern of atoms about which RDKit's count of torsions depends on the order of atoms."""
    return Chem.MolFromSmarts("[r3]")


@dataclass(frozen=True, slots=True)
class Substructures:
    """Of M molecules.

    Attributes
    ----------
    ecfp4
        M packed fingerprints, see `molsearch.chem.fingerprints.ecfp4`.
    bags
        M packed bags, see `molsearch.chem.features.packed_bag`; None where none were asked for.
    """

    ecfp4: list[bytes]
    bags: list[bytes] | None


def substructures(molecules: Sequence[Usual], buckets: Buckets | None) -> Substructures:
    """Compute fingerprints, and bags for an encoder, of at most 65,536 molecules."""
    graphs = joined([_seen(one) for one in molecules])
    found = environments(graphs)
    bits = np.zeros((len(graphs), N_BITS), np.uint8)
    bits[found[0], found[1] % np.uint32(N_BITS)] = 1
    packed = np.packbits(bits, axis=1).tobytes()
    prints = [packed[at : at + N_BYTES] for at in range(0, len(packed), N_BYTES)]
    if buckets is None:
        return Substructures(prints, None)
    keys = _environment_keys(molecules, found, buckets.environments)
    if buckets.torsions or buckets.pairs:
        keys += _path_keys(molecules, graphs, buckets)
    keys += _further_keys(molecules, buckets)
    return Substructures(prints, _packed(np.concatenate(keys), len(molecules)))


_Found = tuple[NDArray[np.int64], NDArray[np.uint32]]  # molecule and hash of each
_Keys = NDArray[np.uint32]  # a molecule and a row of the table


def _environment_keys(molecules: Sequence[Usual], found: _Found, size: int) -> list[_Keys]:
    """Take environments as found, but of molecules with stereo those that see it."""
    marked = [i for i, one in enumerate(molecules) if has_stereo(one.text)]
    if not marked:
        return [_keys(found, 1, size)]
    some = [molecules[i] for i in marked]
    graphs, texts = joined([_seen(one) for one in some]), [one.text for one in some]
    stereo = stereo_of(
        graphs,
        [one.kept for one in some],
        np.flatnonzero(_checked(atoms_of(texts), graphs).tagged),
        ["/" in text or "\\" in text for text in texts],
    )
    molecule, hashes = environments(graphs, stereo)
    return [
        _keys(_without(found, marked, len(molecules)), 1, size),
        _keys((np.array(marked)[molecule], hashes), 1, size),
    ]


def _path_keys(molecules: Sequence[Usual], graphs: Graphs, buckets: Buckets) -> list[_Keys]:
    """Torsions and pairs; RDKit's own of molecules with an atom that is not to be relied on."""
    codes, unsure = atom_codes(graphs, _checked(atoms_of([one.text for one in molecules]), graphs))
    odd = np.unique(graphs.molecule[unsure]).tolist()
    found: list[tuple[int, _Found]] = []
    if buckets.torsions:
        order = partial(_canonical, molecules)
        found.append((buckets.torsions, torsions(graphs, codes, order)))
    if buckets.pairs:
        found.append((buckets.pairs, pairs(graphs, codes, MAX_PAIR_BONDS)))
    keys: list[_Keys] = []
    paths = counters(buckets)[1 : 1 + len(found)]
    for counter, (size, one) in zip(paths, found, strict=True):
        keys.append(_keys(_without(one, odd, len(molecules)), counter.start, size))
        texts = ((i, molecules[i].parent_smiles) for i in odd)
        keys.extend(_counted(counter, i, Chem.MolFromSmiles(text)) for i, text in texts)
    return keys


def _further_keys(molecules: Sequence[Usual], buckets: Buckets) -> list[_Keys]:
    """Feature classes and wide environments: RDKit's own, of each molecule by itself."""
    if not buckets.n_further:
        return []
    start = buckets.n_rows - buckets.n_further
    further = [one for one in counters(buckets) if one.start >= start]
    mols = (Chem.MolFromSmiles(one.parent_smiles) for one in molecules)
    return [_counted(one, i, mol) for i, mol in enumerate(mols) for one in further]


def _counted(counter: Counter, which: int, mol: Chem.Mol) -> _Keys:
    """Keys of what RDKit counts in a molecule, each as often as it occurs."""
    counts = counter.counts(mol)
    rows = np.array(list(counts), np.uint32) + np.uint32((which << _SHIFT) + counter.start)
    return np.repeat(rows, list(counts.values()))


def _checked(atoms: Atoms, graphs: Graphs) -> Atoms:
    if not np.array_equal(atoms.count, np.diff(graphs.start)):
        raise AssertionError("a SMILES of other atoms than its molecule's")
    return atoms


def _seen(one: Usual) -> Seen:
    assert one.seen is not None, f"nothing was asked about {one.text}"
    return one.seen


def _canonical(molecules: Sequence[Usual], which: int) -> list[int]:
    """Atoms of a molecule in the order of its canonical SMILES."""
    text = molecules[which].kept.GetProp("_smilesAtomOutputOrder")
    return [int(number) for number in text.strip("[],").split(",")]


def _without(found: _Found, left_out: Sequence[int], n: int) -> _Found:
    kept = np.ones(n, bool)
    kept[list(left_out)] = False
    some = kept[found[0]]
    return found[0][some], found[1][some]


def _keys(found: _Found, start: int, size: int) -> _Keys:
    rows = start + found[1] % np.uint32(size)
    return (found[0].astype(np.uint32) << np.uint32(_SHIFT)) | rows


def _packed(keys: _Keys, n: int) -> list[bytes]:
    """Count rows, and pack the bags as `molsearch.chem.features.packed_bag` does."""
    keys.sort()
    new = np.ones(len(keys), bool)
    new[1:] = keys[1:] != keys[:-1]
    first = np.flatnonzero(new)
    counts = np.minimum(np.diff(first, append=len(keys)), MOST).astype(np.uint8).tobytes()
    keys = keys[first]
    rows = (keys & np.uint32((1 << _SHIFT) - 1)).astype("<u2").tobytes()
    ends = np.searchsorted(keys >> np.uint32(_SHIFT), np.arange(n + 1)).tolist()
    return [rows[2 * a : 2 * b] + counts[a:b] for a, b in pairwise(ends)]
