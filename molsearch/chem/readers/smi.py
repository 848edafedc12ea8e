"""SMI lines: a SMILES, white space, and the rest of the line is the id, verbatim."""

from __future__ import annotations

from collections.abc import Iterator

from molsearch.chem.readers.cells import structure_row
from molsearch.chem.readers.lines import Line, unread
from molsearch.chem.readers.rows import Row, TooLong
from molsearch.config import ReadConfig

INCHI_COLUMN = "inchi"


def read_smi(lines: Iterator[Line], header: bool, config: ReadConfig) -> Iterator[Row]:
    """Yield one row for each filled line; a header line, where there is one, is passed over.

    A CXSMILES extension (``|…|`` after the SMILES) belongs to the SMILES, not to the id.
    """
    longest = config.max_smiles_length
    for number, line in enumerate(lines, start=1):
        if isinstance(line, TooLong):
            yield unread(number, line, config.max_record_bytes)
            continue
        if not line.strip():
            continue
        if header:
            header = False
            continue
        smiles, molecule_id = split_line(line)
        yield structure_row(number, molecule_id, smiles, {}, longest, INCHI_COLUMN)


def split_line(line: str) -> tuple[str, str]:
    """Split a filled line into SMILES (with its extension) and id, which may be empty.

    Examples
    --------
    >>> split_line("C[C@H](N)O |&1:1| my name")
    ('C[C@H](N)O |&1:1|', 'my name')
    """
    parts = line.split(None, 1)
    molecule_id = parts[1].rstrip("\r") if len(parts) == 2 else ""
    if molecule_id.startswith("|"):
        return _take_extension(parts[0], molecule_id)
    return parts[0], molecule_id


def _take_extension(smiles: str, rest: str) -> tuple[str, str]:
    """Move a leading ``|…|`` from the rest of the line to the SMILES."""
    end = rest.find("|", 1)
    after = rest[end + 1 :]
    if end < 0 or (after and not after[0].isspace()):
        return smiles, rest
    return f"{smiles} {rest[: end + 1]}", after.lstrip()
