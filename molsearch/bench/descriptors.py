"""What is computed from a benchmark's structures: fingerprints, properties, names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase

from molsearch.chem.facts import facts_of
from molsearch.chem.fingerprints import FINGERPRINTS
from molsearch.chem.parse import RejectedError
from molsearch.chem.scaffold import scaffold
from molsearch.chem.standardize import parent_of
from molsearch.schema import PROPERTIES

Array = npt.NDArray[Any]
_ANY_SIZE = 10**6  # heavy atoms


@dataclass(frozen=True, slots=True)
class Described:
    """Structures read once, and what was asked of them.

    Attributes
    ----------
    readable
        Whether RDKit reads each structure, bool ``[n]``.
    columns
        One array a descriptor, its first axis the structures.
    """

    readable: npt.NDArray[np.bool_]
    columns: dict[str, Array]


def _packed(name: str) -> tuple[Callable[[Chem.Mol], Array], Array]:
    """Packed bits of a fingerprint, and the empty one."""
    kind = FINGERPRINTS[name]
    return lambda mol: np.frombuffer(kind.of(mol), np.uint8), np.zeros(kind.n_bytes, np.uint8)


def _properties(mol: Chem.Mol) -> Array:
    return np.array(list(facts_of(mol, PROPERTIES).values()), dtype=np.float32)


def _parent(mol: Chem.Mol) -> str:
    """SMILES without stereo of what a screen would search; of the structure itself where none."""
    with suppress(RejectedError, ValueError, RuntimeError):
        mol = parent_of(mol, _ANY_SIZE)
    return str(Chem.MolToSmiles(mol, isomericSmiles=False))


# descriptor -> (function of a molecule, value for a molecule that cannot be read)
_DESCRIPTORS: dict[str, tuple[Callable[[Chem.Mol], Any], Any]] = {
    **{name: _packed(name) for name in FINGERPRINTS},
    "properties": (_properties, np.full(len(PROPERTIES), np.nan, np.float32)),
    "heavy_atoms": (lambda mol: np.float32(mol.GetNumHeavyAtoms()), np.float32(np.nan)),
    "parent": (_parent, ""),
    "scaffold": (scaffold, ""),
    "skeleton": (lambda mol: Chem.MolToInchiKey(mol)[:14], ""),
}
DESCRIPTORS = tuple(_DESCRIPTORS)


def describe(smiles: Sequence[str], names: Collection[str]) -> Described:
    """Read structures once and compute the descriptors called `names`.

    Parameters
    ----------
    smiles
        Structures; one that RDKit cannot read keeps its place with an empty value.
    names
        Of `DESCRIPTORS`: the names of `chem.fingerprints.FINGERPRINTS` (packed bits),
        ``properties`` (`schema.PROPERTIES`), ``heavy_atoms``, ``parent`` (SMILES of the
        parent without stereo: salts and charge states of one substance are one),
        ``scaffold`` and ``skeleton`` (first block of the InChIKey).
    """
    values: dict[str, list[Any]] = {name: [] for name in names}
    readable = np.zeros(len(smiles), dtype=bool)
    with rdBase.BlockLogs():
        for row, one in enumerate(smiles):
            mol = Chem.MolFromSmiles(one) if one else None
            readable[row] = mol is not None and mol.GetNumAtoms() > 0
            for name in names:
                function, missing = _DESCRIPTORS[name]
                values[name].append(function(mol) if readable[row] else missing)
    return Described(readable, {name: _column(name, found) for name, found in values.items()})


def joined(parts: Sequence[Described]) -> Described:
    """Put parts of one sequence of structures together, in order."""
    return Described(
        np.concatenate([part.readable for part in parts]),
        {name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns},
    )


def _column(name: str, values: list[Any]) -> Array:
    missing = _DESCRIPTORS[name][1]
    kind = object if isinstance(missing, str) else missing.dtype
    return np.array(values, dtype=kind).reshape(len(values), *np.shape(missing))
