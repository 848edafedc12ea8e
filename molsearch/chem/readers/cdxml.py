"""ChemDraw CDXML documents: each drawn structure a record, read whole since XML is."""

from __future__ import annotations

from collections.abc import Iterator

from rdkit import Chem, rdBase

from molsearch.chem.readers.rows import OnReading, Row, decode
from molsearch.chem.readers.sections import first_line, row_of_mol
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Reading


def read_cdxml(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each structure of a ChemDraw document; drawings bear no ids.

    Raises
    ------
    InputError
        The document is above ``max_record_bytes``, or no XML that RDKit reads.
    """
    text = decode(_whole(blocks, config.max_record_bytes, source))
    try:
        with rdBase.BlockLogs():
            mols = Chem.MolsFromCDXML(text, sanitize=False, removeHs=False)
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"{source}: damaged CDXML ({first_line(error)}); save it again, or export it as SDF"
        ) from error
    report(Reading(source, "cdxml", "drawn structures", ""))
    for number, mol in enumerate(mols, start=1):
        with rdBase.BlockLogs():
            yield row_of_mol(number, "", mol, {})


def _whole(blocks: Iterator[bytes], limit: int, source: str) -> bytes:
    pieces, size = [], 0
    for block in blocks:
        pieces.append(block)
        size += len(block)
        if size > limit:
            raise InputError(
                f"{source}: a CDXML document of more than {limit:,} bytes; export it as SDF"
            )
    return b"".join(pieces)
