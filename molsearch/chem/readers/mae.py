"""Maestro files (.mae, .maegz): each ``f_m_ct`` block a record, its properties the user's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rdkit import Chem, rdBase

from molsearch.chem.readers.rows import OnReading, Row, TooLong, too_long_error, unique_names
from molsearch.chem.readers.sections import first_line, row_of_mol, split_sections
from molsearch.chem.readers.titles import with_ids
from molsearch.config import ReadConfig

_BLOCK = re.compile(r"\s*[fp]_m_ct\s*\{")
_TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')
_ESCAPED = re.compile(r"\\(.)")
_TITLE = "s_m_title"
_NOTHING = "<>"  # written for a value that is not there
# Maestro's own bookkeeping, which says nothing to the user.
_INTERNAL = re.compile(r"[birs]_(?:m|st|rdkit__)")


def read_mae(
    blocks: Iterator[bytes], config: ReadConfig, source: str, report: OnReading
) -> Iterator[Row]:
    """Yield one row for each structure of a Maestro file; its title is the id."""
    return with_ids(_rows(blocks, config), config, source, report, "mae")


def _rows(blocks: Iterator[bytes], config: ReadConfig) -> Iterator[Row]:
    sections = split_sections(blocks, _begins, config.max_record_bytes)
    head = next(sections)
    header = "" if isinstance(head, TooLong) else head
    for number, section in enumerate(sections, start=1):
        if isinstance(section, TooLong):
            error = too_long_error(section, config.max_record_bytes)
            yield Row(number, molblock=section.head, error=error)
        else:
            yield _row(number, header, section)


def _begins(line: str) -> bool:
    return _BLOCK.match(line) is not None


def _row(number: int, header: str, section: str) -> Row:
    found = properties(section)
    title = found.pop(_TITLE, "").strip()
    extra = {name: value for name, value in found.items() if not _INTERNAL.match(name)}
    supplier = Chem.MaeMolSupplier()
    try:
        with rdBase.BlockLogs():
            supplier.SetData(header + section, False, False)
            mol = next(supplier, None)
    except (ValueError, RuntimeError) as error:
        return Row(number, title, molblock=section, extra=extra, error=first_line(error))
    if mol is None:
        error_text = "not a readable structure of a Maestro file"
        return Row(number, title, molblock=section, extra=extra, error=error_text)
    row = row_of_mol(number, title, mol, extra)
    return row._replace(molblock=section) if row.error else row


def properties(section: str) -> dict[str, str]:
    r"""Read the properties of a structure, values as they are written.

    Examples
    --------
    >>> properties('f_m_ct {\n s_m_title\n r_user_x\n :::\n "a b"\n 1.50\n m_atom[2] {\n')
    {'s_m_title': 'a b', 'r_user_x': '1.50'}
    """
    head, _, rest = section.partition(":::")
    lines = (line.strip() for line in head.split("\n")[1:])
    names = [line for line in lines if line and not line.startswith("#")]
    values: list[str] = []
    for match in _TOKEN.finditer(rest):
        if len(values) == len(names):
            break
        quoted, bare = match.groups()
        if bare is None:
            values.append(_ESCAPED.sub(r"\1", quoted))
        else:
            values.append("" if bare == _NOTHING else bare)
    return dict(zip(unique_names(names), values, strict=False))
