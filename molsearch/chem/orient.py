"""Drawings of hits that lie as the query lies: 2D coordinates aligned by the common scaffold."""

from __future__ import annotations

from itertools import combinations

from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Scaffolds import MurckoScaffold

# A smaller common part than this turns drawings about for no visible gain.
_MIN_COMMON_ATOMS = 8
# Ring systems further apart than this do not fix each other's place.
_MAX_LINKER_BONDS = 4


class Frame:
    """A query as it is drawn, with the parts that drawings of hits may share with it.

    Parameters
    ----------
    query
        The query, with the 2D coordinates to follow.
    """

    def __init__(self, query: Chem.Mol) -> None:
        self._query = query
        self._parts = [
            (part, _pattern(query, part, elements=elements))
            for part in _parts(query)
            for elements in (True, False)
        ]

    def align(self, mol: Chem.Mol) -> None:
        """Turn `mol`, which has 2D coordinates, so that the common part lies as in the query.

        Tried in turn: the whole molecule, its scaffold, pairs of linked ring systems, single
        ring systems, larger ones first; each with its elements, then by shape alone (a
        quinazoline lies on a quinoline). Where they share none of these, `mol` stays as it is.
        """
        for part, pattern in self._parts:
            match = mol.GetSubstructMatch(pattern)
            if match:
                pairs = list(zip(part, match, strict=True))
                rdDepictor.GenerateDepictionMatching2DStructure(mol, self._query, atomMap=pairs)
                return


def _parts(query: Chem.Mol) -> list[tuple[int, ...]]:
    """List the parts of the query worth lying alike, in the order they are tried."""
    scaffold = MurckoScaffold.GetScaffoldForMol(query)
    core = set(query.GetSubstructMatch(scaffold)) if scaffold.GetNumAtoms() else set()
    systems = _ring_systems(query)
    pairs = [_joined(query, one, two) for one, two in combinations(systems, 2)]
    everything = set(range(query.GetNumAtoms()))
    parts = [
        everything,
        core,
        *sorted(pairs, key=len, reverse=True),
        *sorted(systems, key=len, reverse=True),
    ]
    return [tuple(sorted(part)) for part in parts if len(part) >= _MIN_COMMON_ATOMS]


def _joined(mol: Chem.Mol, one: set[int], two: set[int]) -> set[int]:
    """Two ring systems with the atoms between them; empty where they are far apart."""
    bonds = Chem.GetDistanceMatrix(mol)
    far, start, end = min((bonds[i][j], i, j) for i in one for j in two)
    if far > _MAX_LINKER_BONDS:
        return set()
    return one | two | set(Chem.GetShortestPath(mol, start, end))


def _ring_systems(mol: Chem.Mol) -> list[set[int]]:
    systems: list[set[int]] = []
    for ring in map(set, mol.GetRingInfo().AtomRings()):
        joined = [system for system in systems if system & ring]
        systems = [system for system in systems if system not in joined]
        systems.append(ring.union(*joined))
    return systems


def _pattern(query: Chem.Mol, part: tuple[int, ...], *, elements: bool) -> Chem.Mol:
    """Build the search pattern of some of the query's atoms, in their order."""
    place = {atom: i for i, atom in enumerate(part)}
    pattern = Chem.RWMol()
    for index in part:
        atom = query.GetAtomWithIdx(index)
        ring = "R" if atom.IsInRing() else "!R"
        kind = f"#{atom.GetAtomicNum()};" if elements else ("a;" if atom.GetIsAromatic() else "A;")
        pattern.AddAtom(Chem.AtomFromSmarts(f"[{kind}{ring}]"))
    for bond in query.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if all(end in place for end in ends):
            pattern.AddBond(place[ends[0]], place[ends[1]], Chem.BondType.SINGLE)
            replacement = Chem.BondFromSmarts("@" if bond.IsInRing() else "!@")
            pattern.ReplaceBond(pattern.GetNumBonds() - 1, replacement)
    made = pattern.GetMol()
    made.UpdatePropertyCache(strict=False)
    return made
