"""Ids of records that have a title and tags: the title, or the tag that holds the ids."""

from __future__ import annotations

from collections.abc import Iterator

from molsearch.chem.readers.identifiers import choose_id
from molsearch.chem.readers.rows import OnReading, Row, listed, sample
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import Reading

_SAMPLE = 100
_SAMPLE_BYTES = 1_000_000


def with_ids(
    rows: Iterator[Row], config: ReadConfig, source: str, report: OnReading, kind: str
) -> Iterator[Row]:
    """Give rows whose `molecule_id` is their title the ids they should have.

    The id is the tag that the user chose, else the title; where titles are blank, the tag that
    `choose_id` finds. A record that lacks one of the two takes the other.

    Parameters
    ----------
    kind
        Name of the format, for the account of the run.

    Raises
    ------
    InputError
        None of the first hundred records has the tag asked for as id.
    """
    wanted = config.id_field if config.id_field is not None else config.id_column
    first, rows = sample(rows, _SAMPLE, _SAMPLE_BYTES, lambda row: len(row.molblock))
    tag, others = _tag_for_ids(wanted, first, source)
    by_tag = wanted is not None or not any(row.molecule_id for row in first)
    found = f"tag {tag!r}" if by_tag and tag else "" if by_tag else "title line"
    if tag and not by_tag:  # said also where the first hundred have titles: a later one may not
        found += f", from tag {tag!r} where it is blank"
    report(Reading(source, kind, "mol block", found, (), others))
    for row in rows:
        value = row.extra.get(tag, "")
        value, title = value if value.strip() else "", row.molecule_id
        yield row._replace(molecule_id=(value or title) if by_tag else (title or value))


def _tag_for_ids(wanted: str | None, rows: list[Row], source: str) -> tuple[str, tuple[str, ...]]:
    """Name of the tag that holds the ids, or empty; and the other candidates."""
    tags = list(dict.fromkeys(name for row in rows for name in row.extra))
    if wanted is None:
        cells = [[row.extra.get(tag, "") for tag in tags] for row in rows]
        position, others = choose_id(tags, cells)
        return "" if position is None else tags[position], tuple(tags[other] for other in others)
    for name in tags:
        if name == wanted:
            return name, ()
    for name in tags:
        if name.lower() == wanted.lower():
            return name, ()
    if all(row.error for row in rows):  # broken records say nothing about the tags below
        return wanted, ()
    raise InputError(
        f"{source}: no tag {wanted!r}; --id-field can be {listed(tags) or 'left out: no tags here'}"
    )
