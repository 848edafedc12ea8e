"""3D geometries: embedded by ETKDGv3, or taken from the input where it really is 3D.

A geometry is never made up: whatever has the wrong stereo, no depth, or no finite coordinates
is refused, and the molecule fails with the reason.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molsearch.chem.geometry import keeps_stereo
from molsearch.chem.parse import RejectedError
from molsearch.chem.signals import without_interrupts
from molsearch.config import PrepareConfig

STAGE = "conformer"
SCALE = 1000.0  # stored integers per Å
_MMFF_STEPS = 200
_FAST_FORCE_TOLERANCE = 0.0135
_LIMIT = 32.0  # Å from the centre that int16 can hold, with a margin

Positions = npt.NDArray[np.float64]


def embed(mol: Chem.Mol, config: PrepareConfig) -> list[Positions]:
    """Make up to ``config.n_conformers`` geometries of a parent.

    Parameters
    ----------
    mol
        The parent as read from its canonical SMILES, without conformers.
    config
        ``quality="fast"`` puts hydrogens on stereocentres only; ``"full"`` on all atoms, and
        relaxes by MMFF94s where it has parameters.

    Returns
    -------
    At least one float64 ``[n_atoms, 3]`` in Å, atoms in the order of `mol`.

    Raises
    ------
    RejectedError
        With stage ``"conformer"``: no embedding, no embedding with the right stereo, or no time.
    """
    started = time.thread_time()
    full = config.quality == "full"
    model = _with_hydrogens(mol, full)
    made = _embed_twice(model, config, full)
    if not made:
        if time.thread_time() - started >= config.timeout:
            raise RejectedError(STAGE, f"no 3D geometry within {config.timeout:g} s")
        raise RejectedError(STAGE, "RDKit found no 3D geometry")
    if full:
        _relax(model)
    n_atoms = mol.GetNumAtoms()
    kept = [
        conformer.GetPositions()[:n_atoms]
        for conformer in model.GetConformers()
        if keeps_stereo(model, conformer.GetId())
    ]
    finite = [positions for positions in kept if np.isfinite(positions).all()]
    if not finite:
        raise RejectedError(STAGE, "no 3D geometry with the parent's stereochemistry")
    return finite


def geometry_of(parent_smiles: str, config: PrepareConfig) -> npt.NDArray[np.int16] | None:
    """Make one geometry of a parent that was prepared without, for somebody who looks at it.

    Returns
    -------
    int16 ``[n_atoms, 3]`` in thousandths of an Å, in the atom order of the SMILES; None for a
    parent too large for 3D, or where none can be made.
    """
    mol = Chem.MolFromSmiles(parent_smiles)
    if mol is None or mol.GetNumHeavyAtoms() > config.max_heavy_atoms_3d:
        return None
    try:
        with rdBase.BlockLogs():
            made = embed(mol, config.model_copy(update={"n_conformers": 1}))
        packed = pack(made[:1])
    except (RejectedError, ValueError, RuntimeError):
        return None
    return np.frombuffer(packed, "<i2").reshape(mol.GetNumAtoms(), 3)


def pack(geometries: list[Positions]) -> bytes:
    """Pack geometries as little-endian int16 thousandths of an Å, each centred on its atoms.

    Raises
    ------
    RejectedError
        With stage ``"conformer"``: an atom lies farther than 32 Å from the centre.
    """
    stack = np.stack(geometries)
    stack = stack - stack.mean(axis=1, keepdims=True)
    if np.abs(stack).max() > _LIMIT:
        raise RejectedError(STAGE, f"geometry reaches beyond {_LIMIT:g} Å from its centre")
    return bytes(np.round(stack * SCALE).astype("<i2").tobytes())


def unpack(coords: bytes, n_conformers: int, n_atoms: int) -> npt.NDArray[np.float32]:
    """Inverse of `pack`: float32 ``[n_conformers, n_atoms, 3]`` in Å."""
    integers = np.frombuffer(coords, dtype="<i2").reshape(n_conformers, n_atoms, 3)
    return integers.astype(np.float32) / np.float32(SCALE)


def _with_hydrogens(mol: Chem.Mol, full: bool) -> Chem.Mol:
    """Add all hydrogens, or those on stereocentres alone: they hold the centre's shape."""
    if full:
        return Chem.AddHs(mol)
    unspecified = Chem.ChiralType.CHI_UNSPECIFIED
    centres = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetChiralTag() != unspecified]
    return Chem.AddHs(mol, onlyOnAtoms=centres) if centres else Chem.Mol(mol)


def _embed_twice(model: Chem.Mol, config: PrepareConfig, full: bool) -> int:
    """Embed from the distance matrix, then from random coordinates; the number of conformers."""
    end = time.thread_time() + config.timeout
    for random_coordinates in (False, True):
        parameters = rdDistGeom.ETKDGv3()
        parameters.randomSeed = config.seed
        parameters.useRandomCoords = random_coordinates
        if not full:
            parameters.optimizerForceTol = _FAST_FORCE_TOLERANCE
        if made := _embed_within(model, config.n_conformers, parameters, end):
            return made
    return 0


def _embed_within(model: Chem.Mol, n_conformers: int, parameters: Any, end: float) -> int:
    """Embed until this thread has used `end` seconds of processor time.

    RDKit's own limit is wall time: on a machine that gives this process a fraction of a core it
    would fail good molecules, so a try that starved is repeated with more patience.
    """
    patience = 1.0
    while (left := end - time.thread_time()) > 0:
        parameters.timeout = math.ceil(left * patience)
        began = time.monotonic()
        with without_interrupts():
            made = len(rdDistGeom.EmbedMultipleConfs(model, n_conformers, parameters))
        if made or time.monotonic() - began < parameters.timeout:
            return made
        patience *= 4.0
    return 0


def _relax(model: Chem.Mol) -> None:
    """Relax every conformer by MMFF94s in place; elements it does not know stay as embedded."""
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(model):
        rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(
            model, numThreads=1, maxIters=_MMFF_STEPS, mmffVariant="MMFF94s"
        )
