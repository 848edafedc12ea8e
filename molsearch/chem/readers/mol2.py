"""Tripos mol2 files: each ``@<TRIPOS>MOLECULE`` a record with its geometry."""

from __future__ import annotations

from collections.abc import Iterator

from rdkit import Chem, rdBase

from molsearch.chem.readers.rows import OnReading, Row, TooLong, too_long_error
from molsearch.chem.readers.sections import first_line, row_of_mol, split_sections
from molsearch.chem.readers.titles import with_ids
from molsearch.config import ReadConfig

MOLECULE = "@<TRIPOS>MOLECULE"
# What programs write where a molecule has no name.
_NAMELESS = frozenset({"*****", "****"})


def read_mol2(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each molecule of a mol2 file; its name is the id."""
    return with_ids(_rows(blocks, config), config, source, report, "mol2")


def _rows(blocks: Iterator[bytes], config: ReadConfig) -> Iterator[Row]:
    sections = split_sections(blocks, _begins, config.max_record_bytes)
    next(sections)  # comments before the first molecule
    for number, section in enumerate(sections, start=1):
        if isinstance(section, TooLong):
            error = too_long_error(section, config.max_record_bytes)
            yield Row(number, _name(section.head), molblock=section.head, error=error)
        else:
            yield _row(number, section)


def _begins(line: str) -> bool:
    return line.startswith(MOLECULE)


def _name(section: str) -> str:
    lines = section.split("\n", 2)
    name = lines[1].strip() if len(lines) > 1 else ""
    return "" if name in _NAMELESS or name.startswith("@<TRIPOS>") else name


def _row(number: int, section: str) -> Row:
    name = _name(section)
    try:
        with rdBase.BlockLogs():
            mol = ligand(section)
    except (ValueError, RuntimeError) as error:
        return Row(number, name, molblock=section, error=first_line(error))
    if mol is None:
        return Row(number, name, molblock=section, error="not a readable mol2 record")
    row = row_of_mol(number, name, mol, {})
    return row._replace(molblock=section) if row.error else row


def ligand(section: str) -> Chem.Mol | None:
    """Read one mol2 record, not sanitised, with explicit hydrogens as they are.

    Crystal ligands often come without hydrogens, which RDKit would read as radicals and odd
    charges: such atoms get the hydrogens their valence asks for.
    """
    mol = (
        Chem.MolFromMol2Block(section, sanitize=False, removeHs=False) if section.strip() else None
    )
    if mol is not None and all(atom.GetAtomicNum() > 1 for atom in mol.GetAtoms()):
        _add_missing_hydrogens(mol)
    return mol


def _add_missing_hydrogens(mol: Chem.Mol) -> None:
    """Let RDKit fill the valences of a structure that was written without hydrogens."""
    for atom in mol.GetAtoms():
        atom.SetNoImplicit(False)
        atom.SetNumRadicalElectrons(0)
        order = sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds())
        atom.SetFormalCharge(1 if atom.GetAtomicNum() == 7 and order == 4 else 0)
