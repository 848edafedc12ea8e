"""SD records in which a ``$$$$`` is missing: every mol block becomes a record of its own."""

from __future__ import annotations

import re
from typing import NamedTuple

from molsearch.sdtags import header_name

_COUNTS = re.compile(r"[ \d]{2}\d[ \d]{2}\d.*V[23]000\s*")
_END = "M  END"
_HEADER_LINES = 3  # above the counts line: title, program, comment


class Parts(NamedTuple):
    """A record's text, cut before each mol block but the first.

    Attributes
    ----------
    texts
        One for each mol block, with the tags that follow it.
    quoted
        Mol blocks that are left where they are: the text of a tag.
    """

    texts: list[str]
    quoted: int


def part(text: str) -> Parts:
    """Cut a record's text where files were joined without ``$$$$`` between them.

    A mol block begins a record where it follows another one's ``M  END``, a blank line, or the
    torn end of another one. One that stands elsewhere among the tags, as on the first line of a
    value, is part of the value.
    """
    if text.count("V2000") + text.count("V3000") < 2:
        return Parts([text], 0)
    lines = text.split("\n")
    starts, quoted = _starts(lines)
    texts = []
    for first, last in zip(starts, [*starts[1:], None], strict=True):
        own = lines[first:last]
        if first and own[0].startswith(_END):
            own[0] = own[0].removeprefix(_END)  # a file that ended without a line end
        if last is not None:
            own += [_END, ""] if lines[last].startswith(_END) else [""]
        texts.append("\n".join(own))
    return Parts(texts, quoted)


def is_counts(line: str) -> bool:
    """Whether a line is a counts line, as they end in V2000 or V3000."""
    return _COUNTS.fullmatch(line) is not None


def _starts(lines: list[str]) -> tuple[list[int], int]:
    """Find the first line of each mol block that begins a record; count those that do not."""
    starts, quoted = [0], 0
    ended: int | None = None  # line of the "M  END" of the block at hand
    tagged = False
    for number, line in enumerate(lines):
        if number <= starts[-1] + _HEADER_LINES:
            continue
        if ended is None and line.startswith(_END):
            ended, tagged = number, False
        elif is_counts(line):
            first = number - _HEADER_LINES
            if _begins(lines, first, starts[-1], ended, tagged):
                starts.append(first)
                ended = None
            else:
                quoted += 1
        elif ended is not None and header_name(line) is not None:
            tagged = True
    return starts, quoted


def _begins(lines: list[str], first: int, before: int, ended: int | None, tagged: bool) -> bool:
    if ended is None:  # the block before is torn; what is left of it needs its header at least
        return is_counts(lines[before + _HEADER_LINES]) and first > before + _HEADER_LINES
    if first == ended:
        return bool(lines[first].removeprefix(_END).strip())
    if any(header_name(line) is not None for line in lines[first : first + _HEADER_LINES]):
        return False  # too short for a mol block: a value that looks like a counts line
    return first > ended and (not tagged or not lines[first - 1])
