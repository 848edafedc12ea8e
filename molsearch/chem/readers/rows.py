"""What every reader yields, and the few helpers that all of them share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, TypeVar

from molsearch.errors import InputError
from molsearch.schema import Reading

OnReading = Callable[[Reading], None]
_SHOWN = 500
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_Item = TypeVar("_Item")


class Row(NamedTuple):
    """One row of one source; `Record` without its number and source."""

    row: int
    molecule_id: str = ""
    smiles: str = ""
    molblock: str = ""
    extra: Mapping[str, str] = {}
    error: str = ""


class TooLong(NamedTuple):
    """A line or record above the size limit: its beginning, and its size in bytes."""

    head: str
    n_bytes: int


class DamagedError(InputError):
    """The bytes of a source end or break before its end; the rows read so far are good."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}; {mend}")
        self.what = what
        self.mend = mend


def shown(text: str) -> str:
    """Return the part of an over-long text that is kept for the failures table."""
    return text[:_SHOWN]


def too_long_error(item: TooLong, limit: int) -> str:
    """Say that a line or record was not read because of its size."""
    return f"{item.n_bytes:,} bytes, more than the limit of {limit:,} (max_record_bytes)"


def decode(raw: bytes) -> str:
    """Decode bytes as UTF-8, else as Windows-1252, else as Latin-1, which always does."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def typed_text(text: str) -> str:
    r"""Make text of what was typed in another encoding than the system takes it for.

    Python hands over bytes that it cannot read as half characters, which no table may hold.

    Examples
    --------
    >>> typed_text("\udce9thanol"), typed_text("éthanol")
    ('éthanol', 'éthanol')
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        halves = "surrogateescape" if not _NO_BYTE.search(text) else "replace"
        return decode(text.encode("utf-8", halves))
    return text


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Name every column, once: blanks become ``column_<n>``, repeats get ``_2``, ``_3``.

    Examples
    --------
    >>> unique_names(["id", "", "id"])
    ('id', 'column_2', 'id_2')
    """
    taken = {name for name in names if name.strip()}
    seen: set[str] = set()
    result = []
    for position, name in enumerate(names, start=1):
        wanted = name if name.strip() else f"column_{position}"
        candidate, count = wanted, 1
        while candidate in seen or (candidate != name and candidate in taken):
            count += 1
            candidate = f"{wanted}_{count}"
        seen.add(candidate)
        result.append(candidate)
    return tuple(result)


def listed(names: Sequence[str], most: int = 20) -> str:
    """Quote column names for a message, at most `most` of them."""
    text = ", ".join(repr(name[:60]) for name in names[:most])
    return f"{text}, … ({len(names)} in all)" if len(names) > most else text


def sample(
    items: Iterator[_Item], n_items: int, n_bytes: int, size: Callable[[_Item], int]
) -> tuple[list[_Item], Iterator[_Item]]:
    """Look at the first items of a stream without taking them away.

    Damage met while looking is raised again only after the items before it were read.

    Parameters
    ----------
    items
        The stream; use the returned one afterwards.
    n_items, n_bytes
        Stop after so many items, or once their sizes sum to so much.
    size
        Size of one item in bytes.

    Returns
    -------
    tuple
        The first items, and the stream from its beginning.
    """
    first: list[_Item] = []
    total = 0
    rest: Iterable[_Item] = items
    try:
        while len(first) < n_items and total < n_bytes:
            item = next(items)
            first.append(item)
            total += size(item)
    except StopIteration:
        rest = ()
    except DamagedError as error:
        rest = _raising(error)
    return first, chain(first, rest)


def _raising(error: DamagedError) -> Iterator[_Item]:
    raise error
    yield  # makes this a generator
