"""A hit laid over a query: flexible alignment by Gaussian shape and colour.

Both molecules get several conformers; every pair is aligned from several starting poses, since an
overlay ends in the optimum nearest to where it began, and the best is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molsearch.chem.shapes import laid_over, starts
from molsearch.errors import InputError
from molsearch.words import counted

QUERY_CONFORMERS = 4
HIT_CONFORMERS = 12
MAX_HEAVY_ATOMS = 80
_SEED = 20
_TIMEOUT = 20


@dataclass(frozen=True)
class Overlay:
    """A hit on a query.

    Attributes
    ----------
    query_block, hit_block
        Mol blocks of both, in one frame, hydrogens left out.
    shape, colour
        Tanimoto similarities of volume and of pharmacophore features, 0 to 1.
    """

    query_block: str
    hit_block: str
    shape: float
    colour: float

    @property
    def score(self) -> float:
        """Mean of shape and colour."""
        return (self.shape + self.colour) / 2


def overlay(
    query_smiles: str,
    hit_smiles: str,
    *,
    hit_name: str = "hit",
    references: int = QUERY_CONFORMERS,
) -> Overlay:
    """Align a hit on a query in 3D.

    Parameters
    ----------
    references
        Conformers of the query to align on; 1 puts every hit into one and the same frame.

    Raises
    ------
    InputError
        One of the two cannot be read, is too large, or gets no conformer.
    """
    query, hit = _with_conformers(query_smiles), _with_conformers(hit_smiles)
    with rdBase.BlockLogs():
        best = max(_alignments(query, hit, references), key=lambda found: found[0] + found[1])
    shape, colour, query_id, pose = best
    pose.SetProp("_Name", " ".join(hit_name.split())[:80])
    return Overlay(
        Chem.MolToMolBlock(query, confId=query_id), Chem.MolToMolBlock(pose), shape, colour
    )


def _alignments(
    query: Chem.Mol, hit: Chem.Mol, references: int
) -> Iterator[tuple[float, float, int, Chem.Mol]]:
    for conformer in list(query.GetConformers())[:references]:
        for pose in starts(hit):
            shape, colour = laid_over(query, conformer.GetId(), pose)
            yield shape, colour, conformer.GetId(), pose


@lru_cache(maxsize=256)
def _with_conformers(smiles: str) -> Chem.Mol:
    """Build a molecule with diverse conformers, relaxed by MMFF where it has parameters."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        if mol is None or mol.GetNumAtoms() == 0:
            raise InputError(f"cannot overlay {smiles[:80]!r}: not a SMILES; check the structure")
        if mol.GetNumAtoms() > MAX_HEAVY_ATOMS:
            raise InputError(
                f"{counted(mol.GetNumAtoms(), 'heavy atom')} are too many for an overlay "
                f"(at most {MAX_HEAVY_ATOMS})"
            )
        mol = Chem.AddHs(mol)
        parameters = rdDistGeom.ETKDGv3()
        parameters.randomSeed = _SEED
        parameters.pruneRmsThresh = 0.5
        parameters.timeout = _TIMEOUT
        made = list(rdDistGeom.EmbedMultipleConfs(mol, HIT_CONFORMERS, parameters))
        if not made:
            raise InputError(f"no 3D geometry can be made of {smiles[:80]!r}: it has no overlay")
        if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
            rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(mol, maxIters=100)
    return Chem.RemoveHs(mol)
