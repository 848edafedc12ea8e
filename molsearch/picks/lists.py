"""What must be among the picks and what must not: ids, files of ids, SMARTS."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from molsearch import schema
from molsearch.chem.filters import is_smarts
from molsearch.chem.records import iter_records
from molsearch.config import ReadConfig
from molsearch.errors import InputError, UsageError

_ID, _SMARTS = "id:", "smarts:"
_TABLES = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Named:
    """What an option names.

    Attributes
    ----------
    ids
        Of the hit list, in the order in which they are named.
    smarts
        Patterns, likewise.
    n_unknown
        Ids in files that the hit list does not hold.
    """

    ids: tuple[str, ...] = ()
    smarts: tuple[str, ...] = ()
    n_unknown: int = 0


def named(option: str, texts: Sequence[str], known: Collection[str], *, all_known: bool) -> Named:
    """Tell ids of the hit list, files of ids and SMARTS apart; ``id:`` and ``smarts:`` say it.

    Parameters
    ----------
    known
        Ids of the hit list.
    all_known
        Whether an id in a file that the hit list does not hold is an error.

    Raises
    ------
    UsageError
        A text is none of the three, or an id is missing.
    InputError
        A file cannot be read.
    """
    ids: dict[str, None] = {}
    smarts: dict[str, None] = {}
    n_unknown = 0
    for text in texts:
        file = Path(text)
        if text in known:
            listed = [text]
        elif text.startswith(_ID):
            listed = [text.removeprefix(_ID)]
        elif not text.startswith(_SMARTS) and file.is_file():
            listed = list(_ids_in(file))
        else:
            smarts[_pattern(option, text)] = None
            continue
        missing = [one for one in listed if one not in known]
        if missing and (all_known or text.startswith(_ID)):
            raise UsageError(f"{option}: {missing[0]!r} is not in the hit list; check the id")
        n_unknown += len(missing)
        ids.update(dict.fromkeys(one for one in listed if one in known))
    return Named((*ids,), (*smarts,), n_unknown)


def _pattern(option: str, text: str) -> str:
    bare = text.removeprefix(_SMARTS)
    if not is_smarts(bare):
        raise UsageError(
            f"{option} {text[:80]!r} is no id of the hit list, no file and no SMARTS; check it"
        )
    return bare


def _ids_in(path: Path) -> Iterator[str]:
    """Ids of a file: of a table its column ``molecule_id``, else the first; of a text its lines."""
    suffix = path.suffix.lower()
    try:
        if suffix in _TABLES:
            with path.open(encoding="utf-8-sig", newline="") as handle:
                yield from _ids_of_table(list(csv.reader(handle, delimiter=_TABLES[suffix])))
        elif suffix in ("", ".txt", ".lst", ".ids"):
            lines = path.read_text(encoding="utf-8-sig").splitlines()
            yield from (line.strip() for line in lines if line.strip())
        else:
            for record in iter_records([path], ReadConfig()):
                yield record.extra.get(schema.MOLECULE_ID) or record.molecule_id
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: no list of ids ({reason}); give one id a line") from error


def _ids_of_table(rows: list[list[str]]) -> Iterator[str]:
    if not rows:
        return
    place = rows[0].index(schema.MOLECULE_ID) if schema.MOLECULE_ID in rows[0] else None
    for row in rows if place is None else rows[1:]:
        if len(row) > (place or 0) and row[place or 0].strip():
            yield row[place or 0].strip()
