"""What two molecules share: their maximum common substructure, sought for a limited time."""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem, rdBase
from rdkit.Chem import rdFMCS

from molsearch.errors import InputError

#: Whole seconds that the search for one pair may take.
SECONDS = 1


@dataclass(frozen=True)
class CommonPart:
    """The largest connected part that two molecules share.

    Elements and bond orders agree, rings meet rings alone and are whole; stereo is not compared.

    Attributes
    ----------
    smarts
        The part; empty where they share none.
    first, second
        Its atoms in each molecule, in one order.
    complete
        Whether the search came to its end; else this is the largest part found in time.
    """

    smarts: str
    first: tuple[int, ...]
    second: tuple[int, ...]
    complete: bool

    def __len__(self) -> int:
        return len(self.first)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Atom of the first and of the second molecule, for each atom of the part."""
        return tuple(zip(self.first, self.second, strict=True))


def common_part(first: str, second: str, *, seconds: int = SECONDS) -> CommonPart:
    """Find the maximum common substructure of two SMILES.

    Parameters
    ----------
    seconds
        After which the largest part found so far stands.

    Raises
    ------
    InputError
        A SMILES cannot be read.

    Examples
    --------
    >>> len(common_part("c1ccccc1CCO", "c1ccccc1CCN"))
    8
    """
    mols = [_read(first), _read(second)]
    with rdBase.BlockLogs():
        found = rdFMCS.FindMCS(
            mols,
            timeout=max(1, seconds),
            # By default an aromatic bond would pass for a single one.
            bondCompare=rdFMCS.BondCompare.CompareOrderExact,
            ringMatchesRingOnly=True,
            completeRingsOnly=True,
        )
    complete = not found.canceled
    if not found.smartsString:
        return CommonPart("", (), (), complete)
    part = found.queryMol
    matches = [tuple(mol.GetSubstructMatch(part)) for mol in mols]
    if not all(matches):
        return CommonPart("", (), (), complete)
    return CommonPart(found.smartsString, matches[0], matches[1], complete)


def _read(smiles: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    if mol is None or not mol.GetNumAtoms():
        raise InputError(f"cannot read SMILES {smiles[:80]!r}: check it for typing errors")
    return mol
