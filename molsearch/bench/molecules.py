"""Molecules of a benchmark with what scorers need to know of them, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from molsearch.bench.conformers import Prepared3D
from molsearch.chem.fingerprints import ecfp4
from molsearch.chem.properties import properties
from molsearch.chem.scaffold import scaffold
from molsearch.schema import PROPERTIES

Array = npt.NDArray[Any]
T = TypeVar("T")


@cache
def _rdkit_generator() -> Any:
    return rdFingerprintGenerator.GetRDKitFPGenerator(maxPath=7, fpSize=2048)


def _ecfp4(mol: Chem.Mol) -> Array:
    return np.frombuffer(ecfp4(mol), dtype=np.uint8)


def _maccs(mol: Chem.Mol) -> Array:
    bits = np.zeros(167, dtype=np.uint8)
    bits[list(rdMolDescriptors.GetMACCSKeysFingerprint(mol).GetOnBits())] = 1
    return np.packbits(bits)


def _rdkit(mol: Chem.Mol) -> Array:
    return np.packbits(_rdkit_generator().GetFingerprintAsNumPy(mol))


def _properties(mol: Chem.Mol) -> Array:
    found = properties(mol)
    return np.array([found[name] for name in PROPERTIES], dtype=np.float32)


def _canonical(mol: Chem.Mol) -> str:
    return str(Chem.MolToSmiles(mol, isomericSmiles=False))


# feature -> (function of a molecule, value for a molecule that cannot be read)
_FEATURES: dict[str, tuple[Callable[[Chem.Mol], Any], Any]] = {
    "ecfp4": (_ecfp4, np.zeros(256, np.uint8)),
    "maccs": (_maccs, np.zeros(21, np.uint8)),
    "rdkit": (_rdkit, np.zeros(256, np.uint8)),
    "properties": (_properties, np.full(len(PROPERTIES), np.nan, np.float32)),
    "heavy_atoms": (lambda mol: np.float32(mol.GetNumHeavyAtoms()), np.float32(np.nan)),
    "canonical": (_canonical, ""),
    "scaffold": (scaffold, ""),
    "skeleton": (lambda mol: Chem.MolToInchiKey(mol)[:14], ""),
}
FEATURES = tuple(_FEATURES)
CONFORMERS = "conformers"  # what a scorer `needs` to read `Molecules.prepared`


class Molecules:
    """SMILES with their features, computed in one reading of the structures.

    Features are ``ecfp4``, ``maccs``, ``rdkit`` (packed bits), ``properties``
    (`schema.PROPERTIES`), ``heavy_atoms``, ``canonical`` (SMILES without stereo), ``scaffold``
    and ``skeleton`` (first block of the InChIKey).

    Parameters
    ----------
    smiles
        Structures; one that RDKit cannot read keeps its place with an empty value.
    """

    def __init__(self, smiles: Sequence[str]) -> None:
        self.smiles = list(smiles)
        self._prepared: Prepared3D | None = None
        self._known: dict[str, Array] = {}
        self._readable: npt.NDArray[np.bool_] | None = None
        self._remembered: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.smiles)

    def need(self, features: Collection[str]) -> None:
        """Compute several features at once; cheaper than asking for one after the other."""
        missing = [name for name in FEATURES if name in features and name not in self._known]
        if missing or self._readable is None:
            self._compute(missing)

    @property
    def prepared(self) -> Prepared3D:
        """Conformers, where the runner has attached them."""
        if self._prepared is None:
            raise RuntimeError("no conformers attached: a scorer that reads them must need them")
        return self._prepared

    @property
    def attached(self) -> bool:
        """Whether the molecules have been given conformers."""
        return self._prepared is not None

    def attach(self, prepared: Prepared3D) -> None:
        """Give the molecules their conformers."""
        self._prepared = prepared
        self._remembered = {}

    def remember(self, key: str, compute: Callable[[], T]) -> T:
        """Compute something about the conformers once; random compounds meet every target."""
        if key not in self._remembered:
            self._remembered[key] = compute()
        found: T = self._remembered[key]
        return found

    def __getitem__(self, feature: str) -> Array:
        """Array of a feature, its first axis the molecules."""
        self.need([feature])
        return self._known[feature]

    @property
    def readable(self) -> npt.NDArray[np.bool_]:
        """Whether RDKit reads each structure, shape ``[n]``."""
        if self._readable is None:
            self._compute([])
        assert self._readable is not None
        return self._readable

    def _compute(self, features: Sequence[str]) -> None:
        columns: dict[str, list[Any]] = {name: [] for name in features}
        readable = np.zeros(len(self.smiles), dtype=bool)
        with rdBase.BlockLogs():
            for row, smiles in enumerate(self.smiles):
                mol = Chem.MolFromSmiles(smiles) if smiles else None
                readable[row] = mol is not None and mol.GetNumAtoms() > 0
                for name in features:
                    function, missing = _FEATURES[name]
                    columns[name].append(function(mol) if readable[row] else missing)
        self._readable = readable
        for name, values in columns.items():
            kind = object if isinstance(_FEATURES[name][1], str) else _FEATURES[name][1].dtype
            shape = np.shape(_FEATURES[name][1])
            self._known[name] = np.array(values, dtype=kind).reshape(len(values), *shape)
