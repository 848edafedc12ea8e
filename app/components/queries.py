"""What a user searches with: read on the server, drawn back, written for the command line.

Text never reaches the command line: it is read as structures, and those go into a file of the run.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

from molsearch import schema
from molsearch.chem.inchi import PREFIX, smiles_of_inchi
from molsearch.chem.prepare import prepare_in_process, prepare_record
from molsearch.chem.readers.formats import looks_like_a_file
from molsearch.chem.readers.smi import split_line
from molsearch.chem.records import iter_records
from molsearch.config import PrepareConfig, ReadConfig, ScreenConfig
from molsearch.errors import InputError
from molsearch.schema import Failure, Record
from molsearch.words import counted
from molsearch_app import places
from molsearch_app.components import theme
from molsearch_app.guard import CHEMISTRY, BusyError, TooLongError, result

MOST, MOST_ROWS = 200, 2000
LONGEST_NAME = 80
LONGEST_LINE = 4000
LINE_SECONDS, FILE_SECONDS = 5.0, 60.0
_FLAT = PrepareConfig(n_conformers=0)


@dataclass(frozen=True)
class Draft:
    """A query before it is searched with.

    Attributes
    ----------
    name
        What the user calls it.
    smiles
        The structure as given.
    parent
        Its parent's SMILES; empty where `error` says why there is none.
    """

    name: str
    smiles: str
    parent: str = ""
    error: str = ""
    note: str = ""


def check(record: Record, note: str = "") -> Draft:
    """Read one structure."""
    name = " ".join(record.molecule_id.split())[:LONGEST_NAME]
    found = prepare_record(record, _FLAT)
    if isinstance(found, Failure):
        return Draft(name, record.smiles[:2000], error=found.reason, note=note)
    open_centres = found.n_unspecified_stereo
    if open_centres and not note:
        note = f"{counted(open_centres, 'stereocentre')} open"
    return Draft(name, found.smiles, parent=found.parent_smiles, note=note)


def parse_text(text: str) -> list[Draft]:
    """Read pasted text: one SMILES or InChI a line, a name may follow it.

    Each line has its own short time in another process: what a page is given to read may be made
    to take hours.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()][:MOST]
    read = [
        (number, line, _submit(number, line) if len(line) <= LONGEST_LINE else None)
        for number, line in enumerate(lines, start=1)
    ]
    return [_outcome(number, line, future) for number, line, future in read]


def _submit(number: int, line: str) -> Future[Draft] | TooLongError:
    try:
        return CHEMISTRY.submit(parse_line, number, line, seconds=LINE_SECONDS)
    except BusyError as error:
        return TooLongError(str(error))


def _outcome(number: int, line: str, future: Future[Draft] | TooLongError | None) -> Draft:
    """Wait for a line; one that cannot be read in time is an error of its own."""
    if future is None:
        words = f"longer than the {LONGEST_LINE:,} characters that a structure may have here"
    elif isinstance(future, TooLongError):
        words = str(future)
    else:
        try:
            return result(future, LINE_SECONDS)
        except TooLongError:
            words = f"takes more than {LINE_SECONDS:.0f} seconds to read; bring a smaller molecule"
    return Draft(f"query {number}", line[:200], error=words)


@lru_cache(maxsize=2000)
def parse_line(number: int, line: str) -> Draft:
    """Read one line of pasted text."""
    return _draft(number, *_apart(line))


def _apart(line: str) -> tuple[str, str]:
    """Split a line into structure and name, at a blank or, as in a pasted csv, a comma."""
    if line.startswith(PREFIX):  # InChI has commas of its own
        structure, *rest = line.split(maxsplit=1)
        return structure, rest[0] if rest else ""
    structure = re.split(r"[\s,]", line, maxsplit=1)[0]
    name = line[len(structure) :].lstrip(", \t")
    # What follows may be an extension such as |&1:1,3|, which belongs to the structure.
    return split_line(f"{structure} {name}") if structure else (line, "")


def _draft(number: int, structure: str, name: str) -> Draft:
    try:
        smiles = smiles_of_inchi(structure) if structure.startswith(PREFIX) else structure
    except InputError as error:
        return Draft(name or f"query {number}", structure[:200], error=str(error))
    return check(Record(number, "query", number, name.strip() or f"query {number}", smiles=smiles))


@dataclass(frozen=True)
class Uploaded:
    """What a query file gives.

    Attributes
    ----------
    drafts
        Queries, good and bad; at most `MOST`.
    inactives
        Molecules that a table of what was measured calls inactive.
    notes
        How the file was read, a line each.
    """

    drafts: list[Draft]
    inactives: list[Draft] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse_file(path: Path) -> Uploaded:
    """Read a query file of any format, in another process; at most `MOST_ROWS` records.

    A table with an activity column gives queries and inactives, as on the command line.

    Raises
    ------
    InputError
        The file cannot be read at all.
    TooLongError
        It takes longer than a page may.
    """
    return CHEMISTRY.run(_read_file, path, seconds=FILE_SECONDS)


def _read_file(path: Path) -> Uploaded:
    from molsearch.search.actives import split_table

    records = list(islice(iter_records([path], ReadConfig()), MOST_ROWS + 1))
    notes = []
    if len(records) > MOST_ROWS:
        records.pop()
        notes.append(f"The first {MOST_ROWS:,} rows were read.")
    prepared, _ = prepare_in_process(records, _FLAT, (schema.INCHIKEY,))
    # A page names the file as the user does, who never sees where it lies.
    parts = split_table(path, prepared, ScreenConfig())
    if parts is None:
        if len(records) > MOST:
            notes.append(f"The first {MOST} of {counted(len(records), 'row')} are queries.")
        return Uploaded([check(record) for record in records[:MOST]], notes=notes)
    known = {record.number: record for record in records}
    good = {row.record_number for row in prepared}
    bad = [check(record) for record in records if record.number not in good]
    active, inactive = ([check(known[row.record_number]) for row in part] for part in parts[:2])
    notes.append(parts[2].replace(str(path), path.name))
    if len(active) > MOST:
        notes.append(f"The first {MOST} of {counted(len(active), 'active')} are queries.")
    return Uploaded([*active[:MOST], *bad], inactive, notes)


def examples() -> list[Draft]:
    """Read the queries of the bundled example; none where it is not there."""
    path = places.example("queries.csv")
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return [
        check(Record(i, "example", i, row["name"], smiles=row["smiles"]), row["drug_class"])
        for i, row in enumerate(rows, start=1)
    ]


def good(drafts: Iterable[Draft]) -> list[Draft]:
    """Keep the queries that can be searched with, each structure once, names told apart."""
    found: dict[str, Draft] = {}
    for draft in drafts:
        if draft.parent and draft.parent not in found:
            found[draft.parent] = draft
    return list(found.values())


def to_csv(drafts: Sequence[Draft]) -> str:
    """Write queries as the file that the command line reads."""
    handle = io.StringIO()
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow(["smiles", "molecule_id"])
    writer.writerows([draft.smiles, draft.name] for draft in drafts)
    return handle.getvalue()


def inline(draft: Draft) -> str | None:
    """Write a query as one argument of the command line; None where it would be misread there."""
    line = f"{draft.smiles} {draft.name}".strip()
    structure, name = split_line(line)
    reads_back = (structure, name.strip()) == (draft.smiles, draft.name) and bool(draft.name)
    # A name such as lead.sdf makes the whole look like a file.
    return line if reads_back and not looks_like_a_file(line) else None


def chips(drafts: Sequence[Draft], most: int = 12) -> str:
    """Drawn chips of queries as HTML; every name is escaped."""
    parts = [_chip(draft) for draft in drafts[:most]]
    if len(drafts) > most:
        parts.append(f"<div class='ms-muted'>and {len(drafts) - most} more</div>")
    return f"<div class='ms-chips'>{''.join(parts)}</div>"


def _chip(draft: Draft) -> str:
    name, note = html.escape(draft.name), html.escape(draft.note)
    if draft.error:
        structure = html.escape(draft.smiles[:60])
        return (
            f"<div class='ms-chip bad'><b>{name}</b><small>{structure}</small>"
            f"<small>{html.escape(draft.error)}</small></div>"
        )
    picture = theme.structure(draft.parent)
    return f"<div class='ms-chip' title='{name}'>{picture}<b>{name}</b><small>{note}</small></div>"
