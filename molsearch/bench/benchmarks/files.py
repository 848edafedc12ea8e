"""The file formats benchmark sites ship: .ism and .smi lists, .sdf.gz sets, .mol2 ligands."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import IO

from rdkit import Chem, rdBase
from rdkit.Chem import AllChem

from molsearch.bench.benchmarks.task import TaskQuery
from molsearch.chem.readers.mol2 import ligand
from molsearch.errors import InputError


def open_binary(path: Path) -> IO[bytes]:
    """Open a plain or gzipped file for reading bytes."""
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def read_smiles(path: Path) -> tuple[list[str], list[str]]:
    """SMILES and ids of a white-space separated list; the last column is the id.

    DUD-E's ``actives_final.ism`` has three columns (SMILES, number, ChEMBL id), its decoys and
    LIT-PCBA's lists have two. A file without ids gets ``<stem>-<line>``.

    Raises
    ------
    InputError
        The file is missing, is not text, or holds no molecule.
    """
    smiles, ids = [], []
    try:
        with open_binary(path) as handle:
            for number, line in enumerate(handle, start=1):
                fields = line.decode().split()
                if fields:
                    smiles.append(fields[0])
                    ids.append(fields[-1] if len(fields) > 1 else f"{path.stem}-{number}")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {error}; download it again") from error
    if not smiles:
        raise InputError(f"{path} holds no molecules: download it again")
    return smiles, ids


def read_sdf(path: Path) -> tuple[list[str], list[str]]:
    """SMILES and ids (title lines) of a plain or gzipped SDF.

    A record RDKit cannot read keeps its place with an empty SMILES, so that it counts and ranks
    last rather than vanishing.

    Raises
    ------
    InputError
        The file is missing, truncated, or holds no molecule.
    """
    smiles, ids = [], []
    try:
        with open_binary(path) as handle:
            for number, mol in enumerate(Chem.ForwardSDMolSupplier(handle), start=1):
                title = mol.GetProp("_Name").strip() if mol and mol.HasProp("_Name") else ""
                ids.append(title or f"{path.name.split('.')[0]}-{number}")
                smiles.append(Chem.MolToSmiles(mol) if mol else "")
    except (OSError, EOFError, SystemError) as error:
        reason = error.__cause__ or error
        raise InputError(
            f"{path} breaks off after record {len(smiles)} ({reason}): download it again"
        ) from error
    if not smiles:
        raise InputError(f"{path} holds no molecules: download it again")
    return smiles, ids


def read_mol2_query(path: Path, query_id: str = "") -> TaskQuery:
    """Read a ligand with its crystal geometry from a MOL2 file.

    Crystal ligands often come without hydrogens, which RDKit would read as radicals and odd
    charges: such atoms get the hydrogens their valence asks for. Where the file's bonds are
    wrong, lay the right structure beside it as ``<name>.smi``: it keeps the MOL2's positions.

    Raises
    ------
    InputError
        The file is missing, or RDKit finds no valid molecule in it.
    """
    try:
        with open_binary(path) as handle:
            block = handle.read().decode(errors="replace")
    except (OSError, EOFError) as error:
        raise InputError(f"cannot read {path}: {error}; download it again") from error
    name = query_id or path.name.split(".")[0]
    with rdBase.BlockLogs():
        mol = _ligand(block, path.parent / f"{path.name.split('.')[0]}.smi")
    if mol is None or mol.GetNumAtoms() == 0:
        raise InputError(
            f"{path} holds no molecule that RDKit accepts: lay its structure beside it as "
            f"{path.name.split('.')[0]}.smi"
        )
    return TaskQuery(name, Chem.MolToSmiles(mol), Chem.MolToMolBlock(mol))


def _ligand(block: str, template: Path) -> Chem.Mol | None:
    try:
        mol = ligand(block)
        if mol is None:
            return None
        if template.is_file():
            right = Chem.MolFromSmiles(read_smiles(template)[0][0])
            mol = AllChem.AssignBondOrdersFromTemplate(right, mol)
        Chem.SanitizeMol(mol)
        mol = Chem.RemoveHs(mol)
    except (ValueError, RuntimeError):  # RDKit's own exceptions are subclasses of these two
        return None
    Chem.AssignStereochemistryFrom3D(mol)
    return mol
