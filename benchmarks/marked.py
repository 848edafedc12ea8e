"""Pages of which parts stand between marks, and are written from result files."""

from __future__ import annotations

import re


def rewrite(text: str, made: dict[str, str]) -> str:
    """Put sections into the page that has marks for them."""
    for name, body in made.items():
        text = _marks(name).sub(lambda hit, body=body: f"{hit[1]}{body}\n{hit[3]}", text)
    return text


def between(text: str, name: str) -> str | None:
    """Take what stands in a section of a page; None where the page has no such section."""
    found = _marks(name).search(text)
    return None if found is None else found[2].rstrip("\n")


def _marks(name: str) -> re.Pattern[str]:
    marks = rf"(<!-- {name}: begin[^>]*-->\n)(.*?)(<!-- {name}: end -->)"
    return re.compile(marks, re.DOTALL)
