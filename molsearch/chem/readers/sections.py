"""Records of a text that each begin at a telling line (mol2, Maestro), one held at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rdkit import Chem

from molsearch.chem.readers.lines import bounded_lines
from molsearch.chem.readers.rows import Row, TooLong, shown


def split_sections(
    blocks: Iterator[bytes], begins: Callable[[str], bool], limit: int
) -> Iterator[str | TooLong]:
    """Split a text before each line that begins a record.

    Parameters
    ----------
    blocks
        The bytes of the file in pieces.
    begins
        Whether a line is the first of a record.
    limit
        Largest record kept, in bytes; of a larger one only the head is.

    Yields
    ------
    str or TooLong
        What stands before the first record (maybe nothing), then each record.
    """
    kept: list[str] = []
    size = 0
    for line in bounded_lines(blocks, limit):
        text = line if isinstance(line, str) else line.head
        if begins(text):
            yield _joined(kept, size, limit)
            kept, size = [], 0
        size += 1 + (len(line) if isinstance(line, str) else line.n_bytes)
        if size <= limit:
            kept.append(text)
    yield _joined(kept, size, limit)


def _joined(kept: list[str], size: int, limit: int) -> str | TooLong:
    text = "\n".join(line.removesuffix("\r") for line in kept)
    return text + "\n" if size <= limit else TooLong(shown(text), size)


def row_of_mol(number: int, title: str, mol: Chem.Mol, extra: dict[str, str]) -> Row:
    """Build the row of an unsanitised molecule, as a mol block with its coordinates."""
    try:
        Chem.SanitizeMol(mol)
        conformers = mol.GetConformers()
        if conformers and conformers[0].Is3D():
            Chem.AssignStereochemistryFrom3D(mol)
        block = Chem.MolToMolBlock(mol)
    except (ValueError, RuntimeError) as error:  # RDKit's own are subclasses of these two
        return Row(number, title, extra=extra, error=first_line(error))
    return Row(number, title, molblock=block, extra=extra)


def first_line(error: Exception) -> str:
    """First line of what RDKit says, as a reason."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"RDKit: {lines[0][:300]}"
