"""Pages that hold a generated part between two markers, amid text written by hand."""

from __future__ import annotations

from molsearch.errors import InputError


def replaced(page: str, begin: str, end: str, text: str, name: str) -> str:
    """Put `text` on lines of its own between two markers of a page; the rest stays as it is.

    Raises
    ------
    InputError
        What `name` calls has not one pair of markers.
    """
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(end) < page.index(begin):
        raise InputError(f"{name} needs one line {begin} and, after it, one line {end}")
    before, rest = page.split(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}"
