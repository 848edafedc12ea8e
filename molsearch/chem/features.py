"""What the encoder sees of a molecule: a bag of substructures and, for 3D, atoms and bonds.

The functions here turn a parent into small integer arrays; :mod:`molsearch.data.graph` makes
tensors of them. Any change to the numbers they return must raise the version, which is part of
an encoder's identity, so that an index made before the change is refused afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from molsearch.chem.counters import RADIUS, Buckets, counters, environments_of

MOST = 255  # counts are kept in a byte

_ELEMENTS = {n: i for i, n in enumerate((6, 7, 8, 9, 15, 16, 17, 35, 53, 5, 14, 34))}
_HYBRIDISATION = {
    Chem.HybridizationType.SP: 0,
    Chem.HybridizationType.SP2: 1,
    Chem.HybridizationType.SP3: 2,
}
_BOND = {
    Chem.BondType.SINGLE: 1,
    Chem.BondType.DOUBLE: 2,
    Chem.BondType.TRIPLE: 3,
    Chem.BondType.AROMATIC: 4,
}
_STEREO = {
    Chem.BondStereo.STEREOZ: 5,
    Chem.BondStereo.STEREOCIS: 5,
    Chem.BondStereo.STEREOE: 6,
    Chem.BondStereo.STEREOTRANS: 6,
}
_CIP = {"R": 1, "S": 2}

#: Pharmacophore flags of an atom, by SMARTS; bit i of the last atom field is entry i.
PHARMACOPHORE = {
    "donor": "[$([N;!H0;v3,v4&+1]),$([O,S;H1;+0]),n&H1&+0]",
    "acceptor": (
        "[$([O,S;H1;v2;!$(*-*=[O,N,P,S])]),$([O,S;H0;v2]),$([O,S;-]),"
        "$([N;v3;!$(N-*=[O,N,P,S])]),n&H0&+0,$([o,s;+0;!$([o,s]:n);!$([o,s]:c:n)])]"
    ),
    "positive": (
        "[$([#7;+;!$([#7]~[O-])]),"
        "$([N;X3;!$(N-[C,S,P]=[O,S,N]);!$(N-a);!$(N-[#7,#8])]),$([NX2]=C-N),$([NX3]-C=[NX2])]"
    ),
    "negative": "[$([C,S,P](=[O,S])-[O;H1,-1]),$([O-;!$(O-[#7])]),$(c1nn[nH]n1),$(c1nnn[nH]1)]",
    "hydrophobe": "[#6;+0;!$([#6]~[#7,#8,F])]",
    "halogen": "[Cl,Br,I]",
}

#: Number of values of each categorical atom field, in column order.
ATOM_FIELDS = {
    "element": 13,
    "degree": 6,
    "hydrogens": 5,
    "charge": 4,
    "hybridisation": 4,
    "aromatic": 2,
    "ring": 8,
    "chirality": 4,
}
N_BOND_CODES = 7


@dataclass(frozen=True, slots=True)
class Features:
    """Integer features of one parent, heavy atoms in the order of its SMILES.

    The last three are empty (n = m = 0) where no geometry is to be seen.

    Attributes
    ----------
    bag, counts
        uint16 and uint8 ``[b]``: the distinct substructures, as rows of the table that
        `Buckets` lays out, ascending, and how often each occurs (at most 255).
    environments
        uint16 ``[n, 3]``: bucket + 1 of the environment of radius 0, 1, 2 centred on the atom;
        0 where that environment repeats a smaller or earlier one.
    atoms
        uint8 ``[n, 9]``: the categorical fields of `ATOM_FIELDS`, then the pharmacophore bits.
    bonds
        uint16 ``[m, 3]``: begin, end, code (1 single, 2 double, 3 triple, 4 aromatic,
        5 double Z, 6 double E).
    """

    bag: NDArray[np.uint16]
    counts: NDArray[np.uint8]
    environments: NDArray[np.uint16]
    atoms: NDArray[np.uint8]
    bonds: NDArray[np.uint16]


@cache
def _patterns() -> tuple[Chem.Mol, ...]:
    return tuple(Chem.MolFromSmarts(smarts) for smarts in PHARMACOPHORE.values())


def environments(mol: Chem.Mol, n_buckets: int) -> NDArray[np.uint16]:
    """Return the folded circular environments of each atom, uint16 ``[n, 3]``; 0 is none."""
    info = rdFingerprintGenerator.AdditionalOutput()
    info.AllocateBitInfoMap()
    environments_of(n_buckets).GetFingerprint(mol, additionalOutput=info)
    found = np.zeros((mol.GetNumAtoms(), RADIUS + 1), np.uint16)
    for bucket, places in info.GetBitInfoMap().items():
        for atom, radius in places:
            found[atom, radius] = bucket + 1
    return found


def _ring_size(rings: Chem.RingInfo, index: int) -> int:
    size = rings.MinAtomRingSize(index)
    return 0 if size == 0 else min(size, 9) - 2


def _chirality(atom: Chem.Atom) -> int:
    if atom.HasProp("_CIPCode"):
        return _CIP.get(atom.GetProp("_CIPCode"), 3)
    return 3 if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED else 0


def atom_fields(mol: Chem.Mol) -> NDArray[np.uint8]:
    """Return the categorical fields and pharmacophore bits of each atom, uint8 ``[n, 9]``."""
    rings = mol.GetRingInfo()
    charge = {-1: 1, 0: 0, 1: 2}
    rows = [
        (
            _ELEMENTS.get(atom.GetAtomicNum(), 12),
            min(atom.GetDegree(), 5),
            min(atom.GetTotalNumHs(), 4),
            charge.get(atom.GetFormalCharge(), 3),
            _HYBRIDISATION.get(atom.GetHybridization(), 3),
            atom.GetIsAromatic(),
            _ring_size(rings, atom.GetIdx()),
            _chirality(atom),
            0,
        )
        for atom in mol.GetAtoms()
    ]
    fields = np.array(rows, np.uint8).reshape(-1, len(ATOM_FIELDS) + 1)
    for bit, pattern in enumerate(_patterns()):
        for (atom,) in mol.GetSubstructMatches(pattern, maxMatches=1000):
            fields[atom, -1] |= 1 << bit
    return fields


def bond_codes(mol: Chem.Mol) -> NDArray[np.uint16]:
    """Return begin, end and code of each bond, uint16 ``[m, 3]``."""
    rows = [
        (
            bond.GetBeginAtomIdx(),
            bond.GetEndAtomIdx(),
            _STEREO.get(bond.GetStereo(), 0) or _BOND.get(bond.GetBondType(), 1),
        )
        for bond in mol.GetBonds()
    ]
    return np.array(rows, np.uint16).reshape(-1, 3)


def bag_of(mol: Chem.Mol, buckets: Buckets) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Return the distinct substructures of a molecule and their counts, see `Features`."""
    rows: list[int] = []
    counts: list[int] = []
    for counter in counters(buckets):
        found = counter.counts(mol)
        rows.extend(counter.start + bucket for bucket in found)
        counts.extend(found.values())
    return np.array(rows, np.uint16), np.minimum(counts, MOST).astype(np.uint8)


def packed_bag(mol: Chem.Mol, buckets: Buckets) -> bytes:
    """`bag_of` as bytes: the substructures as little-endian uint16, then the counts as uint8."""
    bag, counts = bag_of(mol, buckets)
    return bag.astype("<u2").tobytes() + counts.tobytes()


def features_of(mol: Chem.Mol, buckets: Buckets, *, graph: bool = True) -> Features:
    """Featurise a parent that is already read.

    Parameters
    ----------
    mol
        The parent, its stereo assigned as reading its SMILES does.
    buckets
        Hash spaces of the encoder.
    graph
        Whether atoms and bonds are wanted too: only a 3D branch looks at them.
    """
    bag, counts = bag_of(mol, buckets)
    if not graph:
        return Features(bag, counts, *_NO_GRAPH)
    atoms = environments(mol, buckets.environments)
    return Features(bag, counts, atoms, atom_fields(mol), bond_codes(mol))


_NO_GRAPH = (
    np.zeros((0, RADIUS + 1), np.uint16),
    np.zeros((0, len(ATOM_FIELDS) + 1), np.uint8),
    np.zeros((0, 3), np.uint16),
)


def features(parent_smiles: str, buckets: Buckets, *, graph: bool = True) -> Features:
    """Read a parent SMILES, as a prepared set holds it, and featurise it.

    Raises
    ------
    ValueError
        If RDKit does not read the SMILES: a prepared set holds none such.
    """
    mol = Chem.MolFromSmiles(parent_smiles)
    if mol is None:
        raise ValueError(f"not a readable parent SMILES: {parent_smiles!r}")
    return features_of(mol, buckets, graph=graph)
